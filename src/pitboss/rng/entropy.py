"""Entropy of the operating system, tested for as long as it is used.

The samples are the bytes of `getrandom`, which waits until the kernel's generator is seeded.  A
byte is claimed to have eight bits of min-entropy, so the tests are as strict as they can be.
Source: NIST SP 800-90B, 4.3 and 4.4.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from .errors import Failed

# A good source fails a test by chance once in 2**40 samples or windows: 4.4 recommends 2**-20 to
# 2**-40, and at 2**-20 a busy house would close its games every few minutes.
FALSE_ALARM_BITS = 40
BITS_PER_SAMPLE = 8
# 4.4.1: 1 + ceil(-log2(false alarm) / bits per sample).
REPETITIONS_MAX = 1 + -(-FALSE_ALARM_BITS // BITS_PER_SAMPLE)
# 4.4.2: the window for a source that is not binary.
WINDOW_SAMPLES = 512
# 4.4.2: 1 + the smallest c with P(Binomial(window, 2**-8) <= c) >= 1 - 2**-40.
PROPORTION_MAX = 19
# 4.3, start-up tests: at least 1,024 samples, which nothing is made of.
START_UP_SAMPLES = 2 * WINDOW_SAMPLES


class HealthTests:
    """The repetition count and adaptive proportion tests, over all samples that ever come."""

    def __init__(self) -> None:
        self._last = -1
        self._repeated = 0
        self._first = -1
        self._window = b""

    def look_at(self, samples: bytes) -> None:
        """Test these samples as the next ones of the source.

        Raises:
            Failed: they cannot be from a source that works.
        """
        last, repeated = self._last, self._repeated
        for sample in samples:
            repeated = repeated + 1 if sample == last else 1
            last = sample
            if repeated >= REPETITIONS_MAX:
                raise Failed(f"entropy: the same sample {repeated} times in a row")
        self._last, self._repeated = last, repeated
        while samples:
            if not self._window:
                self._first = samples[0]
            part = samples[: WINDOW_SAMPLES - len(self._window)]
            samples = samples[len(part) :]
            self._window += part
            if self._window.count(self._first) >= PROPORTION_MAX:
                raise Failed(f"entropy: one sample {PROPORTION_MAX} times in {WINDOW_SAMPLES}")
            if len(self._window) == WINDOW_SAMPLES:
                self._window = b""


class EntropySource:
    """The source and its tests; a failure lasts until the process ends."""

    def __init__(self, read: Callable[[int], bytes] = os.getrandom) -> None:
        self._read = read
        self._tests = HealthTests()
        self._before = b""
        self._failed: str | None = None

    def start_up(self) -> None:
        """Run the start-up tests, which are the on-demand tests too.

        Raises:
            Failed: the source does not work.
        """
        self.read(START_UP_SAMPLES)

    def read(self, count: int) -> bytes:
        """Return this many fresh bytes that have passed the tests.

        Raises:
            Failed: the source does not work, now or at an earlier time.
        """
        if self._failed is not None:
            raise Failed(self._failed)
        try:
            samples = self._read(count)
            if len(samples) != count:
                raise Failed(f"entropy: {len(samples)} bytes where {count} were asked for")
            if samples == self._before:
                raise Failed("entropy: the same bytes twice")
            self._tests.look_at(samples)
        except (Failed, OSError) as error:
            self._failed = str(error)
            raise Failed(self._failed) from None
        self._before = samples
        return samples

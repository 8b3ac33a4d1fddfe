"""The generator as games use it: seeded by the system, guarded, and silent once broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .drbg import ENTROPY_BYTES_MIN, NONCE_BYTES_MIN, RESEED_INTERVAL, HmacDrbg
from .entropy import EntropySource
from .errors import Failed, Malformed
from .guards import ForkGuard, RestoreGuard
from .selftest import run_known_answers

_Done = TypeVar("_Done")


class Generator:
    """One instantiation in one process, or its error state.

    Whatever fails, fails for good: the working state is forgotten, and each later call is refused
    with the first reason.  Source: SP 800-90A Rev. 1, 11.3 and 9.1.
    """

    def __init__(
        self,
        personalization: bytes,
        *,
        source: EntropySource | None = None,
        restores: RestoreGuard | None = None,
    ) -> None:
        """Test everything, then seed.

        Raises:
            Failed: a known answer is not given, or the entropy is not good.
        """
        run_known_answers()
        self._source = source or EntropySource()
        self._source.start_up()
        self._forks = ForkGuard()
        self._restores = restores or RestoreGuard()
        self._drbg = HmacDrbg(
            self._source.read(ENTROPY_BYTES_MIN),
            self._source.read(NONCE_BYTES_MIN),
            personalization,
        )
        self._failed: str | None = None
        self.reseeds = 0

    @property
    def watches(self) -> tuple[bool, bool]:
        """Whether this machine shows a boot id, and whether it shows a generation id."""
        return self._restores.watches

    @property
    def failed(self) -> str | None:
        """Why nothing is drawn any more; None while all is well."""
        return self._failed

    def read(self, count: int, *, fresh: bool = False, additional: bytes = b"") -> bytes:
        """Return this many bytes; with `fresh` entropy (prediction resistance) or without.

        Raises:
            Failed: the generator is in its error state, now or since earlier.
            Malformed: more is asked for than one request may have; the state is not touched.
        """
        return self._guarded(lambda: self._generate(count, fresh=fresh, additional=additional))

    def self_test(self) -> None:
        """Give the known answers and test the entropy again, on demand.

        Raises:
            Failed: a test failed; the generator is in its error state from then on.
        """

        def test() -> None:
            run_known_answers()
            self._source.start_up()

        self._guarded(test)

    def fail(self, why: str) -> None:
        """Enter the error state, because of something that only the caller can see."""
        if self._failed is None:
            self._failed = why
        self._drbg.uninstantiate()

    def _generate(self, count: int, *, fresh: bool, additional: bytes) -> bytes:
        if fresh or self._drbg.reseed_counter > RESEED_INTERVAL:
            self._restores.check()
            # With prediction resistance the additional input goes in here, and not a second time.
            # Source: SP 800-90A Rev. 1, 9.3.1, steps 7.1 to 7.4.
            self._drbg.reseed(self._source.read(ENTROPY_BYTES_MIN), additional)
            self.reseeds += 1
            additional = b""
        return self._drbg.generate(count, additional)

    def _guarded(self, act: Callable[[], _Done]) -> _Done:
        if self._failed is not None:
            raise Failed(self._failed)
        try:
            self._forks.check()
            return act()
        except Malformed:
            raise
        except Failed as error:
            self.fail(str(error))
            raise

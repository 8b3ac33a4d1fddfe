"""Tests of raw bytes: bits, bytes, pairs, runs, distances and repetition."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pitboss.assay import chances
from pitboss.assay.findings import Finding, Skipped, of_counts, of_deviation

Octets = npt.NDArray[np.uint8]

_ONES = np.array([number.bit_count() for number in range(256)], dtype=np.int64)
# Bits of a byte that differ from the one after them, within the byte.
_TURNS = np.array([((number ^ number >> 1) & 0x7F).bit_count() for number in range(256)])
WORD_BYTES = 8
BLOCK_BYTES = 16
LAGS = (1, 2, 3, 4, 8, 16, 31, 32, 37, 64, 128, 256, 512, 1024)


def assay_raw(data: bytes, *, stream: str = "raw") -> Iterator[Finding | Skipped]:
    """Run every test of raw bytes."""
    octets = np.frombuffer(data, dtype=np.uint8)
    yield _ones(octets, stream)
    yield _runs(octets, stream)
    yield _byte_counts(octets, stream)
    yield _pairs(octets, stream)
    yield _bits_of_words(octets, stream)
    yield _repeated_blocks(octets, stream)
    yield _repeated_end(data, stream)
    yield from _lags(octets, stream)


def _ones(octets: Octets, stream: str) -> Finding:
    """As many ones as zeros. Source: NIST SP 800-22 Rev. 1a, 2.1."""
    bits = 8 * len(octets)
    return of_deviation(stream, "ones", float(_ONES[octets].sum()), bits / 2, bits / 4)


def _runs(octets: Octets, stream: str) -> Finding:
    """A bit differs from the one before it half the time. Source: SP 800-22 Rev. 1a, 2.3, given
    that there are as many ones as zeros."""
    turns = int(_TURNS[octets].sum()) + int(((octets[:-1] & 1) != octets[1:] >> 7).sum())
    places = 8 * len(octets) - 1
    return of_deviation(stream, "runs of bits", turns, places / 2, places / 4)


def _byte_counts(octets: Octets, stream: str) -> Finding | Skipped:
    """Each byte as often as any other."""
    expected = np.full(256, len(octets) / 256)
    return of_counts(stream, "bytes", np.bincount(octets, minlength=256), expected)


def _pairs(octets: Octets, stream: str) -> Finding | Skipped:
    """Each pair of bytes as often as any other; no byte is in two pairs. Source: Knuth, 3.3.2 B."""
    pairs = octets[: len(octets) // 2 * 2].view(np.uint16)
    if len(pairs) < 5 << 16:
        return Skipped(suite="own", stream=stream, test="serial pairs", why="needs 640 KiB")
    expected = np.full(1 << 16, len(pairs) / (1 << 16))
    return of_counts(stream, "serial pairs", np.bincount(pairs, minlength=1 << 16), expected)


def _bits_of_words(octets: Octets, stream: str) -> Finding:
    """Each bit of a 64-bit word is one as often as zero; the worst of the 64 counts."""
    words = octets[: len(octets) // WORD_BYTES * WORD_BYTES].reshape(-1, WORD_BYTES)
    ones = np.array(
        [int((words[:, byte] >> bit & 1).sum()) for byte in range(WORD_BYTES) for bit in range(8)]
    )
    away = np.abs(ones - len(words) / 2) / (len(words) / 4) ** 0.5
    worst = int(away.argmax())
    # The chance that none of 64 independent ones is so far away, taken from one.
    p = -np.expm1(64 * np.log1p(-min(chances.normal(float(away[worst])), 1 - 1e-16)))
    return Finding(
        suite="own",
        stream=stream,
        test="bits of words",
        p=float(p),
        detail=f"bit {worst} is {away[worst]:.2f} standard deviations away, the most of 64",
        seen=ones.tolist(),
        expected=[len(words) / 2] * 64,
    )


def _repeated_blocks(octets: Octets, stream: str) -> Finding:
    """No block of 16 bytes comes twice: whoever repeats himself has a short period."""
    blocks = octets[: len(octets) // BLOCK_BYTES * BLOCK_BYTES].copy()
    whole = blocks.view(np.dtype((np.void, BLOCK_BYTES)))
    count = len(whole)
    repeated = count - len(np.unique(whole))
    mean = count * (count - 1) / 2 / 2.0 ** (8 * BLOCK_BYTES)
    return Finding(
        suite="own",
        stream=stream,
        test="repeated blocks",
        p=chances.poisson_at_least(repeated, mean),
        detail=f"{repeated} of {count:,} blocks came before; {mean:.1e} are expected",
    )


def _repeated_end(data: bytes, stream: str) -> Finding:
    """The last 16 bytes did not come before, at any place: whatever the period is, it is longer."""
    end = len(data) - BLOCK_BYTES
    place = data.find(data[-BLOCK_BYTES:])
    detail = "the last bytes came never before"
    if place < end:
        detail = f"the last bytes came before, {end - place:,} bytes earlier"
    return Finding(
        suite="own",
        stream=stream,
        test="repeated end",
        p=chances.poisson_at_least(int(place < end), end / 2.0 ** (8 * BLOCK_BYTES)),
        detail=detail,
    )


def _lags(octets: Octets, stream: str) -> Iterator[Finding]:
    """A byte says nothing of those at these distances (serial correlation by equal bits)."""
    for lag in LAGS:
        if lag < len(octets):
            different = int(_ONES[octets[:-lag] ^ octets[lag:]].sum())
            bits = 8 * (len(octets) - lag)
            yield of_deviation(stream, f"bits {lag} bytes apart", different, bits / 2, bits / 4)

"""Known answers: the generator, its limits, the mapping and the signature check, tried before use.

The generator's answers are OpenSSL's, computed for these inputs; a test computes them again where
OpenSSL is at hand.  Source: SP 800-90A Rev. 1, 11.3.
"""

from __future__ import annotations

from collections.abc import Callable

from . import ed25519
from .drbg import REQUEST_BYTES_MAX, RESEED_INTERVAL, HmacDrbg, ReseedRequired
from .entropy import HealthTests
from .errors import Failed, Malformed
from .mapping import Choices, apply

ENTROPY = bytes(range(32))
NONCE = bytes(range(32, 48))
PERSONALIZATION = b"pitboss known answer"
RESEED_ENTROPY = bytes(range(64, 96))
FRESH_ENTROPY = bytes(range(128, 160))
ADDITIONAL = b"additional input"
# After instantiating; with additional input; after reseeding; with prediction resistance.
GENERATED = (
    "0294e38e512ac6edc5e7dc1f4ac7ab1930130cc018657217b21ae963a06effbf83aa4fec1827e531",
    "bb1609f1eae09fbfd23f5a192b01f34759c9ce31b760eea6f2d0142adb2421b0",
    "6e71a70cc423d9533a10d5e74cf694755bdf519713b957c5182c85320d1404a7",
    "ba9fa3a18dbf2e37fe916bbca2c3920b5e8a646cc5e751d691ca989a8efb504f",
)
# The first word is rejected for a range of 37, because 2**64 is not a multiple of 37.
WORDS = ("ffffffffffffffff", "0000000000000024", "0123456789abcdef", "8000000000000000")
MAPPED: tuple[tuple[dict[str, object], list[int]], ...] = (
    ({"kind": "range", "low": 0, "high": 36, "count": 3}, [36, 10, 6]),
    ({"kind": "shuffle", "size": 4, "count": 4}, [3, 1, 0, 2]),
    ({"kind": "weighted", "weights": [20, 0, 17], "count": 3}, [2, 0, 0]),
)
# RFC 8032, 7.1, test 2.
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
MESSAGE = b"\x72"
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def run_known_answers() -> None:
    """Try everything.

    Raises:
        Failed: an answer is another than the known one, or something wrong was not refused.
    """
    for what, given, known in (
        ("generator", _generated(), GENERATED),
        ("mapping", _mapped(), tuple(values for _, values in MAPPED)),
        ("signature", _verified(), (True, False)),
        ("limits", tuple(_refuses(act, fault) for act, fault in _wrongs()), (True,) * 5),
    ):
        if given != known:
            raise Failed(f"self test: the {what} gives {given}")


def _generated() -> tuple[str, ...]:
    drbg = HmacDrbg(ENTROPY, NONCE, PERSONALIZATION)
    first, second = drbg.generate(40), drbg.generate(32, ADDITIONAL)
    drbg.reseed(RESEED_ENTROPY, ADDITIONAL)
    third = drbg.generate(32)
    drbg.reseed(FRESH_ENTROPY, ADDITIONAL)
    return tuple(output.hex() for output in (first, second, third, drbg.generate(32)))


def _mapped() -> tuple[list[int], ...]:
    found = []
    for mapping, _ in MAPPED:
        words = iter(WORDS)
        found.append(apply(mapping, Choices(lambda _, words=words: bytes.fromhex(next(words)))))  # type: ignore[misc]
    return tuple(found)


def _verified() -> tuple[bool, ...]:
    return (
        ed25519.verify(PUBLIC, MESSAGE, SIGNATURE),
        ed25519.verify(PUBLIC, MESSAGE + b"\x00", SIGNATURE),
    )


def _wrongs() -> tuple[tuple[Callable[[], object], type[Exception]], ...]:
    """Return what must be refused, and as what."""
    drbg = HmacDrbg(ENTROPY, NONCE)
    spent = HmacDrbg(ENTROPY, NONCE)
    spent.reseed_counter = RESEED_INTERVAL + 1
    ended = HmacDrbg(ENTROPY, NONCE)
    ended.uninstantiate()
    return (
        (lambda: HmacDrbg(ENTROPY[:-1], NONCE), Malformed),
        (lambda: drbg.generate(REQUEST_BYTES_MAX + 1), Malformed),
        (lambda: spent.generate(1), ReseedRequired),
        (lambda: ended.generate(1), Failed),
        (lambda: HealthTests().look_at(bytes(32)), Failed),
    )


def _refuses(act: Callable[[], object], fault: type[Exception]) -> bool:
    try:
        act()
    except fault:
        return True
    return False

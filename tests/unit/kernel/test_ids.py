"""Ids sort by the time they were made, or follow from what they name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest

from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import derived_id, new_id, parse_id


class FixedEntropy:
    """Entropy that gives the bytes it was made with."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def random_bytes(self, count: int) -> bytes:
        """Return the bytes; asking for another number of them is a mistake."""
        assert count == len(self._raw)
        return self._raw


# Source: RFC 9562, appendix A.6 (22 February 2022, 14:22:22 in UTC-5).
def test_an_id_is_the_example_of_the_rfc() -> None:
    now = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    entropy = FixedEntropy(bytes.fromhex("0cc3 18c4 dc0c0c07398f"))

    made = new_id(now, entropy)

    assert made == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_version_and_variant_hold_whatever_chance_gives() -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC)

    for raw in (bytes(10), b"\xff" * 10):
        made = UUID(new_id(now, FixedEntropy(raw)))

        assert (made.version, made.variant) == (7, RFC_4122)


def test_an_id_of_a_millisecond_later_sorts_behind() -> None:
    entropy = SeededEntropy(1)
    start = datetime(2024, 1, 1, tzinfo=UTC)

    made = [new_id(start + timedelta(milliseconds=count), entropy) for count in range(2_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_a_derived_id_follows_from_its_parts_and_their_order() -> None:
    made = derived_id("account", "GBP")

    assert made == derived_id("account", "GBP")
    assert made != derived_id("GBP", "account")
    assert made != derived_id("accountGBP")
    assert made == parse_id(made, field="id")
    assert (UUID(made).version or UUID(made).int >> 76 & 0xF, UUID(made).variant) == (8, RFC_4122)


# These are written in ledgers: a change of the derivation would lose every account.
def test_a_derived_id_never_changes() -> None:
    assert derived_id("account", "GBP") == "2d7afd76-6360-8d17-aaf3-a0f373a1221d"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e279b07cc398c4dc0c0c07398f",
        "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "g17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        pytest.param("x" * 10_000, id="ten thousand letters"),
    ],
)
def test_what_is_not_canonical_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_id(text, field="bet_id")

    assert caught.value.field == "bet_id"
    assert len(caught.value.message) < 200

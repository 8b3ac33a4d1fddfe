"""From what a player sends to a command for the log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pitboss.api.intake import Slip
from pitboss.api.problems import ProblemFound
from pitboss.api.slips import (
    KeyedSlipBody,
    LegBody,
    LinesBody,
    SlipBody,
    read_keyed_slip,
    read_slip,
)
from pitboss.api.tokens import Claims, Role
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.sportsbook.betting.model import PricePolicy

ANN, BOB = derived_id("ann"), derived_id("bob")
HOME, AWAY = derived_id("home"), derived_id("away")
CLOCK = ManualClock(datetime(2026, 8, 1, tzinfo=UTC))
ENTROPY = SeededEntropy(3)


def read(
    *legs: LegBody, stake: str = "5.00", currency: str = "EUR", key: str = "k", player: str = ANN
) -> Slip:
    """Read a slip of this player's."""
    body = SlipBody(
        currency=currency, stake=stake, legs=legs or (LegBody(selection_id=HOME, tick=1),)
    )
    claims = Claims(subject=player, role=Role.PLAYER, currency="EUR", expires_at=0)
    return read_slip(body, key, claims, clock=CLOCK, entropy=ENTROPY)


def fields_of(**changed: str) -> list[str]:
    """Return the fields that are wrong with such a slip."""
    with pytest.raises(ProblemFound) as caught:
        read(**changed)
    return [error.field for error in caught.value.problem.errors]


def test_a_slip_is_a_command_of_the_players_partition() -> None:
    slip = read(LegBody(selection_id=HOME, tick=7), stake="12.5")

    assert slip.command.player_id == ANN
    assert slip.command.stake_micros == 12_500_000
    assert [(leg.selection_id, leg.tick) for leg in slip.command.legs] == [(HOME, 7)]
    assert slip.partition == partition_of(shard_of(PlayerId(ANN)))


def test_asking_again_has_the_same_key_and_digest_and_another_bet_id() -> None:
    first, second = read(), read()

    assert (first.key, first.request_digest) == (second.key, second.request_digest)
    assert first.command.bet_id != second.command.bet_id


@pytest.mark.parametrize(
    "other",
    [
        read(stake="5.01"),
        read(LegBody(selection_id=AWAY, tick=1)),
        read(LegBody(selection_id=HOME, tick=2)),
        read(LegBody(selection_id=HOME, tick=1), LegBody(selection_id=AWAY, tick=1)),
    ],
)
def test_another_request_has_another_digest(other: Slip) -> None:
    assert other.request_digest != read().request_digest


def test_the_same_stake_in_other_digits_is_the_same_request() -> None:
    assert read(stake="5").request_digest == read(stake="5.00").request_digest


def test_a_key_is_its_players_alone() -> None:
    assert read(player=ANN).key != read(player=BOB).key


@pytest.mark.parametrize(
    "stake",
    [
        *("", " ", "0", "0.00", "-1", "+1", "1.001", "1e3", "1,5", ".5", "5.", "NaN", "Infinity"),
        *("9000000001", "9" * 10_000, "٣", "1_000", "1\x00", "0x10", "1.0.0", "1 000"),
    ],
)
def test_a_stake_that_cannot_be_is_named(stake: str) -> None:
    assert fields_of(stake=stake) == ["stake"]


@pytest.mark.parametrize("currency", ["GBP", "eur", "EURO", "", "\x00", "XXX"])
def test_another_currency_than_the_players_is_named(currency: str) -> None:
    assert fields_of(currency=currency) == ["currency"]


@pytest.mark.parametrize("text", ["", "1", HOME.upper(), HOME + "\n", f"{{{HOME}}}", "\x00"])
def test_the_leg_whose_selection_is_no_id_is_named(text: str) -> None:
    with pytest.raises(ProblemFound) as caught:
        read(LegBody(selection_id=HOME, tick=1), LegBody(selection_id=text, tick=1))

    assert [error.field for error in caught.value.problem.errors] == ["legs[1].selection_id"]


def test_a_selection_that_is_named_twice_is_refused_at_its_second_place() -> None:
    with pytest.raises(ProblemFound) as caught:
        read(*(LegBody(selection_id=item, tick=1) for item in (HOME, AWAY, HOME)))

    assert [error.field for error in caught.value.problem.errors] == ["legs[2].selection_id"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "\x00"])
def test_a_key_in_a_batch_is_named_as_a_field(key: str) -> None:
    body = KeyedSlipBody(
        currency="EUR", stake="1", legs=(LegBody(selection_id=HOME, tick=1),), key=key
    )
    claims = Claims(subject=ANN, role=Role.PLAYER, currency="EUR", expires_at=0)

    with pytest.raises(ProblemFound) as caught:
        read_keyed_slip(body, claims, clock=CLOCK, entropy=ENTROPY)

    assert caught.value.problem.status == 422
    assert [error.field for error in caught.value.problem.errors] == ["key"]


def test_a_policy_and_a_repeat_are_part_of_what_was_asked() -> None:
    leg = LegBody(selection_id=HOME, tick=1, price="2.50")
    plain, better, again = (
        read_slip(
            SlipBody(currency="EUR", stake="5.00", legs=(leg,), price_policy=policy, again=repeats),
            "k",
            Claims(subject=ANN, role=Role.PLAYER, currency="EUR", expires_at=0),
            clock=CLOCK,
            entropy=ENTROPY,
        )
        for policy, repeats in [
            (PricePolicy.NONE, False),
            (PricePolicy.BETTER, False),
            (PricePolicy.NONE, True),
        ]
    )

    assert len({plain.request_digest, better.request_digest, again.request_digest}) == 3
    assert better.command.legs[0].price == "5/2"
    assert (better.command.price_policy, again.command.again) == (PricePolicy.BETTER, True)


@pytest.mark.parametrize("price", [None, "", "1", "1.00", "0", "-2", "10000001", "NaN", "2,5"])
def test_what_better_is_measured_by_must_be_a_price(price: str | None) -> None:
    body = SlipBody(
        currency="EUR",
        stake="5.00",
        legs=(LegBody(selection_id=HOME, tick=1, price=price),),
        price_policy=PricePolicy.BETTER,
    )
    claims = Claims(subject=ANN, role=Role.PLAYER, currency="EUR", expires_at=0)

    with pytest.raises(ProblemFound) as caught:
        read_slip(body, "k", claims, clock=CLOCK, entropy=ENTROPY)

    assert [error.field for error in caught.value.problem.errors] == ["legs[0].price"]


def test_a_leg_that_is_on_no_line_is_refused() -> None:
    body = SlipBody(
        currency="EUR",
        stake="5.00",
        legs=(LegBody(selection_id=HOME, tick=1), LegBody(selection_id=AWAY, tick=1)),
        lines=(LinesBody(legs=(0,), sizes=(0,), bankers=(1,)),),
    )
    claims = Claims(subject=ANN, role=Role.PLAYER, currency="EUR", expires_at=0)

    with pytest.raises(ProblemFound) as caught:
        read_slip(body, "k", claims, clock=CLOCK, entropy=ENTROPY)

    assert [error.field for error in caught.value.problem.errors] == ["lines"]

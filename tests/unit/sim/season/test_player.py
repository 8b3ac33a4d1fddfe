"""A player does as planned, and an answer that the plan does not allow is a surprise."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pitboss.cashier.model import PaymentKind, PaymentState
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.instants import write_instant
from pitboss.sim.http import Client
from pitboss.sim.season.board import Board
from pitboss.sim.season.caller import Caller
from pitboss.sim.season.plan import Look, PlannedBet, Twist, Wish
from pitboss.sim.season.player import NotLetIn, Player, Venue
from pitboss.sim.season.programme import Programme, make_programme
from pitboss.sim.season.systems import System, named
from pitboss.sim.season.tally import Sale, Tally
from unit.sim.peer import Peer, serving
from unit.sim.season.league import read_league

NOW = datetime(2031, 8, 1, 12, tzinfo=UTC)
Told = tuple[int, object]


class Api:
    """Answers by method and path, the last answer of each again and again."""

    def __init__(self) -> None:
        session = {"player_id": "p1", "token": "t1", "expires_at": _in_minutes(15)}
        self.answers: dict[str, list[Told]] = {
            "POST /v1/players": [(201, session)],
            "POST /v1/sessions": [(201, {**session, "token": "t2"})],
        }

    def answer(self, request: bytes) -> bytes:
        """Answer one request."""
        name = b" ".join(request.split(b" ", 2)[:2]).decode()
        told = self.answers[name]
        status, body = told.pop(0) if len(told) > 1 else told[0]
        content = msgspec.json.encode(body)
        kind = "application/json" if status < 400 else "application/problem+json"
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}"
        return head.encode() + b"\r\n\r\n" + content


class Scene:
    """A player in front of a peer."""

    def __init__(self, venue: Venue, peer: Peer, clock: ManualClock) -> None:
        self.player = Player(venue, 4)
        self.venue = venue
        self.tally = venue.tally
        self.peer = peer
        self.clock = clock

    def bet(self, twist: Twist) -> PlannedBet:
        """Return a single on the first pick."""
        pick = self.venue.programme.events[0].markets[0].picks[0]
        return PlannedBet(picks=(pick,), stake_cents=250, twist=twist)

    def heard(self, path: str) -> list[bytes]:
        """Return what the peer was asked there."""
        return [item for item in self.peer.heard if f" {path} ".encode() in item]


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    rows = read_league(tmp_path_factory.mktemp("league"), rounds=1)
    return make_programme(rows, seed=7, run="run")


@contextlib.asynccontextmanager
async def scene(programme: Programme, api: Api) -> AsyncIterator[Scene]:
    clock = ManualClock(NOW)
    async with serving(api.answer) as peer, Client("127.0.0.1", peer.port) as client:
        venue = Venue(
            caller=Caller(client),
            programme=programme,
            board=Board(),
            tally=Tally(),
            wall=clock,
            run="run",
        )
        yield Scene(venue, peer, clock)


def bets(*answers: Told) -> Mapping[str, list[Told]]:
    return {"POST /v1/bets": list(answers)}


def acknowledged(bet_id: str) -> Told:
    return 202, {"bet_id": bet_id, "state": "pending", "links": {"status": "/"}}


def problem(status: int, slug: str) -> Told:
    return status, {"type": f"urn:pitboss:problem:{slug}", "status": status}


def _in_minutes(minutes: int) -> str:
    return write_instant(NOW + timedelta(minutes=minutes))


async def test_a_plain_bet_is_asked_for_once(programme: Programme) -> None:
    api = Api()
    api.answers |= bets(acknowledged("b1"))
    async with scene(programme, api) as on:
        await on.player.register()
        await on.player.place(on.bet(Twist.PLAIN))

        (asked,) = on.heard("/v1/bets")
        assert b'"stake":"2.50"' in asked
        assert b"Authorization: Bearer t1" in asked
        assert on.tally.acknowledged == {"b1": 4}
        assert (on.tally.asked, on.tally.surprises) == (1, 0)


async def test_a_repeated_bet_has_the_same_key_and_must_give_the_same_bet(
    programme: Programme,
) -> None:
    api = Api()
    api.answers |= bets(acknowledged("b1"))
    async with scene(programme, api) as on:
        await on.player.register()
        await on.player.place(on.bet(Twist.REPEATED))
        once, again = on.heard("/v1/bets")
        assert once == again
        assert (on.tally.repeated, on.tally.surprises) == (1, 0)

        api.answers |= bets(acknowledged("b1"), acknowledged("b2"))
        await on.player.place(on.bet(Twist.REPEATED))

        assert on.tally.surprises_kept == [
            "player 4: one key and body gave the bets b1 and b2",
        ]


async def test_a_reused_key_must_be_refused(programme: Programme) -> None:
    api = Api()
    api.answers |= bets(acknowledged("b1"), problem(409, "idempotency_key_reused"))
    async with scene(programme, api) as on:
        await on.player.register()
        await on.player.place(on.bet(Twist.KEY_REUSED))
        assert on.tally.refused_early == {"idempotency_key_reused": 1}
        assert on.tally.surprises == 0

        api.answers |= bets(acknowledged("b2"), acknowledged("b3"))
        await on.player.place(on.bet(Twist.KEY_REUSED))

        assert on.tally.surprises == 1
        # What was acknowledged by mistake must have an outcome all the same.
        assert on.tally.acknowledged == {"b1": 4, "b2": 4, "b3": 4}


async def test_who_shows_an_old_price_reads_again_and_bets_at_the_new_one(
    programme: Programme,
) -> None:
    pick = programme.events[0].markets[0].picks[0]
    page = {"markets": [{"selections": [{"selection_id": pick.selection_id, "tick": 9}]}]}
    api = Api()
    api.answers |= bets(problem(409, "price_changed"), acknowledged("b1"))
    api.answers[f"GET /v1/events/{programme.events[0].id}"] = [(200, page)]
    async with scene(programme, api) as on:
        await on.player.register()
        await on.player.place(on.bet(Twist.STALE))

        old, new = on.heard("/v1/bets")
        assert b'"tick":0' in old
        assert b'"tick":9' in new
        assert on.tally.refused_early == {"price_changed": 1}
        assert (len(on.tally.acknowledged), on.tally.surprises) == (1, 0)


async def test_who_mistypes_is_told_and_types_again(programme: Programme) -> None:
    api = Api()
    api.answers |= bets(problem(422, "malformed"), acknowledged("b1"))
    async with scene(programme, api) as on:
        await on.player.register()
        await on.player.place(on.bet(Twist.MISTYPED))

        mistyped, typed = on.heard("/v1/bets")
        assert b'"2.505"' in mistyped
        assert b'"2.50"' in typed
        assert on.tally.refused_early == {"malformed": 1}


async def test_a_bet_that_is_not_acknowledged_is_a_surprise(programme: Programme) -> None:
    api = Api()
    api.answers |= bets(problem(500, "internal"))
    async with scene(programme, api) as on:
        await on.player.register()
        await on.player.place(on.bet(Twist.PLAIN))

        assert on.tally.acknowledged == {}
        assert on.tally.surprises == 1


async def test_a_token_is_renewed_before_its_end_and_when_it_is_refused(
    programme: Programme,
) -> None:
    api = Api()
    api.answers |= bets(acknowledged("b1"), problem(401, "unauthenticated"), acknowledged("b2"))
    async with scene(programme, api) as on:
        await on.player.register()
        on.clock.advance(timedelta(minutes=14))
        await on.player.place(on.bet(Twist.PLAIN))
        assert len(on.heard("/v1/sessions")) == 1

        api.answers["POST /v1/sessions"] = [
            (201, {"player_id": "p1", "token": "t3", "expires_at": _in_minutes(60)})
        ]
        await on.player.place(on.bet(Twist.PLAIN))

        assert b"Bearer t3" in on.heard("/v1/bets")[-1]
        assert set(on.tally.acknowledged) == {"b1", "b2"}


async def test_who_is_not_let_in_cannot_play(programme: Programme) -> None:
    api = Api()
    api.answers["POST /v1/players"] = [problem(403, "jurisdiction_closed")]
    async with scene(programme, api) as on:
        with pytest.raises(NotLetIn, match="player 4 was not let in: 403"):
            await on.player.register()


@pytest.mark.parametrize(("state", "surprises"), [("succeeded", 0), ("failed", 1)])
async def test_a_payment_must_end_as_its_amount_says(
    programme: Programme, state: str, surprises: int
) -> None:
    api = Api()
    api.answers["POST /v1/deposits"] = [(202, {"payment_id": "d1", "state": "requested"})]
    api.answers["GET /v1/payments/d1"] = [(200, {"payment_id": "d1", "state": state})]
    wish = Wish(kind=PaymentKind.DEPOSIT, cents=5_000, ends=PaymentState.SUCCEEDED)
    async with scene(programme, api) as on:
        await on.player.register()
        await on.player.pay(wish, "pay:1")
        await on.player.look_after_payments()
        await on.player.look_after_payments()

        assert on.tally.payments == {f"deposit_{state}": 1}
        assert on.tally.surprises == surprises


@pytest.mark.parametrize(
    ("answer", "ends", "surprises"),
    [
        (problem(409, "insufficient_funds"), PaymentState.REFUSED, 0),
        (problem(409, "insufficient_funds"), PaymentState.SUCCEEDED, 1),
        (problem(422, "malformed"), PaymentState.REFUSED, 1),
    ],
)
async def test_a_withdrawal_is_refused_for_want_of_money_alone(
    programme: Programme, answer: Told, ends: PaymentState, surprises: int
) -> None:
    api = Api()
    api.answers["POST /v1/withdrawals"] = [answer]
    wish = Wish(kind=PaymentKind.WITHDRAWAL, cents=5_000, ends=ends)
    async with scene(programme, api) as on:
        await on.player.register()
        await on.player.pay(wish, "pay:1")

        assert on.tally.payments == {"withdrawal_refused": 1}
        assert on.tally.surprises == surprises


async def test_a_wallet_shows_what_is_there_and_what_is_free(programme: Programme) -> None:
    api = Api()
    api.answers["GET /v1/me/wallet"] = [(200, {"posted": "12.50", "available": "2.25"})]
    async with scene(programme, api) as on:
        await on.player.register()

        assert await on.player.posted_micros() == 12_500_000
        assert await on.player.available_micros() == 2_250_000


async def test_a_system_is_asked_for_by_its_name_or_line_by_line(programme: Programme) -> None:
    api = Api()
    api.answers |= bets(acknowledged("b1"), acknowledged("b2"))
    async with scene(programme, api) as on:
        picks = tuple(event.markets[0].picks[0] for event in programme.events[:3])
        wanted = PlannedBet(
            picks=picks, stake_cents=50, twist=Twist.PLAIN, system=named("trixie"), on_line=True
        )
        other = replace(wanted, system=System(picks=3, sizes=(1,), bankers=1), on_line=False)
        await on.player.register()
        await on.player.place(wanted)
        await on.player.place(other)

        first, second = (_body(item) for item in on.heard("/v1/bets"))
        assert (first["bet_type"], first["stake_on"], first["stake"]) == ("trixie", "line", "0.50")
        assert second["lines"] == [{"bankers": [0], "legs": [1, 2], "sizes": [1]}]
        assert not {"bet_type", "stake_on"} & set(second)
        assert on.tally.slips == {"b1": wanted, "b2": other}


async def test_an_each_way_bet_says_so(programme: Programme) -> None:
    api = Api()
    api.answers |= bets(acknowledged("b1"))
    async with scene(programme, api) as on:
        await on.player.register()
        await on.player.place(replace(on.bet(Twist.PLAIN), each_way=True, on_line=True))

        (asked,) = (_body(item) for item in on.heard("/v1/bets"))
        assert (asked["parts"], asked["stake_on"], asked["stake"]) == ("each_way", "line", "2.50")


QUOTES = "GET /v1/bets/b1/cash-out/quote"
TAKES = "POST /v1/bets/b1/cash-out"
WHOLE = Look(place=0, percent=100, impatient=False)


def quote(stake: str, left: str, offer: str) -> Told:
    return 200, {"stake": stake, "stake_left": left, "offer": offer, "quote": f"q {stake}"}


def paid(stake: str, offer: str, number: str = "c1") -> Told:
    return 200, {"cash_out_id": number, "state": "paid", "stake": stake, "offer": offer}


@contextlib.asynccontextmanager
async def with_a_bet(programme: Programme, api: Api) -> AsyncIterator[Scene]:
    """Be at a scene with a player who has the bet `b1`."""
    api.answers |= bets(acknowledged("b1"))
    async with scene(programme, api) as on:
        await on.player.register()
        await on.player.place(on.bet(Twist.PLAIN))
        yield on


async def test_a_bet_waits_until_its_last_event_is_over(programme: Programme) -> None:
    async with with_a_bet(programme, Api()) as on:
        assert [on.player.count_waiting(first) for first in (0, 1, 0)] == [1, 0, 0]


async def test_what_is_offered_is_taken(programme: Programme) -> None:
    api = Api()
    api.answers[QUOTES] = [quote("2.50", "2.50", "1.90")]
    api.answers[TAKES] = [paid("2.50", "1.90")]
    async with with_a_bet(programme, api) as on:
        await on.player.look(WHOLE, day=3)
        await on.player.sell()
        await on.player.sell()

        (taken,) = on.heard("/v1/bets/b1/cash-out")
        assert _body(taken) == {"quote": "q 2.50"}
        assert on.tally.looks == 1
        assert on.tally.sales == [
            Sale(bet_id="b1", day=3, micros=2_500_000, left=2_500_000, paid=1_900_000)
        ]
        assert on.tally.sales[0].whole
        assert on.tally.surprises == 0


async def test_a_part_is_so_much_of_what_is_left_in_whole_cents(programme: Programme) -> None:
    api = Api()
    api.answers[QUOTES] = [quote("2.25", "2.25", "1.70")]
    api.answers[f"{QUOTES}?stake=0.90"] = [quote("0.90", "2.25", "0.68")]
    api.answers[TAKES] = [paid("0.90", "0.68")]
    async with with_a_bet(programme, api) as on:
        await on.player.look(replace(WHOLE, percent=40), day=3)
        await on.player.sell()

        assert [(sale.micros, sale.whole) for sale in on.tally.sales] == [(900_000, False)]


@pytest.mark.parametrize(
    ("slug", "surprises"), [("bet_not_open", 0), ("cash_out_worthless", 0), ("internal", 1)]
)
async def test_where_nothing_is_offered_nothing_is_taken(
    programme: Programme, slug: str, surprises: int
) -> None:
    api = Api()
    api.answers[QUOTES] = [problem(409, slug)]
    async with with_a_bet(programme, api) as on:
        await on.player.look(WHOLE, day=3)
        await on.player.sell()

        assert on.tally.unsold == {slug: 1}
        assert (on.tally.sales, on.tally.surprises) == ([], surprises)
        assert on.heard("/v1/bets/b1/cash-out") == []


async def test_an_offer_that_a_price_has_overtaken_is_not_taken(programme: Programme) -> None:
    api = Api()
    api.answers[QUOTES] = [quote("2.50", "2.50", "1.90")]
    api.answers[TAKES] = [problem(409, "quote_stale")]
    async with with_a_bet(programme, api) as on:
        await on.player.look(replace(WHOLE, impatient=True), day=3)
        await on.player.sell()

        assert on.tally.unsold == {"quote_stale": 1}
        assert (on.tally.sales, on.tally.surprises) == ([], 0)


@pytest.mark.parametrize(("number", "surprises"), [("c1", 0), ("c2", 1)])
async def test_who_is_impatient_sells_once_all_the_same(
    programme: Programme, number: str, surprises: int
) -> None:
    api = Api()
    api.answers[QUOTES] = [quote("2.50", "2.50", "1.90")]
    api.answers[TAKES] = [paid("2.50", "1.90"), paid("2.50", "1.90", number)]
    async with with_a_bet(programme, api) as on:
        await on.player.look(replace(WHOLE, impatient=True), day=3)
        await on.player.sell()

        once, again = on.heard("/v1/bets/b1/cash-out")
        assert once == again
        assert (len(on.tally.sales), on.tally.surprises) == (1, surprises)


async def test_a_sale_at_another_amount_than_offered_is_a_surprise(programme: Programme) -> None:
    api = Api()
    api.answers[QUOTES] = [quote("2.50", "2.50", "1.90")]
    api.answers[TAKES] = [paid("2.50", "1.89")]
    async with with_a_bet(programme, api) as on:
        await on.player.look(WHOLE, day=3)
        await on.player.sell()

        assert on.tally.surprises == 1


def _body(request: bytes) -> dict[str, object]:
    body: dict[str, object] = msgspec.json.decode(request.partition(b"\r\n\r\n")[2])
    return body

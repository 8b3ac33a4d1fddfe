"""The reader of UOF messages: what it understands, and what it takes from nobody."""

from __future__ import annotations

import codecs

import pytest

from pitboss.adapters.feeds.bounded_xml import BYTES_MAX, DEPTH_MAX, ELEMENTS_MAX, read_xml
from pitboss.adapters.feeds.uof_api import read_fixture
from pitboss.sportsbook.feeds.errors import Unreadable
from pitboss.sportsbook.feeds.model import (
    Alive,
    Cancelled,
    CancelUndone,
    Ended,
    EndUndone,
    FixtureChanged,
    Offered,
    Quoted,
    Reason,
    RecoveryDone,
    Stopped,
    read_time,
)
from unit.feeds.said import (
    DATA,
    EVENT,
    T0,
    alive,
    bet_settlement,
    bet_stop,
    correction,
    home_won,
    market,
    needs_samples,
    odds_change,
    one_x_two,
    reader,
    results,
    snapshot_complete,
)

BILLION_LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><odds_change event_id="&c;"/>"""
EXTERNAL = b"""<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><alive product="&e;"/>"""
EXTERNAL_TYPE = b"""<!DOCTYPE alive SYSTEM "http://127.0.0.1:1/x.dtd"><alive product="1"/>"""


def refused(body: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        reader().read(body)
    return caught.value


def test_prices_are_read_with_our_names_of_markets_and_selections() -> None:
    body = odds_change(
        one_x_two() + market(18, [(12, "1.9"), (13, "1.95")], specifiers="total=2.5"), at=T0
    )

    said = reader().read(body)

    assert isinstance(said, Quoted)
    assert (said.producer, said.event, said.generated_ms) == ("uof:1", EVENT, T0)
    result, total = said.markets
    assert (result.ref.kind, result.ref.specifiers) == ("1x2", "")
    assert [(quote.code, quote.price) for quote in result.quotes] == [
        ("home", "2.1"),
        ("draw", "3.4"),
        ("away", "3.6"),
    ]
    assert (total.ref.kind, total.ref.specifiers) == ("total", "line=5/2")


def test_a_market_is_the_same_in_whatever_order_its_specifiers_are() -> None:
    first = reader().read(odds_change(market(204, [], specifiers="setnr=1|total=9.5")))
    second = reader().read(odds_change(market(204, [], specifiers="total=9.5|setnr=1")))

    assert isinstance(first, Quoted) and isinstance(second, Quoted)
    assert first.markets[0].ref == second.markets[0].ref
    assert first.markets[0].ref.kind == "set_total_games"
    assert first.markets[0].ref.family == "204?setnr|total"


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (None, Offered.ACTIVE),
        (1, Offered.ACTIVE),
        (0, Offered.INACTIVE),
        (-1, Offered.SUSPENDED),
        (-2, Offered.HANDED_OVER),
        (-3, Offered.SETTLED),
        (-4, Offered.CANCELLED),
    ],
)
def test_the_status_of_a_market_is_read(status: int | None, offered: Offered) -> None:
    said = reader().read(odds_change(market(1, [], status=status)))

    assert isinstance(said, Quoted)
    assert said.markets[0].offered is offered


def test_an_event_is_read_as_it_stands() -> None:
    status = (
        '<sport_event_status status="1" match_status="7" home_score="2" away_score="1">'
        '<clock match_time="75:02"/><statistics><red_cards home="0" away="1"/></statistics>'
        "</sport_event_status>"
    )

    said = reader().read(odds_change("", status=status))

    assert isinstance(said, Quoted) and said.state is not None
    state = said.state
    assert (state.status, state.score, state.red_cards) == ("live", "2-1", "0-1")
    assert (state.period, state.clock_seconds) == ("7", 4_502)


@pytest.mark.parametrize("score", ["", "2.5", "-1", "1234", "²"])
def test_a_score_that_is_none_counts_as_not_said(score: str) -> None:
    status = f'<sport_event_status status="1" home_score="{score}" away_score="1"/>'

    said = reader().read(odds_change("", status=status))

    assert isinstance(said, Quoted) and said.state is not None
    assert said.state.score is None


def test_a_market_that_is_sold_early_says_so() -> None:
    said = reader().read(odds_change(one_x_two(), betting_status=1))

    assert isinstance(said, Quoted) and said.early


@pytest.mark.parametrize(
    ("groups", "kinds"),
    [
        ("all", None),
        ("", None),
        ("score", ("1x2", "asian_handicap", "total")),
        ("what_nobody_has_heard_of", None),
        ("score|what_nobody_has_heard_of", None),
    ],
)
def test_a_stop_of_groups_is_a_stop_of_our_kinds(
    groups: str, kinds: tuple[str, ...] | None
) -> None:
    said = reader().read(bet_stop(groups=groups))

    assert isinstance(said, Stopped)
    if kinds is None:
        assert said.kinds is None
    else:
        assert said.kinds is not None and set(kinds) <= set(said.kinds)


def test_results_are_read_exactly_with_their_factors() -> None:
    said = reader().read(
        bet_settlement(
            results(
                1,
                [
                    (1, 'result="1" dead_heat_factor="0.5"'),
                    (2, 'result="0" void_factor="0.5"'),
                    (3, 'result="-1"'),
                ],
            )
        )
    )

    assert isinstance(said, Ended) and said.confirmed
    ends = {end.code: (end.won, end.void_share, end.dead_heat) for end in said.markets[0].ends}
    assert ends == {
        "home": (True, "0", "1/2"),
        "draw": (False, "1/2", "1"),
        "away": (None, "0", "1"),
    }


@pytest.mark.parametrize("certainty", [1, None])
def test_who_does_not_say_that_they_are_sure_is_not(certainty: int | None) -> None:
    said = reader().read(bet_settlement(home_won(), certainty=certainty))

    assert isinstance(said, Ended) and not said.confirmed


def test_a_cancel_has_a_window_that_may_be_open_and_in_either_unit() -> None:
    said = reader().read(
        correction("bet_cancel", window=f'start_time="{T0 // 1000}" end_time="{T0 + 5}"')
    )
    open_ended = reader().read(correction("bet_cancel"))

    assert isinstance(said, Cancelled) and isinstance(open_ended, Cancelled)
    assert (said.from_ms, said.until_ms) == (T0, T0 + 5)
    assert (open_ended.from_ms, open_ended.until_ms) == (None, None)


def test_every_message_is_known() -> None:
    read = reader().read

    assert isinstance(read(correction("rollback_bet_settlement")), EndUndone)
    assert isinstance(read(correction("rollback_bet_cancel")), CancelUndone)
    assert isinstance(read(alive()), Alive)
    done = read(snapshot_complete(7))
    assert isinstance(done, RecoveryDone) and done.request_no == 7
    changed = read(correction("fixture_change", window='change_type="3"', markets=""))
    assert isinstance(changed, FixtureChanged) and changed.change == "cancelled"


def test_alive_without_a_subscription_says_so() -> None:
    said = reader().read(alive(subscribed=0))

    assert isinstance(said, Alive) and not said.subscribed


def test_quirks_of_real_suppliers_are_read() -> None:
    body = codecs.BOM_UTF8 + odds_change(
        '<market id="18" specifiers="total=2.5" extended_specifers="x=1">'
        '<outcome id="12" odds="1.9" probabilities="NaN" active="1"/>'
        '<outcome id="13" odds="1.9" probabilities="7.2E-9"/></market>'
    )

    said = reader().read(body)

    assert isinstance(said, Quoted)
    assert [quote.active for quote in said.markets[0].quotes] == [True, True]


@pytest.mark.parametrize("body", [BILLION_LAUGHS, EXTERNAL, EXTERNAL_TYPE])
def test_entities_and_document_types_are_refused_before_they_are_looked_at(body: bytes) -> None:
    assert refused(body).reason == Reason.FORBIDDEN_XML


def test_fifty_megabytes_are_refused_without_being_read() -> None:
    assert refused(b"<alive " + b"x" * (50 * 1024 * 1024)).reason == Reason.TOO_LARGE
    assert refused(b" " * (BYTES_MAX + 1)).reason == Reason.TOO_LARGE


def test_too_many_elements_and_too_deep_ones_are_refused() -> None:
    assert refused(b"<a>" + b"<b/>" * ELEMENTS_MAX + b"</a>").reason == Reason.TOO_LARGE
    deep = b"<a>" * (DEPTH_MAX + 1) + b"</a>" * (DEPTH_MAX + 1)
    assert refused(deep).reason == Reason.TOO_LARGE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"no xml",
        b"<alive",
        b"<a></b>",
        b"\x00\x01",
        b"<a b='1' b='2'/>",
        b"<a>&x;</a>",
    ],
)
def test_what_is_no_xml_is_refused(body: bytes) -> None:
    assert refused(body).reason in (Reason.NOT_XML, Reason.FORBIDDEN_XML)


def test_an_encoding_that_it_claims_changes_nothing() -> None:
    body = b'<?xml version="1.0" encoding="iso-8859-1"?><alive product="\xb9" timestamp="1"/>'

    assert refused(body).reason == Reason.NOT_XML


def test_an_unknown_message_is_refused_by_name() -> None:
    problem = refused(b"<cashout product='1'/>")

    assert problem.reason == Reason.UNKNOWN_MESSAGE
    assert "<cashout>" in problem.detail


@pytest.mark.parametrize(
    "body",
    [
        odds_change(market(1, [], specifiers="a=1|a=2")),
        odds_change(market(1, [], specifiers="=|=")),
        odds_change('<market id="x"/>'),
        odds_change('<market status="1"/>'),
        odds_change('<market id="1" status="9"/>'),
        odds_change('<market id="1"><outcome odds="2"/></market>'),
        bet_settlement('<market id="1"><outcome id="1" result="2"/></market>'),
        bet_settlement('<market id="1"><outcome id="1" result="1" void_factor="NaN"/></market>'),
        bet_settlement('<market id="1"><outcome id="1" result="1" void_factor="-1"/></market>'),
        bet_settlement('<market id="1"><outcome id="1" result="1" void_factor="1e9"/></market>'),
    ],
)
def test_what_is_malformed_says_whose_it_is_and_what_it_is_about(body: bytes) -> None:
    problem = refused(body)

    assert problem.reason == Reason.MALFORMED
    assert (problem.producer, problem.event) == ("uof:1", EVENT)
    assert problem.owed == (b"bet_settlement" in body)


@pytest.mark.parametrize("stamp", ["1234", "0", "-5", "17830000000000000", "x", ""])
def test_a_time_that_cannot_be_is_refused(stamp: str) -> None:
    body = f'<alive product="1" timestamp="{stamp}" subscribed="1"/>'.encode()

    assert refused(body).reason in (Reason.TIME_UNBELIEVABLE, Reason.MALFORMED)


def test_seconds_and_milliseconds_are_told_apart_by_their_size() -> None:
    assert read_time(1_783_000_000) == T0
    assert read_time(T0) == T0
    assert read_time(0) is None
    assert read_time(10**15) is None


def test_a_message_without_a_product_is_refused() -> None:
    assert refused(b'<rollback_bet_cancel event_id="sr:match:4444" timestamp="1239"/>').owed


@needs_samples
def test_the_published_samples_are_read_or_refused_with_a_reason() -> None:
    read: dict[str, str] = {}
    for path in sorted((DATA / "uof").glob("*.xml")):
        try:
            read[path.name] = type(reader().read(path.read_bytes())).__name__
        except Unreadable as problem:
            read[path.name] = problem.reason

    assert read["bet_settlement.xml"] == "Ended"
    assert read["bet_cancel.xml"] == "Cancelled"
    # Generated, by its timestamp, 1.2 seconds after the beginning of 1970.
    assert read["odds_change-0.xml"] == Reason.TIME_UNBELIEVABLE
    assert read["rollback_bet_cancel.xml"] == Reason.MALFORMED
    assert read["markets-1.xml"] == Reason.UNKNOWN_MESSAGE


@needs_samples
def test_the_published_settlement_keeps_its_factors() -> None:
    said = reader().read((DATA / "uof" / "bet_settlement.xml").read_bytes())

    assert isinstance(said, Ended)
    by_foreign = {str(item.ref.foreign): item for item in said.markets}
    half = {(end.won, end.void_share) for end in by_foreign["201"].ends}
    assert half == {(False, "1"), (False, "1/2"), (True, "1/2"), (False, "0")}
    tied = [end for end in by_foreign["535?variant=pre:markettext:52751"].ends if end.won]
    assert [end.dead_heat for end in tied] == ["1/2", "1/2"]


@needs_samples
def test_the_published_fixtures_are_read() -> None:
    first = read_fixture((DATA / "uof" / "fixture-0.xml").read_bytes())

    assert (first.sport, first.competition) == ("football", "UEFA Champions League")
    assert (first.home, first.away) == ("Ajax Amsterdam", "Tottenham Hotspur")
    assert first.starts_at.isoformat() == "2019-05-08T19:00:00+00:00"
    # Without a tournament nobody knows the sport.
    fourth = read_fixture((DATA / "uof" / "fixture-3.xml").read_bytes())
    assert fourth.sport == "unknown"


def test_text_is_not_kept() -> None:
    root = read_xml(b"<a>text<b c='1'>more</b></a>")

    assert [child.name for child in root.children] == ["b"]
    assert root.children[0].get("c") == "1"

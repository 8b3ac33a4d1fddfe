"""What a register's word means, for how long, and when it is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Jurisdiction, Moment, Register, RegisterDown
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.registers import rules
from pitboss.registers.model import (
    FAILURES_MAX,
    REST,
    Answer,
    Detail,
    Person,
    Pulse,
    Question,
    Silence,
    Standing,
    Verdict,
)
from proofs import Proves

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODES = [code for code in jurisdictions.codes() if code != "demo"]
WITH_REGISTER = [code for code in CODES if jurisdictions.get(code).exclusion.registers]
WITHOUT_REGISTER = [code for code in CODES if code not in WITH_REGISTER]
NUMBER = "199001019802"
WHOLE = Person(
    given_name="Ann",
    family_name="Example",
    born_on="1990-01-01",
    email="ann@example.test",
    postcode="E1 1AA",
    national_id=NUMBER,
)


def standing(licence: Jurisdiction, **changes: object) -> dict[Register, Standing]:
    """Return that each register of a licence has said just now that it does not name somebody."""
    made = Standing(
        shard=Shard(3),
        player_id=PlayerId("p"),
        register=Register.GAMSTOP,
        moment=Moment.LOGIN,
        answer=Answer.NOT_EXCLUDED,
        reference="r",
        checked_at=NOW,
    )
    return {
        register: msgspec.structs.replace(made, register=register, **changes)
        for register in licence.exclusion.registers
    }


def verdict(
    licence: Jurisdiction,
    said: dict[Register, Standing],
    *,
    after: timedelta = timedelta(),
    for_play: bool = True,
) -> Verdict:
    """Return the verdict some time after."""
    return rules.verdict(licence, said, NOW + after, for_play=for_play)


def with_rules(code: str, **changes: object) -> Jurisdiction:
    """Return a licence with other rules of exclusion."""
    licence = jurisdictions.get(code)
    return msgspec.structs.replace(
        licence, exclusion=msgspec.structs.replace(licence.exclusion, **changes)
    )


@pytest.mark.parametrize("code", CODES)
def test_nobody_plays_of_whom_a_register_has_not_said_that_it_does_not_name_them(
    code: str, proves: Proves
) -> None:
    proves("exclusion.registers", code)
    licence = jurisdictions.get(code)

    never_asked, told = verdict(licence, {}), verdict(licence, standing(licence))

    if licence.exclusion.registers:
        assert (never_asked, told) == (Verdict.NOT_CHECKED, Verdict.CLEAR)
        named = verdict(licence, standing(licence, answer=Answer.EXCLUDED))
        assert named is Verdict.EXCLUDED
    else:
        assert (never_asked, told) == (Verdict.NOT_NEEDED, Verdict.NOT_NEEDED)


@pytest.mark.parametrize("code", WITH_REGISTER)
def test_what_holds_while_a_register_is_silent_is_the_licences_rule(
    code: str, proves: Proves
) -> None:
    proves("exclusion.register_down", code)
    licence = jurisdictions.get(code)
    silent = standing(licence, silent_since=NOW)
    never = standing(licence, silent_since=NOW, answer=None, checked_at=None)
    named = standing(licence, silent_since=NOW, answer=Answer.EXCLUDED)

    refuses = licence.exclusion.register_down is RegisterDown.REFUSE
    expected = Verdict.DOWN if refuses else Verdict.CLEAR
    assert [verdict(licence, said) for said in (silent, never)] == [expected] * 2
    # Whom it named before stays named, whatever the licence says.
    assert verdict(licence, named) is Verdict.EXCLUDED


def test_a_licence_may_let_people_play_while_its_register_is_silent() -> None:
    licence = with_rules("GB", register_down=RegisterDown.ALLOW)
    silent = standing(licence, silent_since=NOW, answer=None, checked_at=None)

    assert verdict(licence, silent) is Verdict.CLEAR
    assert verdict(licence, {}) is Verdict.NOT_CHECKED


@pytest.mark.parametrize("code", WITH_REGISTER)
def test_an_answer_is_good_until_the_licence_asks_again(code: str, proves: Proves) -> None:
    proves("exclusion.register_checked_at", code)
    licence = jurisdictions.get(code)
    asked, said = licence.exclusion.register_checked_at, standing(licence)

    later = {
        hours: verdict(licence, said, after=timedelta(hours=hours)) for hours in (0, 0.9, 1, 23, 24)
    }

    # A day at most, where nothing but a login asks.
    ends = 1 if Moment.PLAY in asked else 24
    assert later == {
        hours: Verdict.CLEAR if hours < ends else Verdict.NOT_CHECKED for hours in later
    }
    looks_again = rules.due_after_answer(licence, NOW)
    assert (looks_again is not None) == (Moment.DAILY in asked)
    assert looks_again is None or looks_again < NOW + rules.DAILY_HOLDS


@pytest.mark.parametrize("code", WITH_REGISTER)
def test_a_login_asks_where_the_licence_asks_at_login_or_before_play(
    code: str, proves: Proves
) -> None:
    proves("exclusion.register_checked_at", code)
    asked = jurisdictions.get(code).exclusion.register_checked_at

    moment = rules.moment_before_login(jurisdictions.get(code))

    expected = Moment.LOGIN if Moment.LOGIN in asked else Moment.PLAY
    assert moment is expected


@pytest.mark.parametrize("code", WITHOUT_REGISTER)
def test_without_a_register_nobody_is_asked_about_and_a_silent_one_would_stop_who_says_so(
    code: str, proves: Proves
) -> None:
    proves("exclusion.register_checked_at", code)
    proves("exclusion.register_down", code)
    licence = jurisdictions.get(code)
    listed = with_rules(code, registers=(Register.GAMSTOP,), register_checked_at=(Moment.LOGIN,))

    assert rules.moment_before_login(licence) is None
    assert rules.due_after_answer(licence, NOW) is None
    refuses = licence.exclusion.register_down is RegisterDown.REFUSE
    silent = standing(listed, silent_since=NOW, answer=None, checked_at=None)
    assert verdict(listed, silent) is (Verdict.DOWN if refuses else Verdict.CLEAR)


def test_a_deposit_does_not_wait_for_what_play_waits_for() -> None:
    licence = jurisdictions.get("NL")
    late = timedelta(hours=5)

    assert verdict(licence, standing(licence), after=late) is Verdict.NOT_CHECKED
    assert verdict(licence, standing(licence), after=late, for_play=False) is Verdict.CLEAR
    named = standing(licence, answer=Answer.EXCLUDED)
    assert verdict(licence, named, for_play=False) is Verdict.EXCLUDED


def test_the_worst_of_several_registers_counts() -> None:
    licence = with_rules("GB", registers=(Register.GAMSTOP, Register.RGIAJ))
    said = standing(licence)
    one_is_silent = said | {
        Register.RGIAJ: msgspec.structs.replace(said[Register.RGIAJ], silent_since=NOW)
    }
    one_names = one_is_silent | {
        Register.GAMSTOP: msgspec.structs.replace(said[Register.GAMSTOP], answer=Answer.EXCLUDED)
    }

    verdicts = [verdict(licence, item) for item in (said, one_is_silent, one_names)]

    assert verdicts == [Verdict.CLEAR, Verdict.DOWN, Verdict.EXCLUDED]
    assert verdict(licence, {Register.GAMSTOP: said[Register.GAMSTOP]}) is Verdict.NOT_CHECKED
    assert not rules.clear_everywhere(licence, [said[Register.GAMSTOP]])
    assert rules.clear_everywhere(licence, list(said.values()))


def test_silence_in_the_daily_round_counts_once_the_last_answer_is_a_day_old() -> None:
    (said,) = standing(jurisdictions.get("GB")).values()
    day = timedelta(hours=24)

    counts = [rules.silence_counts(said, Moment.DAILY, NOW + after) for after in (timedelta(), day)]

    assert counts == [False, True]
    assert rules.silence_counts(None, Moment.DAILY, NOW)
    assert rules.silence_counts(said, Moment.LOGIN, NOW)
    assert not rules.silence_counts(said, Moment.MARKETING, NOW + day)


def test_who_is_silent_is_asked_later_and_later_and_never_given_up() -> None:
    waits = [rules.due_after_silence(tries, NOW) - NOW for tries in range(40)]

    assert waits == sorted(waits)
    assert waits[0] == rules.RETRY_MIN
    assert waits[-1] == rules.RETRY_MAX


@pytest.mark.parametrize(
    ("number", "can_be"),
    [
        (NUMBER, True),
        ("199001019803", False),
        ("9001019802", False),
        ("19900101980A", False),
        ("", False),
        ("\u0661" * 12, False),
    ],
)
def test_a_swedish_number_that_cannot_be_is_never_asked_about(number: str, can_be: bool) -> None:
    person = Person(
        given_name="A", family_name="B", born_on="1990-01-01", email="e", national_id=number
    )

    missing = rules.missing_details((Register.SPELPAUS,), person)

    assert missing == (() if can_be else (Detail.NATIONAL_ID,))
    assert rules.is_swedish_number(number) is can_be


def test_each_register_is_told_what_it_wants_and_the_rest_is_found_missing() -> None:
    bare = Person(given_name="A", family_name="B", born_on="1990-01-01", email="e")
    questions = [
        Question(id=str(number), player_id=PlayerId(str(number)), person=person)
        for number, person in enumerate((bare, WHOLE))
    ]

    lacking, whole = rules.apart(questions, Register.GAMSTOP)

    assert ([item.id for item in lacking], [item.id for item in whole]) == (["0"], ["1"])
    assert rules.missing_details((Register.CRUKS,), bare) == (Detail.NATIONAL_ID,)
    assert rules.missing_details((Register.OASIS,), bare) == ()


def test_a_register_is_down_after_a_few_failures_and_up_after_one_answer() -> None:
    pulse = Pulse()
    for _ in range(FAILURES_MAX - 1):
        pulse.failed(Silence.AWAY, NOW)
        assert (pulse.up, pulse.rests(NOW)) == (None, False)

    pulse.failed(Silence.CONFUSED, NOW)

    assert (pulse.up, pulse.reason) == (False, Silence.CONFUSED)
    assert (pulse.rests(NOW), pulse.rests(NOW + REST)) == (True, False)
    pulse.answered()
    assert (pulse.up, pulse.reason, pulse.rests(NOW)) == (True, None, False)


def test_nobody_learns_who_is_asked_about_from_what_is_printed() -> None:
    shown = repr(Question(id="q", player_id=PlayerId("p"), person=WHOLE))

    for word in ("Ann", "Example", "1990", "E1", NUMBER):
        assert word not in shown

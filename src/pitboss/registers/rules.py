"""What a register's word means, for how long, and when it is asked again.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from pitboss.jurisdictions.model import Jurisdiction, Moment, Register, RegisterDown
from pitboss.kernel.ids import PlayerId
from pitboss.players.identity.model import (
    BORN_ON,
    EMAIL,
    FAMILY_NAME,
    GIVEN_NAME,
    NATIONAL_ID,
    POSTCODE,
)
from pitboss.players.personal.model import Path
from pitboss.registers.model import (
    Answer,
    Detail,
    Outcome,
    Person,
    Question,
    Silence,
    Standing,
    Told,
    Verdict,
)

# What a register is told about, wherever it wants it.
PATHS = (GIVEN_NAME, FAMILY_NAME, BORN_ON, EMAIL, POSTCODE, NATIONAL_ID)

# "At each start of play": who goes on for an hour is asked about anew.  The rules that were found
# name no time; this is our reading of them.  Source: KSA, Cruks; GlüStV 2021, § 6h.
PLAY_HOLDS = timedelta(hours=1)
DEPOSIT_HOLDS = timedelta(hours=1)
# A daily answer is good for a day, and asked for a few hours before that is over, so that a
# register that is away for a while stops nobody.
DAILY_HOLDS = timedelta(hours=24)
DAILY_EVERY = timedelta(hours=20)
# Where a register is asked at login alone, a session that never ends would never ask again: no rule
# that was found lets an answer hold for longer than the day for which a daily one does.
LOGIN_HOLDS = timedelta(hours=24)
# Who stays silent is asked again later and later, and at least this often.
RETRY_MIN = timedelta(seconds=10)
RETRY_MAX = timedelta(minutes=10)
_DOUBLINGS_MAX = 10

# Before which of a player's steps a register is asked.  Play begins with a login.
_BEFORE_LOGIN = (Moment.LOGIN, Moment.PLAY)

# Source: SE-10 (12-digit id), SE-09 (CPR number), SE-12 (BSN); SE-11 (postcode).
_WANTED: Mapping[Register, tuple[Detail, ...]] = {
    Register.GAMSTOP: (Detail.POSTCODE,),
    Register.SPELPAUS: (Detail.NATIONAL_ID,),
    Register.ROFUS: (Detail.NATIONAL_ID,),
    Register.CRUKS: (Detail.NATIONAL_ID,),
}
# From the worst to the best: the worst of several registers counts.
_ORDER = (Verdict.EXCLUDED, Verdict.DOWN, Verdict.NOT_CHECKED, Verdict.CLEAR)


def missing_details(registers: Collection[Register], person: Person) -> tuple[Detail, ...]:
    """Return what these registers want to know of a person, and nobody has told."""
    wanted = {detail for register in registers for detail in _WANTED.get(register, ())}
    told = {Detail.POSTCODE: person.postcode, Detail.NATIONAL_ID: person.national_id}
    lacking = {detail for detail in wanted if not told[detail]}
    if Register.SPELPAUS in registers and not is_swedish_number(person.national_id or ""):
        lacking.add(Detail.NATIONAL_ID)
    return tuple(sorted(lacking))


def apart(
    questions: Iterable[Question], register: Register
) -> tuple[list[Question], list[Question]]:
    """Return the questions that lack what a register wants to know, and those that do not."""
    lacking: list[Question] = []
    whole: list[Question] = []
    for question in questions:
        missing = missing_details((register,), question.person)
        (lacking if missing else whole).append(question)
    return lacking, whole


def is_swedish_number(text: str) -> bool:
    """Say whether this can be a Swedish personal number of 12 digits, with its check digit.

    Of one that cannot, the register says that nobody is blocked, so it is never asked.
    Source: SE-10 (spelpaus.se); Skatteverket, SKV 704 (the check digit, over the last ten).
    """
    if len(text) != 12 or not (text.isascii() and text.isdigit()):
        return False
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(text[2:])]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def moment_before_login(licence: Jurisdiction) -> Moment | None:
    """Return what a register is asked for at a login, if it is."""
    asked = licence.exclusion.register_checked_at
    return next((moment for moment in _BEFORE_LOGIN if moment in asked), None)


def verdict(
    licence: Jurisdiction,
    standings: Mapping[Register, Standing],
    now: datetime,
    *,
    for_play: bool,
) -> Verdict:
    """Return what a licence's registers mean now for a stake, or for a deposit.

    The worst of them counts.  Source: the licence's `exclusion.registers`, `register_checked_at`
    and `register_down`.
    """
    registers = licence.exclusion.registers
    if not registers:
        return Verdict.NOT_NEEDED
    said = {_verdict_of(licence, standings.get(item), now, for_play) for item in registers}
    return next(worst for worst in _ORDER if worst in said)


def _verdict_of(
    licence: Jurisdiction, standing: Standing | None, now: datetime, for_play: bool
) -> Verdict:
    if standing is None:
        return Verdict.NOT_CHECKED
    if standing.answer is Answer.EXCLUDED:
        return Verdict.EXCLUDED
    if standing.silent_since is not None or standing.checked_at is None:
        allowed = licence.exclusion.register_down is RegisterDown.ALLOW
        return Verdict.CLEAR if allowed else Verdict.DOWN
    fresh = now - standing.checked_at < _holds(licence, for_play)
    return Verdict.CLEAR if fresh else Verdict.NOT_CHECKED


def _holds(licence: Jurisdiction, for_play: bool) -> timedelta:
    """Return for how long an answer is good: until the next moment, and a day at most."""
    asked = licence.exclusion.register_checked_at
    ends = [LOGIN_HOLDS]
    if for_play and Moment.PLAY in asked:
        ends.append(PLAY_HOLDS)
    if not for_play and Moment.DEPOSIT in asked:
        ends.append(DEPOSIT_HOLDS)
    if Moment.DAILY in asked:
        ends.append(DAILY_HOLDS)
    return min(ends)


def silence_counts(standing: Standing | None, moment: Moment, now: datetime) -> bool:
    """Return whether a register's silence changes how a player stands.

    Of the daily round it does only once the last answer is a day old: until then it is good.
    """
    if moment not in (Moment.DAILY, Moment.MARKETING):
        return True
    if standing is None or standing.checked_at is None:
        return True
    return moment is Moment.DAILY and now - standing.checked_at >= DAILY_HOLDS


def is_outdated(
    told: Told, register: Register, standings: Iterable[Standing], asked_at: datetime
) -> bool:
    """Say whether somebody was named after this was asked, and this does not name them.

    Answers may overtake each other: a batch is noted bit by bit while a login asks about one of it.
    """
    return told.answer is not Answer.EXCLUDED and any(
        item.register is register
        and item.answer is Answer.EXCLUDED
        and item.checked_at is not None
        and item.checked_at > asked_at
        for item in standings
    )


def due_after_answer(licence: Jurisdiction, at: datetime) -> datetime | None:
    """Return when the loop asks about a player again; None: when the player next comes."""
    daily = Moment.DAILY in licence.exclusion.register_checked_at
    return at + DAILY_EVERY if daily else None


def due_after_silence(tries: int, now: datetime) -> datetime:
    """Return when a register that was silent so many times in a row is asked again."""
    return now + min(RETRY_MIN * int(2 ** min(tries, _DOUBLINGS_MAX)), RETRY_MAX)


def person_of(values: Mapping[Path, str]) -> Person | None:
    """Return who somebody is, of the values that are kept; None if it was forgotten."""
    if not {GIVEN_NAME, FAMILY_NAME, BORN_ON, EMAIL} <= values.keys():
        return None
    return Person(
        given_name=values[GIVEN_NAME],
        family_name=values[FAMILY_NAME],
        born_on=values[BORN_ON],
        email=values[EMAIL],
        postcode=values.get(POSTCODE),
        national_id=values.get(NATIONAL_ID),
    )


def silence_of(questions: Sequence[Question], reason: Silence) -> Outcome:
    """Return that nobody was answered for."""
    return Outcome(silent=tuple(item.player_id for item in questions), reason=reason)


def joined(told: Iterable[Told], silent: Iterable[Outcome]) -> Outcome:
    """Return one outcome of all."""
    silences = tuple(silent)
    return Outcome(
        told=tuple(told),
        silent=tuple(player_id for item in silences for player_id in item.silent),
        reason=next((item.reason for item in silences), None),
    )


def named(told: Iterable[Told]) -> tuple[PlayerId, ...]:
    """Return whom a register says to be excluded."""
    return tuple(item.player_id for item in told if item.answer is Answer.EXCLUDED)


def clear_everywhere(licence: Jurisdiction, standings: Collection[Standing]) -> bool:
    """Return whether every register of a licence has answered, and none of them names a player."""
    heard = {item.register for item in standings if item.answer is not None}
    named_somewhere = any(item.answer is Answer.EXCLUDED for item in standings)
    return not named_somewhere and heard >= set(licence.exclusion.registers)

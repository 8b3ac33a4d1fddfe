"""Nouns of a licence: its rules by section, and where each of them comes from.

The fields of a section are the keys that its part of the file must have, no more and no fewer.
What a licence does not have is written `"none"` where one value would stand, and is None here;
where several may stand, the list is empty.  `0` never means that there is no rule.  Durations,
distances and ages are whole numbers and say their unit in the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec

from pitboss.kernel.money import AMOUNT_MICROS_MAX, Rounding

Micros = Annotated[int, msgspec.Meta(gt=0, le=AMOUNT_MICROS_MAX)]
Count = Annotated[int, msgspec.Meta(gt=0, le=1_000_000)]
Age = Annotated[int, msgspec.Meta(ge=18, le=120)]
Percent = Annotated[int, msgspec.Meta(gt=0, le=100)]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class Product(StrEnum):
    """What a stake is taken for."""

    SPORTSBOOK = "sportsbook"
    GAMES = "games"


class Scope(StrEnum):
    """How far a rule reaches: one licence, all licences of an operator, or all operators."""

    LICENCE = "licence"
    OPERATOR = "operator"
    ALL_OPERATORS = "all_operators"


class Duplicates(StrEnum):
    """What happens to a registration that looks like a player who exists."""

    REFUSE = "refuse"
    FLAG = "flag"


class WithdrawalHold(StrEnum):
    """For what a withdrawal may be held: only a duty of law, or until the player is verified."""

    LEGAL_DUTY = "legal_duty"
    UNTIL_VERIFIED = "until_verified"


class SecondSession(StrEnum):
    """What happens when a player who has a session logs in again."""

    ENDS_THE_FIRST = "ends_the_first"
    IS_REFUSED = "is_refused"


class SecondFactor(StrEnum):
    """Whether a login needs a second factor, or a player may choose to have one."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class LimitKind(StrEnum):
    """What a limit measures.

    Net deposits are deposits less withdrawals.  A single stake and a balance are measured at one
    moment and have no period.
    """

    DEPOSIT = "deposit"
    NET_DEPOSIT = "net_deposit"
    STAKE = "stake"
    LOSS = "loss"
    SESSION_TIME = "session_time"
    SINGLE_STAKE = "single_stake"
    BALANCE = "balance"

    @property
    def is_periodic(self) -> bool:
        """Whether it adds up over a period."""
        return self not in (LimitKind.SINGLE_STAKE, LimitKind.BALANCE)

    @property
    def is_money(self) -> bool:
        """Whether it is counted in micros; otherwise in minutes."""
        return self is not LimitKind.SESSION_TIME


class Period(StrEnum):
    """Over what a limit adds up."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Window(StrEnum):
    """Whether a period starts with the calendar's in the licence's time zone, or ends now.

    A rolling day is 24 hours, a rolling week 7 days, a rolling month 30 days.
    """

    CALENDAR = "calendar"
    ROLLING = "rolling"


class WeekStart(StrEnum):
    """The day on which a calendar week starts."""

    MONDAY = "monday"
    SUNDAY = "sunday"


class Decrease(StrEnum):
    """When a stricter limit counts."""

    NOW = "now"
    NEXT_LOGIN = "next_login"


class ConfirmedBy(StrEnum):
    """Who must confirm a looser limit before it counts."""

    NOBODY = "nobody"
    PLAYER = "player"
    STAFF = "staff"


class Measure(StrEnum):
    """Whether withdrawals free room under a deposit limit (net) or not (gross)."""

    GROSS = "gross"
    NET = "net"


class OpenStakes(StrEnum):
    """Whether stakes of bets that are not settled yet count as lost."""

    COUNTED = "counted"
    IGNORED = "ignored"


class WhenReached(StrEnum):
    """What a limit that is used up does: refuse the next stake or deposit, or log out as well.

    `rest_of_period`: a limit of losses refuses all stakes until its period ends, whatever is won.
    """

    REFUSE = "refuse"
    LOG_OUT = "log_out"
    REST_OF_PERIOD = "rest_of_period"


class ContactWhen(StrEnum):
    """What of an amount makes the operator get in touch: that it was used, or set as a limit."""

    USED = "used"
    LIMIT_SET = "limit_set"


class LiftedBy(StrEnum):
    """What raises a statutory cap: nothing, a check of income, one of risk, or the player."""

    NOTHING = "nothing"
    INCOME_CHECK = "income_check"
    RISK_CHECK = "risk_check"
    PLAYER = "player"


class Shown(StrEnum):
    """What a reality check tells."""

    CLOCK = "clock"
    ELAPSED = "elapsed"
    NET_POSITION = "net_position"
    STAKED = "staked"


class Register(StrEnum):
    """A list of excluded people that others keep."""

    GAMSTOP = "gamstop"
    NJ_DGE = "nj_dge"
    PA_PGCB = "pa_pgcb"
    ON_CSE = "on_cse"
    ROFUS = "rofus"
    SPELPAUS = "spelpaus"
    CRUKS = "cruks"
    OASIS = "oasis"
    RGIAJ = "rgiaj"


class Moment(StrEnum):
    """When a register is asked."""

    REGISTRATION = "registration"
    LOGIN = "login"
    PLAY = "play"
    DEPOSIT = "deposit"
    DAILY = "daily"
    MARKETING = "marketing"


class RegisterDown(StrEnum):
    """What happens at such a moment when a register does not answer.

    Refused, or allowed with the reason recorded.
    """

    REFUSE = "refuse"
    ALLOW = "allow"


class OpenBets(StrEnum):
    """What becomes of the open bets of a player who is excluded."""

    LET_STAND = "let_stand"
    VOID_IF_NOT_STARTED = "void_if_not_started"
    VOID_ALL = "void_all"


class OpenBetWins(StrEnum):
    """What becomes of the returns of bets that stand."""

    PAY = "pay"
    WITHHOLD = "withhold"


class Lift(StrEnum):
    """How an exclusion ends after its term: by itself, when asked, by its register, or never."""

    AT_END = "at_end"
    ON_REQUEST = "on_request"
    BY_REGISTER = "by_register"
    NEVER = "never"


class LocationKind(StrEnum):
    """What shows where a player is: nothing is asked, the request's address, or the device."""

    NONE = "none"
    IP = "ip"
    DEVICE = "device"


class InPlayKind(StrEnum):
    """A kind of market that a licence names for play; the words are the registry's, or `every`."""

    EVERY = "every"
    MATCH_RESULT = "1x2"
    MATCH_WINNER = "match_winner"
    MONEYLINE = "moneyline"


class EachWayTerms(StrEnum):
    """A table of terms for races whose market says none; the words are those of returns."""

    GB_V1 = "gb.v1"


class Rule4(StrEnum):
    """A table of deductions for withdrawn runners; the words are those of returns."""

    TATTERSALLS_V1 = "tattersalls.v1"
    TATTERSALLS_WAIVED_V1 = "tattersalls_waived.v1"
    DECIMAL_UNIBET_V1 = "decimal_unibet.v1"
    DECIMAL_MONKEYTILT_V1 = "decimal_monkeytilt.v1"


class SameEvent(StrEnum):
    """What a void leg does to a combination from one event; the words are those of returns."""

    REFUND_ALL = "refund_all"
    REFUND_UNLESS_LOST = "refund_unless_lost"
    REDUCE = "reduce"


class Channel(StrEnum):
    """How a regulator gets at the records."""

    RETURNS = "returns"
    DAILY_REPORTS = "daily_reports"
    PULLED_STORE = "pulled_store"
    DIRECT_ACCESS = "direct_access"
    FEED = "feed"


class Cadence(StrEnum):
    """How often records must be there."""

    NEAR_REAL_TIME = "near_real_time"
    QUARTER_HOUR = "quarter_hour"
    DAILY = "daily"
    MONTHLY = "monthly"


class ReportFormat(StrEnum):
    """What records are written in: the regulator's XML, or any format that is nobody's own."""

    XML = "xml"
    OPEN = "open"


class ReportedPlayer(StrEnum):
    """How a player is named to the regulator."""

    FULL = "full"
    PSEUDONYM = "pseudonym"


class Confidence(StrEnum):
    """How sure we are that the source says so."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Citation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a value comes from, and how sure that is."""

    source: Text
    confidence: Confidence


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a licence's file, `section.key`: its value as JSON has it, and its citation.

    What the file calls `"none"` is None.
    """

    key: str
    value: object
    citation: Citation


def said(value: object) -> str:
    """Return a value as a person reads it; amounts stay in micros, as the file has them."""
    match value:
        case None | []:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case dict():
            return " ".join(
                f"{name}={said(item)}" for name, item in value.items() if item is not None
            )
        case list():
            between = "; " if isinstance(value[0], dict) else ", "
            return between.join(said(item) for item in value)
        case _:
            return str(value)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A key under which two licences do not say the same."""

    key: str
    first: Entry
    second: Entry


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a licence file, or of one value."""


class ForAges(Section, frozen=True, kw_only=True):
    """A rule for players of certain ages, in whole years.

    `age_from` is the first that is meant, `age_below` the first that is not any more.
    """

    age_from: Age | None
    age_below: Age | None

    def is_for(self, age: int) -> bool:
        """Return whether a player of this age is meant."""
        return (self.age_from or 0) <= age and (self.age_below is None or age < self.age_below)


class Threshold(ForAges, frozen=True, kw_only=True):
    """An amount over a period, for players of certain ages.

    Money has `micros` and their `currency`, time has `minutes`.  `period` is None for kinds
    without one.
    """

    kind: LimitKind
    period: Period | None
    micros: Micros | None
    currency: Text | None
    minutes: Count | None


class Cap(Threshold, frozen=True, kw_only=True):
    """The most that a player may reach by statute, whatever limits were chosen."""

    lifted_by: LiftedBy


class Contact(Threshold, frozen=True, kw_only=True):
    """Above which amount the operator gets in touch with a player, and with which use of it."""

    when: ContactWhen


class StakeCap(ForAges, frozen=True, kw_only=True):
    """The most that one stake in an online slot may be for players of certain ages."""

    micros: Micros
    currency: Text


# What a rulebook that is no licence names as its regulator.
NO_REGULATOR = "Nobody"


class LicenceRules(Section, frozen=True, kw_only=True):
    """What the licence is called, and what it lets an operator offer.

    `time_zone` (IANA) is the clock of its calendar days, weeks and months.
    """

    name: Text
    regulator: Text
    products: Annotated[tuple[Product, ...], msgspec.Meta(min_length=1)]
    currencies: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    time_zone: Text
    week_starts: WeekStart


class RegistrationRules(Section, frozen=True, kw_only=True):
    """Who may become a player.  `age_min` is in whole years; `one_account`: one account in each."""

    open: bool
    age_min: Age
    duplicates: Duplicates
    one_account: Scope


class VerificationRules(Section, frozen=True, kw_only=True):
    """What needs a verified identity, and for how many hours at most an account may lack it.

    `documents_told`: whether a player is told before the first deposit what may be asked for.
    """

    before_play: bool
    before_deposit: bool
    hours_max: Count | None
    documents_told: bool
    withdrawal_hold: WithdrawalHold


class SessionRules(Section, frozen=True, kw_only=True):
    """How a player's session starts, and when it ends by itself.

    `minutes_max` ends play in the middle.  `failed_logins_max` failures in a row disable the
    login, for `lock_minutes`, or until it is recovered if that is None.  `elsewhere_refused`: who
    plays with another operator is refused, and for `elsewhere_gap_minutes` after.
    """

    one_at_a_time: bool
    second_session: SecondSession
    device_bound: bool
    idle_minutes_max: Count | None
    minutes_max: Count | None
    failed_logins_max: Count
    lock_minutes: Count | None
    recovery_factors_min: Annotated[int, msgspec.Meta(ge=1, le=3)]
    second_factor: SecondFactor
    previous_login_shown: bool
    elsewhere_refused: bool
    elsewhere_gap_minutes: Count | None


class LimitRules(Section, frozen=True, kw_only=True):
    """Which limits players may set, must set, and how they are changed.

    An increase counts `increase_hours_min` after it was asked for, with
    `increase_after_period_end` not before the running period ends either.  It lapses when it is
    not confirmed within `increase_confirm_hours` of the first moment that it could count.
    `contact_above`: what makes the operator get in touch.  `notices_percent`: how much of a limit
    is used when a player is told.  `review_months`: how often a player is asked to look again.
    """

    kinds: tuple[LimitKind, ...]
    periods: tuple[Period, ...]
    window: Window
    scope: Scope
    offered_at_registration: bool
    mandatory_before_play: tuple[LimitKind, ...]
    mandatory_before_deposit: tuple[LimitKind, ...]
    decrease: Decrease
    increase_hours_min: Count | None
    increase_after_period_end: bool
    increase_confirmed_by: ConfirmedBy
    increase_confirm_hours: Count | None
    deposit_measure: Measure
    loss_open_stakes: OpenStakes
    when_reached: WhenReached
    notices_percent: tuple[Percent, ...]
    review_months: Count | None
    caps: tuple[Cap, ...]
    contact_above: tuple[Contact, ...]


class BreakRules(Section, frozen=True, kw_only=True):
    """Time-outs that a player takes, and breaks that the licence makes everybody take.

    A time-out lasts one of the choices, or anything between the bounds if there are none.
    """

    time_out_hours_min: Count
    time_out_hours_max: Count
    time_out_hours_choices: tuple[Count, ...]
    mandatory_after_minutes: Count | None
    mandatory_minutes: Count | None


class RealityCheckRules(Section, frozen=True, kw_only=True):
    """How often a player is told how long and how much; None: not unless the player asks for it.

    `answer_required`: nothing is staked until the player has answered.
    """

    minutes_default: Count | None
    minutes_choices: tuple[Count, ...]
    answer_required: bool
    shows: tuple[Shown, ...]


class ExclusionRules(Section, frozen=True, kw_only=True):
    """How a player is excluded, what that does, and how it ends.

    `lift_wait_hours`: from the request, or from the end, until play.  An indefinite exclusion,
    where there is one, is lifted as `indefinite_lift` says, `indefinite_months_min` after its start
    at the earliest and `indefinite_wait_hours` after the request.  `balance_returned`: what is on
    the account is paid out without being asked for, also what comes onto it later.
    """

    months_min: Count
    months_choices: tuple[Count, ...]
    indefinite: bool
    scope: Scope
    registers: tuple[Register, ...]
    register_checked_at: tuple[Moment, ...]
    register_down: RegisterDown
    open_bets: OpenBets
    open_bet_wins: OpenBetWins
    withdrawals_open: bool
    balance_returned: bool
    lift: Lift
    lift_wait_hours: Count | None
    indefinite_lift: Lift | None
    indefinite_months_min: Count | None
    indefinite_wait_hours: Count | None
    marketing_hours_max: Count


class LocationRules(Section, frozen=True, kw_only=True):
    """Where a player must be, and when that must be shown again.

    `area` is an ISO 3166 code.  `speed_kmh`: how fast a player may near the border, for the
    next check; `travel_kmh_max`: how fast nobody goes from one fix to the next.
    """

    kind: LocationKind
    area: Text | None
    recheck_seconds: Count | None
    near_border_metres: Count | None
    near_border_recheck_seconds: Count | None
    speed_kmh: Count | None
    travel_kmh_max: Count | None
    ip_change_rechecks: bool
    login_rechecks: bool
    buffer_metres: Count | None
    accuracy_metres_max: Count | None
    attempts_max: Count | None


class PaymentRules(Section, frozen=True, kw_only=True):
    """How money goes in and out.

    `failed_deposits_max` failures within `failed_deposits_minutes` block deposits.
    """

    withdrawal_cancellable: bool
    closed_loop: bool
    own_instruments_only: bool
    auto_payout_offered: bool
    failed_deposits_max: Count | None
    failed_deposits_minutes: Count | None


class RetentionRules(Section, frozen=True, kw_only=True):
    """How long a player's data is kept once the account is closed, in whole years.

    `online_months_min`: how long records must be at hand without a restore.
    """

    years_after_closure: Annotated[int, msgspec.Meta(ge=0, le=100)]
    online_months_min: Count | None


class ReportingRules(Section, frozen=True, kw_only=True):
    """What the regulator is told, how and how often."""

    channel: Channel | None
    cadence: tuple[Cadence, ...]
    format: ReportFormat | None
    player_id: ReportedPlayer | None
    records_per_file_max: Count | None


class PasswordRules(Section, frozen=True, kw_only=True):
    """How long a player's password must and may be, in characters."""

    length_min: Count
    length_max: Count


class Shortfall(StrEnum):
    """Who bears what a correction takes back and the player does not have any more."""

    RECEIVABLE = "receivable"
    ABSORB = "absorb"


class SportsbookRules(Section, frozen=True, kw_only=True):
    """What one bet may stake and return, in micros of the player's currency, and what in play.

    `shortfall` says who bears what a corrected settlement takes back and is not there: the player
    owes it, or the house absorbs it.
    `each_way_terms` and `rule4_table` are for races; `free_bets` and `price_boosts` may be given or
    not; `same_event` is the policy of combinations from one event, which are not sold without one.
    """

    stake_micros_min: Micros
    stake_micros_max: Micros
    returns_micros_max: Micros
    rounding: Rounding
    shortfall: Shortfall
    in_play_allowed: bool
    in_play_kinds: tuple[InPlayKind, ...]
    in_play_notice: bool
    each_way_terms: EachWayTerms | None
    rule4_table: Rule4 | None
    free_bets: bool
    price_boosts: bool
    same_event: SameEvent | None

    def offers_in_play(self, kind: str) -> bool:
        """Say whether this kind of market may be bet on while its event is under way."""
        return self.in_play_allowed and (
            InPlayKind.EVERY in self.in_play_kinds or kind in self.in_play_kinds
        )


class GamesRules(Section, frozen=True, kw_only=True):
    """What one stake in a game may be, in micros of the player's currency, and how fast it goes.

    `rewards` may be given to players: free stakes, which are an inducement to play.
    """

    stake_micros_min: Micros
    stake_micros_max: Micros
    stake_caps: tuple[StakeCap, ...]
    cycle_ms_min_slots: Count | None
    cycle_ms_min_others: Count | None
    autoplay: bool
    one_at_a_time: bool
    odds_shown: bool
    session_planned: bool
    rewards: bool


class Jurisdiction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rulebook of one licence.

    `rules_version` changes with every byte of the file.  `citations` names the source of each
    value, under `section.key`.
    """

    code: str
    rules_version: str
    citations: Mapping[str, Citation]

    licence: LicenceRules
    registration: RegistrationRules
    verification: VerificationRules
    sessions: SessionRules
    password: PasswordRules
    limits: LimitRules
    breaks: BreakRules
    reality_check: RealityCheckRules
    exclusion: ExclusionRules
    location: LocationRules
    payments: PaymentRules
    sportsbook: SportsbookRules
    games: GamesRules
    retention: RetentionRules
    reporting: ReportingRules

    @property
    def is_licence(self) -> bool:
        """Whether a regulator stands behind it: nobody issued the demonstration's."""
        return self.licence.regulator != NO_REGULATOR

    def wagering(self, product: Product) -> SportsbookRules | GamesRules:
        """Return what a stake on this product may be."""
        match product:
            case Product.SPORTSBOOK:
                return self.sportsbook
            case Product.GAMES:
                return self.games

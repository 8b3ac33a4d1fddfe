"""Values that each may stand and together make no sense are refused, by file and key."""

from __future__ import annotations

import pytest

from pitboss.jurisdictions.errors import LicenceMalformed
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.jurisdictions.rules import read_licence
from unit.jurisdictions.texts import LICENCES, saying

CAP = (
    '[{ kind = "deposit", period = "month", micros = 1, currency = "GBP", minutes = "none",'
    ' age_from = "none", age_below = "none", lifted_by = "nothing" }]'
)
STAKE = '[{ micros = 1, currency = "GBP", age_from = "none", age_below = "none" }]'


def read(code: str, *changes: tuple[str, str]) -> Jurisdiction:
    text = LICENCES[code]
    for key, value in changes:
        text = saying(text, key, value)
    return read_licence(code, text, file=f"{code}.toml")


@pytest.mark.parametrize(
    ("code", "changes", "key", "message"),
    [
        ("GB", [("licence.currencies", '["GBP", "GBP"]')], "licence.currencies", "twice"),
        ("GB", [("licence.products", "[]")], "licence.products", "length >= 1"),
        ("GB", [("licence.time_zone", '"Europe/Loondon"')], "licence.time_zone", "no time zone"),
        ("GB", [("licence.time_zone", '"/etc/passwd"')], "licence.time_zone", "no time zone"),
        ("GB", [("licence.time_zone", '"Europe"')], "licence.time_zone", "no time zone"),
        (
            "GB",
            [("verification.before_deposit", "true"), ("verification.hours_max", "72")],
            "verification.hours_max",
            "no hours run",
        ),
        ("GB", [("sessions.elsewhere_gap_minutes", "5")], "sessions.elsewhere_gap_minutes", "not"),
        ("GB", [("sessions.minutes_max", "10")], "sessions.idle_minutes_max", "longest session"),
        ("GB", [("sessions.idle_minutes_max", "1441")], "sessions.idle_minutes_max", "above a day"),
        (
            "NJ",
            [("payments.failed_deposits_max", '"none"')],
            "payments.failed_deposits_minutes",
            "goes with",
        ),
        ("GB", [("sportsbook.in_play_allowed", "false")], "sportsbook.in_play_kinds", "only if"),
        ("GB", [("sportsbook.in_play_kinds", "[]")], "sportsbook.in_play_kinds", "only if"),
        (
            "GB",
            [("limits.mandatory_before_play", '["balance"]')],
            "limits.mandatory_before_play",
            "balance is not among",
        ),
        (
            "GB",
            [("limits.mandatory_before_deposit", '["balance"]')],
            "limits.mandatory_before_deposit",
            "balance is not among",
        ),
        ("GB", [("limits.periods", "[]")], "limits.periods", "adds up"),
        ("GB", [("limits.kinds", '["balance"]')], "limits.periods", "adds up"),
        (
            "GB",
            [("limits.increase_confirmed_by", '"nobody"')],
            "limits.increase_confirm_hours",
            "nobody confirms",
        ),
        ("GB", [("limits.caps", CAP.replace('"month"', '"none"'))], "limits.caps", "period"),
        ("GB", [("limits.caps", CAP.replace('"deposit"', '"balance"'))], "limits.caps", "period"),
        ("GB", [("limits.caps", CAP.replace("micros = 1", 'micros = "none"'))], "limits.caps", ""),
        ("GB", [("limits.caps", CAP.replace('"GBP"', '"none"'))], "limits.caps", "micros of a"),
        (
            "GB",
            [("limits.caps", CAP.replace('minutes = "none"', "minutes = 5"))],
            "limits.caps",
            "",
        ),
        (
            "GB",
            [("limits.caps", CAP.replace('"deposit"', '"session_time"'))],
            "limits.caps",
            "session_time",
        ),
        ("GB", [("limits.caps", CAP.replace('"GBP"', '"EUR"'))], "limits.caps", "players have GBP"),
        (
            "demo",
            [("limits.caps", CAP)],
            "limits.caps",
            "has amounts in GBP; players have EUR, GBP",
        ),
        (
            "GB",
            [
                (
                    "limits.caps",
                    CAP.replace('age_from = "none"', "age_from = 30").replace(
                        'age_below = "none"', "age_below = 30"
                    ),
                )
            ],
            "limits.caps",
            "nobody is from 30 and below 30",
        ),
        ("GB", [("limits.caps", CAP.replace("lifted_by", "lifted"))], "limits.caps", "lifted"),
        ("SE", [("limits.contact_above", CAP)], "limits.contact_above", "lifted_by"),
        ("GB", [("games.stake_caps", STAKE.replace("GBP", "EUR"))], "games.stake_caps", "players"),
        ("demo", [("games.stake_caps", STAKE)], "games.stake_caps", "players have EUR, GBP"),
        ("GB", [("breaks.time_out_hours_min", "2_000")], "breaks.time_out_hours_min", "above"),
        ("ON", [("breaks.time_out_hours_min", "48")], "breaks.time_out_hours_min", "above"),
        ("ON", [("breaks.time_out_hours_max", "48")], "breaks.time_out_hours_choices", "above"),
        ("DE", [("breaks.mandatory_minutes", '"none"')], "breaks.mandatory_minutes", "goes with"),
        ("PA", [("reality_check.minutes_default", "45")], "reality_check.minutes_default", "among"),
        (
            "PA",
            [
                ("reality_check.minutes_default", '"none"'),
                ("reality_check.minutes_choices", "[]"),
            ],
            "reality_check.answer_required",
            "nothing is ever asked",
        ),
        ("PA", [("reality_check.shows", "[]")], "reality_check.shows", "if, and only if"),
        ("GB", [("exclusion.months_min", "61")], "exclusion.months_choices", "below months_min"),
        ("GB", [("exclusion.months_choices", "[]")], "exclusion.months_choices", "no term"),
        ("PA", [("exclusion.indefinite", "false")], "exclusion.indefinite_lift", "only if"),
        ("GB", [("exclusion.indefinite", "true")], "exclusion.indefinite_lift", "only if"),
        (
            "PA",
            [("exclusion.indefinite_months_min", "12")],
            "exclusion.indefinite_months_min",
            "no",
        ),
        ("GB", [("exclusion.indefinite_wait_hours", "1")], "exclusion.indefinite_wait_hours", "no"),
        ("GB", [("exclusion.registers", "[]")], "exclusion.register_checked_at", "only if"),
        ("GB", [("exclusion.register_checked_at", "[]")], "exclusion.register_checked_at", "only"),
        ("MT", [("exclusion.lift", '"by_register"')], "exclusion.lift", "no register"),
        ("GB", [("exclusion.lift", '"never"')], "exclusion.lift", "ends"),
        (
            "GB",
            [("exclusion.open_bets", '"void_all"'), ("exclusion.open_bet_wins", '"withhold"')],
            "exclusion.open_bet_wins",
            "none can win",
        ),
        ("NJ", [("location.area", '"none"')], "location.area", "only if"),
        ("MT", [("location.area", '"MT"')], "location.area", "only if"),
        ("GB", [("location.buffer_metres", "5")], "location.buffer_metres", "no coordinates"),
        ("NJ", [("location.recheck_seconds", '"none"')], "location.recheck_seconds", "ages"),
        ("NJ", [("location.accuracy_metres_max", '"none"')], "location.recheck_seconds", "exact"),
        ("MT", [("location.recheck_seconds", "5")], "location.recheck_seconds", "nothing is"),
        ("MT", [("location.login_rechecks", "true")], "location.login_rechecks", "nothing is"),
        (
            "NJ",
            [("location.near_border_metres", '"none"')],
            "location.near_border_recheck_seconds",
            "goes with",
        ),
        (
            "NJ",
            [("location.near_border_recheck_seconds", "1_201")],
            "location.near_border_recheck_seconds",
            "longer than recheck_seconds",
        ),
    ],
)
def test_what_makes_no_sense_together_is_refused(
    code: str, changes: list[tuple[str, str]], key: str, message: str
) -> None:
    with pytest.raises(LicenceMalformed) as caught:
        read(code, *changes)

    assert caught.value.file == f"{code}.toml"
    assert caught.value.key.startswith(key)
    assert message in str(caught.value)


def test_a_cap_in_each_currency_of_players_is_read() -> None:
    both = CAP.replace(" }]", " }, ") + CAP.replace("GBP", "EUR").removeprefix("[")

    caps = read("demo", ("limits.caps", both)).limits.caps

    assert [(cap.micros, cap.currency) for cap in caps] == [(1, "GBP"), (1, "EUR")]
    assert (caps[0].minutes, caps[0].age_from, caps[0].age_below) == (None, None, None)


def test_a_cap_may_be_for_an_age_and_above() -> None:
    (cap,) = read("GB", ("limits.caps", CAP.replace('from = "none"', "from = 30"))).limits.caps

    assert [age for age in (18, 29, 30, 99) if cap.is_for(age)] == [30, 99]


def test_a_cap_of_time_is_read_in_minutes() -> None:
    time = (
        CAP.replace('"deposit"', '"session_time"')
        .replace("micros = 1", 'micros = "none"')
        .replace('"GBP"', '"none"')
        .replace('minutes = "none"', "minutes = 600")
    )

    (cap,) = read("GB", ("limits.caps", time)).limits.caps

    assert (cap.minutes, cap.micros, cap.currency) == (600, None, None)


def test_none_is_no_word_where_a_value_must_be() -> None:
    with pytest.raises(LicenceMalformed) as caught:
        read("GB", ("limits.scope", '"none"'))

    assert caught.value.key == "limits.scope"

"""Codes against the published vectors; counters of security keys."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.players.factors import rules
from pitboss.players.factors.model import SecurityKey
from pitboss.players.personal.model import PersonalKeys

NOW = datetime(2024, 5, 19, 15, 0, tzinfo=UTC)
ANN = PlayerId(derived_id("player", "ann"))
KEYS = PersonalKeys(master=bytes(32), index=bytes(range(32)))
SEED = b"12345678901234567890"


# RFC 6238, appendix B; there with eight digits, of which these are the last six.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)

    assert rules.totp(SEED, seconds // 30) == code
    assert rules.step_of(SEED, code, last_step=0, now=now) == seconds // 30


def test_a_code_is_good_a_step_early_and_a_step_late_and_once() -> None:
    step = int(NOW.timestamp()) // 30
    for away in range(-3, 4):
        found = rules.step_of(SEED, rules.totp(SEED, step + away), last_step=0, now=NOW)
        assert found == (step + away if abs(away) <= 1 else None)
    assert rules.step_of(SEED, rules.totp(SEED, step), last_step=step, now=NOW) is None
    assert rules.step_of(SEED, rules.totp(SEED, step - 1), last_step=step, now=NOW) is None


@pytest.mark.parametrize(
    "text",
    [None, "", "12345", "1234567", "12345a", "\uff11\uff12\uff13\uff14\uff15\uff16", "123 456"],
)
def test_what_is_no_code_is_none(text: str | None) -> None:
    assert rules.step_of(SEED, text, last_step=0, now=NOW) is None


def test_a_recovery_code_is_read_as_people_write_it() -> None:
    code = rules.write_recovery_code(bytes(range(10)))
    digest = rules.recovery_digest(KEYS, ANN, code)

    assert len(code) == 19
    assert digest is not None
    for written in (code.lower(), code.replace("-", ""), f" {code} ".replace("-", " ")):
        assert rules.recovery_digest(KEYS, ANN, written) == digest
    assert rules.recovery_digest(KEYS, PlayerId(derived_id("bob")), code) != digest
    assert rules.recovery_digest(KEYS, ANN, "no code") is None


@pytest.mark.parametrize(
    ("before", "after", "believed"),
    [(0, 0, True), (0, 1, True), (5, 6, True), (5, 5, False), (5, 4, False), (5, 0, False)],
)
def test_a_counter_that_does_not_grow_is_of_a_second_key_unless_it_never_counts(
    before: int, after: int, believed: bool
) -> None:
    key = SecurityKey(
        player_id=ANN, credential_id=b"k", public_key=b"p", counter=before, added_at=NOW
    )

    assert rules.counts_on(key, after) == believed

"""The sandbox's dice: the same seed and payment have the same fate, and faults have their share."""

from __future__ import annotations

from pitboss.kernel.ids import derived_id
from pitboss.sandbox.fates import Fate, Status, Temper, draw_fate

TEMPER = Temper(seed=7)
MANY = [derived_id("payment", str(number)) for number in range(2_000)]


def fates(temper: Temper, amount: str = "10.00") -> list[Fate]:
    return [draw_fate(temper, payment_id, amount) for payment_id in MANY]


def test_a_fate_follows_from_the_seed_and_the_payment_alone() -> None:
    forwards = [draw_fate(TEMPER, payment_id, "10.00") for payment_id in MANY]
    backwards = [draw_fate(TEMPER, payment_id, "10.00") for payment_id in reversed(MANY)]

    assert forwards == backwards[::-1]
    assert forwards != fates(Temper(seed=8))


def test_amounts_that_end_in_thirteen_cents_always_fail() -> None:
    assert {fate.outcome for fate in fates(TEMPER, "10.13")} == {Status.FAILED}


def test_amounts_that_end_in_seventeen_cents_are_declined_and_never_spoken_of() -> None:
    declined = fates(TEMPER, "10.17")

    assert all(fate.declined and not fate.tellings for fate in declined)
    assert not any(fate.declined for fate in fates(TEMPER))


def test_nothing_goes_wrong_in_a_sandbox_without_faults() -> None:
    calm = Temper(failure_share=0, repeat_share=0, disorder_share=0, late_share=0)

    for fate in fates(calm):
        pending, end = fate.tellings
        assert (pending.status, end.status) == (Status.PENDING, Status.SUCCEEDED)
        assert 0 <= pending.after_ms <= end.after_ms <= calm.delay_ms_max


def test_every_kind_of_trouble_happens_about_as_often_as_asked() -> None:
    drawn = fates(Temper(failure_share=0.3, repeat_share=0.3, disorder_share=0.3, late_share=0.3))

    def share(happened: int, of: int = len(MANY)) -> float:
        return happened / of

    failed = sum(fate.outcome is Status.FAILED for fate in drawn)
    repeated = sum(len(fate.tellings) - 2 for fate in drawn)
    disordered = sum(fate.tellings[0].after_ms >= fate.decided_ms for fate in drawn)
    late = sum(fate.tellings[1].after_ms > fate.decided_ms for fate in drawn)
    assert abs(share(failed) - 0.3) < 0.05
    assert abs(share(repeated, 2 * len(MANY)) - 0.3) < 0.05
    assert abs(share(disordered) - 0.3) < 0.05
    assert abs(share(late) - 0.3) < 0.05


def test_a_repeat_is_the_same_event_told_later() -> None:
    for fate in fates(Temper(repeat_share=1)):
        pending, end, pending_again, end_again = fate.tellings
        assert pending.event_id == pending_again.event_id != end.event_id == end_again.event_id
        assert pending.after_ms <= pending_again.after_ms
        assert [telling.number for telling in fate.tellings] == [0, 1, 2, 3]


def test_an_outcome_is_known_from_its_moment_on() -> None:
    fate = draw_fate(TEMPER, MANY[0], "10.00")

    assert fate.status(fate.decided_ms - 1) is Status.PENDING
    assert fate.status(fate.decided_ms) is fate.outcome

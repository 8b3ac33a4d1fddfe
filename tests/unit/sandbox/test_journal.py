"""What the sandbox remembers outlives it, even a crash in the middle of a line."""

from __future__ import annotations

from pathlib import Path

from pitboss.kernel.ids import derived_id
from pitboss.sandbox.journal import Journal, Taken, Told

ONE = Taken(
    payment_id=derived_id("payment", "1"), kind="deposit", amount="5.00", currency="GBP", taken_ms=1
)
TOLD = Told(payment_id=ONE.payment_id, number=0)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    first = Journal(tmp_path / "deep" / "journal")
    first.take(ONE)
    first.note(TOLD)
    first.close()

    again = Journal(tmp_path / "deep" / "journal")

    assert again.payments == {ONE.payment_id: ONE}
    assert again.told == {(ONE.payment_id, 0)}
    again.close()


def test_a_line_that_was_cut_off_never_counted(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    first = Journal(path)
    first.take(ONE)
    first.close()
    whole = path.read_bytes()

    for cut in range(1, len(whole)):
        path.write_bytes(whole + whole[:cut])
        again = Journal(path)
        again.note(TOLD)
        again.close()
        last = Journal(path)
        last.close()

        assert (last.payments, last.told) == ({ONE.payment_id: ONE}, {(ONE.payment_id, 0)})


def test_the_same_wish_at_another_time_is_the_same() -> None:
    later = Taken(
        payment_id=ONE.payment_id, kind="deposit", amount="5.00", currency="GBP", taken_ms=2
    )
    dearer = Taken(
        payment_id=ONE.payment_id, kind="deposit", amount="6.00", currency="GBP", taken_ms=1
    )

    assert ONE.is_same(later)
    assert not ONE.is_same(dearer)

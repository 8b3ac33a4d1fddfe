"""What payment providers tell: believed if they signed it, and once."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from integration.api.desk import SIGNING, Desk, news
from integration.api.rows import count_rows
from pitboss.kernel.ids import derived_id
from pitboss.sandbox.couriers import SIGNATURE_HEADER, sign

NO_PAYMENT = {
    "payment_id": derived_id("no payment"),
    "kind": "deposit",
    "amount": "1.00",
    "currency": "EUR",
}


async def test_told_again_it_changes_nothing(desk: Desk) -> None:
    player = await desk.player()
    payment = (await desk.deposit(player, "40.00")).json()

    first = await desk.tell(news(payment))
    between = await count_rows(desk.database)
    again = await desk.tell(news(payment))

    assert first.json() == again.json() == {"believed": True, "refusal": None}
    assert (await desk.look(player, "/v1/me/wallet"))["posted"] == "40.00"
    assert await count_rows(desk.database) == between


async def test_what_contradicts_itself_is_not_believed(desk: Desk) -> None:
    player = await desk.player()
    payment = (await desk.deposit(player, "40.00")).json()
    await desk.tell(news(payment, "failed"))

    late = await desk.tell(news(payment, "succeeded"))

    assert late.json() == {"believed": False, "refusal": "contradicts_outcome"}
    assert (await desk.look(player, "/v1/me/wallet"))["posted"] == "0.00"


async def test_news_of_no_payment_of_ours_is_kept_and_not_believed(desk: Desk) -> None:
    answer = await desk.tell(news(NO_PAYMENT))

    assert (answer.status, answer.json()["refusal"]) == (200, "unknown_payment")


async def test_another_amount_is_not_believed(desk: Desk) -> None:
    player = await desk.player()
    payment = (await desk.deposit(player, "40.00")).json()

    answer = await desk.tell({**news(payment), "amount": "400.00"})

    assert answer.json() == {"believed": False, "refusal": "wrong_amount"}
    assert (await desk.look(player, "/v1/me/wallet"))["posted"] == "0.00"


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
async def test_a_signature_of_another_time_is_refused(shared_desk: Desk, age: timedelta) -> None:
    body = msgspec.json.encode({})
    header = {SIGNATURE_HEADER.lower(): sign(SIGNING, body, at=shared_desk.wall.now() - age)}

    answer = await shared_desk.client.ask("POST", "/v1/webhooks/sandbox", raw=body, headers=header)

    assert (answer.status, answer.slug) == (401, "signature_refused")


@pytest.mark.parametrize(
    "header", ["", "x", "t=1", "t=1,v1=", "t=x,v1=00", "v1=" + "0" * 64, "t=1," * 400, "\xff"]
)
async def test_what_is_not_signed_is_refused(shared_desk: Desk, header: str) -> None:
    before = await count_rows(shared_desk.database)

    answer = await shared_desk.client.ask(
        "POST", "/v1/webhooks/sandbox", raw=b"{}", headers={SIGNATURE_HEADER.lower(): header}
    )

    assert (answer.status, answer.slug) == (401, "signature_refused")
    assert await count_rows(shared_desk.database) == before


async def test_another_secret_and_another_body_are_refused(desk: Desk) -> None:
    player = await desk.player()
    payment = (await desk.deposit(player, "40.00")).json()
    body = msgspec.json.encode(news(payment))
    header = {SIGNATURE_HEADER.lower(): sign(SIGNING, body, at=desk.wall.now())}
    dearer = body.replace(b"40.00", b"90.00")

    other_secret = await desk.tell(news(payment), secret=b"somebody else's")
    other_body = await desk.client.ask("POST", "/v1/webhooks/sandbox", raw=dearer, headers=header)

    assert (other_secret.status, other_body.status) == (401, 401)
    assert (await desk.look(player, "/v1/me/wallet"))["posted"] == "0.00"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"payment_id": "x"}, "payment_id"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"currency": "XXX"}, "currency"),
        ({"reference": "a b"}, "reference"),
        ({"reference": "\x00"}, "reference"),
        ({"event_id": ""}, "event_id"),
        ({"kind": "gift"}, "kind"),
        ({"status": "perhaps"}, "status"),
        ({"status": 5}, "status"),
    ],
)
async def test_what_is_signed_and_cannot_be_read_names_its_field(
    shared_desk: Desk, changed: dict[str, object], field: str
) -> None:
    answer = await shared_desk.tell({**news(NO_PAYMENT), **changed})

    assert (answer.status, answer.fields) == (422, [field])


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"[" * 30_000])
async def test_what_is_signed_and_is_not_json_is_malformed(shared_desk: Desk, body: bytes) -> None:
    header = {SIGNATURE_HEADER.lower(): sign(SIGNING, body, at=shared_desk.wall.now())}

    answer = await shared_desk.client.ask("POST", "/v1/webhooks/sandbox", raw=body, headers=header)

    assert answer.status in {400, 422}
    assert answer.fields == ["body"]


async def test_a_webhook_that_is_too_long_is_not_read(shared_desk: Desk) -> None:
    for raw in (b"x" * 70_000, [b"x" * 35_000, b"x" * 35_000]):
        answer = await shared_desk.client.ask("POST", "/v1/webhooks/sandbox", raw=raw)

        assert (answer.status, answer.fields) == (413, ["body"])

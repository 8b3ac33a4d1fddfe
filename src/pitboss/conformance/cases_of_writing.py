"""The cases 1 to 7: who is let in, and what can be read at all."""

from __future__ import annotations

import base64
import json
from decimal import Decimal

from pitboss.conformance.casebook import (
    A,
    C,
    bet,
    case,
    expect_balance,
    expect_no,
    expect_yes,
    undo,
)
from pitboss.conformance.model import Move, Scene, Wrong


@case("1", "a wrong signature is refused and nothing is booked")
async def wrong_signature(scene: Scene) -> None:
    """Sign something else, or nothing, or in another alphabet."""
    stake, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, stake, ref))
    before = await scene.has()
    for move in _of_each_kind(scene, stake):
        path, body = scene.speaker.written(scene.account, ref, move)
        raw = json.dumps(body).encode()
        for signature in ("0" * 64, base64.b64encode(b"x" * 32).decode(), "none", "A" * 64):
            said = await scene.speaker.send(path, raw, signature=signature)
            expect_no(said, Wrong.SIGNATURE)
        if scene.speaker.protocol is not C:
            again = json.dumps(body, indent=1).encode()
            expect_no(await scene.speaker.send(path, again, sign=raw), Wrong.SIGNATURE)
    await expect_balance(scene, before)
    expect_yes(await undo(scene, scene.fresh(), stake, ref))


@case("2", "a missing signature is refused")
async def missing_signature(scene: Scene) -> None:
    """Send none."""
    stake, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, stake, ref))
    before = await scene.has()
    for move in _of_each_kind(scene, stake):
        path, body = scene.speaker.written(scene.account, ref, move)
        said = await scene.speaker.send(path, json.dumps(body).encode(), signature=None)
        expect_no(said, Wrong.SIGNATURE)
    await expect_balance(scene, before)
    expect_yes(await undo(scene, scene.fresh(), stake, ref))


def _of_each_kind(scene: Scene, stake: str) -> list[Move]:
    """Return a bet, and a win and a rollback of another: who signs one of them signs all."""
    return [
        Move(kind="bet", id=scene.fresh(), amount=scene.unit),
        Move(kind="win", id=scene.fresh(), original=stake, amount=scene.unit),
        Move(kind="rollback", id=scene.fresh(), original=stake),
    ]


@case("3", "key order, spaces and unicode escapes are the sender's; raw bytes are signed")
async def hostile_writing(scene: Scene) -> None:
    """Write the same in another way."""
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    path, body = scene.speaker.written(
        scene.account, ref, Move(kind="bet", id=name, amount=scene.unit)
    )
    turned = dict(reversed(body.items()))
    raw = json.dumps(turned, indent=3).replace('"currency"', '"\\u0063urrency"').encode()
    expect_yes(await scene.speaker.send(path, raw))
    await expect_balance(scene, before - scene.unit)
    await undo(scene, scene.fresh(), name, ref)


@case("3a", "a member that is there twice is refused")
async def doubled_member(scene: Scene) -> None:
    """Say the currency twice."""
    before = await scene.has()
    path, body = scene.speaker.written(
        scene.account, scene.fresh(), Move(kind="bet", id=scene.fresh(), amount=scene.unit)
    )
    raw = json.dumps(body)
    raw = raw[:-1] + f', "currency": "{scene.account.currency}"}}'
    expect_no(await scene.speaker.send(path, raw.encode()), Wrong.REQUEST)
    await expect_balance(scene, before)


@case("4", "a body of more than 64 KiB is refused")
async def long_body(scene: Scene) -> None:
    """Send much of nothing."""
    before = await scene.has()
    path, body = scene.speaker.written(
        scene.account, scene.fresh(), Move(kind="bet", id=scene.fresh(), amount=scene.unit)
    )
    raw = json.dumps({**body, "padding": "x" * 70_000}).encode()
    expect_no(await scene.speaker.send(path, raw))
    await expect_balance(scene, before)


@case("4a", "what is no JSON is refused in the protocol's words")
async def no_json(scene: Scene) -> None:
    """Send what is not JSON, or no object."""
    path, _ = scene.speaker.written(
        scene.account, scene.fresh(), Move(kind="bet", id=scene.fresh(), amount=scene.unit)
    )
    for raw in (b"", b"{", b"[]", b"\xff\xfe{\x00}", b'{"a":NaN}', b"[" * 5_000, b'"\\ud800"'):
        said = await scene.speaker.send(path, raw)
        expect_no(said, Wrong.REQUEST)


@case("5", "amounts that are none are refused before any arithmetic")
async def bad_amounts(scene: Scene) -> None:
    """Write amounts that are below zero, too fine, too large, or not numbers: of bets, of wins."""
    stake, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, stake, ref))
    before = await scene.has()
    for move in _of_each_kind(scene, stake)[:2]:
        path, body = scene.speaker.written(scene.account, ref, move)
        for amount in ("-1", "1E2000000000", "0.00000000000000001", "", "NaN", "1,5", "9" * 39):
            for written in (json.dumps(amount), amount):
                raw = scene.speaker.spoiled(body, written)
                if raw is not None:
                    expect_no(await scene.speaker.send(path, raw), Wrong.REQUEST)
    await expect_balance(scene, before)
    expect_yes(await undo(scene, scene.fresh(), stake, ref))


@case("5a", "a stake of nothing is refused where it has no sense", A)
async def zero_amount(scene: Scene) -> None:
    """Stake nothing."""
    expect_no(await bet(scene, scene.fresh(), scene.fresh(), Decimal(0)), Wrong.REQUEST)


@case("6", "another currency than the wallet's is refused")
async def other_currency(scene: Scene) -> None:
    """Write it in small letters, or another one, or one that is none."""
    before = await scene.has()
    path, body = scene.speaker.written(
        scene.account, scene.fresh(), Move(kind="bet", id=scene.fresh(), amount=scene.unit)
    )
    for code in (scene.account.currency.lower(), "XTS", "CUSTOM_NONE"):
        raw = json.dumps({**body, "currency": code}).encode()
        expect_no(await scene.speaker.send(path, raw), Wrong.CURRENCY, Wrong.REQUEST)
    await expect_balance(scene, before)


@case("7", "fields that nobody knows are tolerated")
async def unknown_fields(scene: Scene) -> None:
    """Add some."""
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    path, body = scene.speaker.written(
        scene.account, ref, Move(kind="bet", id=name, amount=scene.unit)
    )
    raw = json.dumps({**body, "of_tomorrow": {"a": [1, None]}}).encode()
    expect_yes(await scene.speaker.send(path, raw))
    await expect_balance(scene, before - scene.unit)
    expect_yes(await undo(scene, scene.fresh(), name, ref))

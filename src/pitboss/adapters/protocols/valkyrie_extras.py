"""What Valkyrie says of a transaction beside its amounts: promotions, jackpots, tips, a code.

It decides nothing, and a win is not refused for it: what has not the shape that the protocol gives
it is left out.  What is kept is told again to who looks the transaction up.
Source: valkyrie-fnd/valkyrie, pam/pam_api.yml.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pitboss.adapters.protocols.reading import Misshapen, micros_of_number
from pitboss.games.rounds.model import SAID_BYTES_MAX
from pitboss.kernel.money import MICROS_PER_UNIT

# As the protocol has it for ids and for what promotions and jackpots say.
TEXT_LENGTH_MAX = 40
# More than any vendor is known to send, and with all their texts still less than is kept.
ITEMS_MAX = 20

_PROMO_TEXTS = (
    *("promoType", "promoName", "promoStatus", "promoReference", "promoCode", "promoConfigRef"),
    *("promoAwardRef", "currency"),
)
_PROMO_AMOUNTS = ("promoAmount", "promoAmountTotal")
_JACKPOT_TEXTS = ("jackpotId", "jackpotReference")
_JACKPOT_AMOUNTS = ("jackpotAmount",)
_BUCKET_TEXTS = ("bucketType", "bucketReference", "currency")
_BUCKET_AMOUNTS = ("bucketAmount",)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def extras_of(body: Mapping[str, Any]) -> str | None:
    """Return what a transaction says beside its amounts, as a JSON object; None if it is nothing.

    What does not fit is left out, a member at a time.
    """
    kept: dict[str, Any] = {}
    for name, found in (
        ("promos", _items(body.get("promos"), _PROMO_TEXTS, _PROMO_AMOUNTS)),
        ("jackpots", _jackpots(body.get("jackpots"))),
        ("tip", _item(body.get("tip"), (), ("tipAmount",))),
        ("betCode", _item(body, ("betCode",), ()).get("betCode")),
    ):
        if found and len(_encode({**kept, name: found})) <= SAID_BYTES_MAX:
            kept[name] = found
    return _encode(kept).decode() if kept else None


def told_of(said: str) -> dict[str, msgspec.Raw]:
    """Return the members of what was kept, as they are told again."""
    return _decode(said)


def money(micros: int) -> msgspec.Raw:
    """Return an amount as the protocol writes it: a number with six decimals, never below zero."""
    whole, part = divmod(max(micros, 0), MICROS_PER_UNIT)
    return msgspec.Raw(b"%d.%06d" % (whole, part))


def _jackpots(found: object) -> list[dict[str, Any]]:
    kept = []
    for item in _objects(found):
        told = _item(item, _JACKPOT_TEXTS, _JACKPOT_AMOUNTS)
        buckets = _items(item.get("jackpotBuckets"), _BUCKET_TEXTS, _BUCKET_AMOUNTS)
        if buckets:
            told["jackpotBuckets"] = buckets
        if told:
            kept.append(told)
    return kept


def _items(found: object, texts: tuple[str, ...], amounts: tuple[str, ...]) -> list[dict[str, Any]]:
    return [kept for item in _objects(found) if (kept := _item(item, texts, amounts))]


def _objects(found: object) -> list[dict[str, Any]]:
    if not isinstance(found, list):
        return []
    return [item for item in found[:ITEMS_MAX] if isinstance(item, dict)]


def _item(found: object, texts: tuple[str, ...], amounts: tuple[str, ...]) -> dict[str, Any]:
    """Return those members of an object that have the shape of a text or of an amount."""
    if not isinstance(found, Mapping):
        return {}
    kept: dict[str, Any] = {}
    for name in texts:
        text = found.get(name)
        # What is not printable is no UTF-8, or no text of the database's.
        if isinstance(text, str) and 1 <= len(text) <= TEXT_LENGTH_MAX and text.isprintable():
            kept[name] = text
    for name in amounts:
        try:
            kept[name] = money(micros_of_number(found.get(name), name))
        except Misshapen:
            continue
    return kept

"""Which of the Unified Odds Feed's markets are which of ours: data, read once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from typing import Any

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook.catalog.model import parse_line, write_line
from pitboss.sportsbook.feeds.errors import Unreadable
from pitboss.sportsbook.feeds.model import ForeignMarket, MarketRef, Reason
from pitboss.sportsbook.registry.model import OWN_LINE, write_decimal

SPECIFIERS_MAX = 16
_ALL = "all"
_LINE = "line"
_VARIANT = "variant"
_ID = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"-?[0-9]{1,4}(?:\.[0-9]{1,2})?")
_NAME = re.compile(r"[A-Za-z0-9_]{1,40}")
_VALUE = re.compile(r"[^|=\x00-\x1f]{1,120}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A market of the feed's that is a kind of ours.

    `specifiers` says which of the feed's is which of ours, `fixed` what ours are besides, and
    `variant` of which of the feed's lists of answers this is, of a market that has several.
    """

    id: str
    kind: str
    groups: frozenset[str]
    selections: Mapping[str, str]
    variant: str = ""
    specifiers: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)


class Dictionary:
    """Translates the feed's names of markets and selections."""

    def __init__(self, mapped: Collection[Mapped]) -> None:
        self._mapped = {(item.id, item.variant): item for item in mapped}

    def read_market(self, market_id: str | None, specifiers: str | None) -> MarketRef:
        """Return which market this is; its kind is None if it is none of ours.

        Raises:
            Unreadable: it is no name of a market.
        """
        return _read_market(self, market_id or "", specifiers or "")

    def find_code(self, ref: MarketRef, outcome_id: str) -> str | None:
        """Return our code of a selection, if it is one of a market of ours."""
        if ref.kind is None:
            return None
        market_id, _, rest = ref.foreign.partition("?")
        variant = read_specifiers(rest).get(_VARIANT, "") if _VARIANT in rest else ""
        mapped = self._mapped.get((market_id, variant))
        return None if mapped is None else mapped.selections.get(outcome_id)

    def kinds_of(self, groups: Collection[str]) -> tuple[str, ...] | None:
        """Return the kinds of markets that these groups name; None is all of them.

        A group that no market of ours is in may be one that we have not heard of: that is all.
        """
        named = set(groups) - {""}
        if not named or _ALL in named:
            return None
        known = frozenset[str]().union(*(item.groups for item in self._mapped.values()))
        if named - known:
            return None
        return tuple(sorted({item.kind for item in self._mapped.values() if item.groups & named}))

    def translate(self, market_id: str, given: Mapping[str, str]) -> tuple[str | None, str]:
        """Return our kind and specifiers of a market, or no kind."""
        mapped = self._mapped.get((market_id, given.get(_VARIANT, "")))
        named = given.keys() - {_VARIANT}
        if mapped is None or named != mapped.specifiers.keys():
            return None, ""
        ours = dict(mapped.fixed)
        try:
            for name in named:
                own = mapped.specifiers[name]
                ours[own] = _line(given[name], mapped.kind) if own == _LINE else given[name]
        except Malformed:
            return None, ""
        return mapped.kind, "|".join(f"{name}={ours[name]}" for name in sorted(ours))


def _line(text: str, kind: str) -> str:
    """Return a line as markets of this kind write it: `2.50` and `2.5` are one market."""
    if kind in OWN_LINE:
        return write_line(parse_line(text, kind)) or ""
    if not _DECIMAL.fullmatch(text):
        raise Malformed(_LINE, f"{text[:20]!r} is no line")
    return write_decimal(Fraction(text))


def load() -> Dictionary:
    """Return the dictionary that comes with pitboss."""
    return _load()


@lru_cache(maxsize=1)
def _load() -> Dictionary:
    text = resources.files(__package__).joinpath("uof_markets.toml").read_text(encoding="utf-8")
    return Dictionary([_mapped(item) for item in tomllib.loads(text)["market"]])


def _mapped(item: Mapping[str, Any]) -> Mapped:
    return Mapped(
        id=item["id"],
        kind=item["kind"],
        groups=frozenset(item["groups"]),
        selections=dict(item["selections"]),
        variant=item.get(_VARIANT, ""),
        specifiers=dict(item.get("specifiers", {})),
        fixed=dict(item.get("fixed", {})),
    )


# The same few thousand markets are named again and again.
@lru_cache(maxsize=65_536)
def _read_market(dictionary: Dictionary, market_id: str, specifiers: str) -> MarketRef:
    if not _ID.fullmatch(market_id):
        raise Unreadable(Reason.MALFORMED, f"{market_id[:20]!r} is no id of a market")
    given = read_specifiers(specifiers)
    foreign = "|".join(f"{name}={given[name]}" for name in sorted(given))
    kind, ours = dictionary.translate(market_id, given)
    named = f"{market_id}?{foreign}" if foreign else market_id
    return MarketRef(foreign=ForeignMarket(named), kind=kind, specifiers=ours)


def read_specifiers(text: str) -> dict[str, str]:
    """Return specifiers written `k=v|k=v`, in any order.

    Raises:
        Unreadable: they are none, or one of them is said twice.
    """
    given: dict[str, str] = {}
    parts = text.split("|") if text else []
    if len(parts) > SPECIFIERS_MAX:
        raise Unreadable(Reason.MALFORMED, f"over {SPECIFIERS_MAX} specifiers")
    for part in parts:
        name, _, value = part.partition("=")
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value) or name in given:
            raise Unreadable(Reason.MALFORMED, f"{text[:40]!r} are no specifiers")
        given[name] = value
    return given

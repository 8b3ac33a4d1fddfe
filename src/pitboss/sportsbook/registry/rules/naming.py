"""Which markets a kind knows: its sports, its specifiers, its selections.  Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook.registry.model import (
    ANY_SPORT,
    OWN_LINE,
    RUNNERS_MAX,
    Asked,
    FixedCodes,
    MarginCodes,
    NumberCodes,
    OrderCodes,
    Registry,
    RunnerCodes,
    ScoreCodes,
    Sport,
)

_SCORE = re.compile(r"(0|[1-9][0-9]?)-(0|[1-9][0-9]?)")
_MARGIN = re.compile(r"(home|away)_([1-9][0-9]{0,2})(?:(\+)|-([1-9][0-9]{0,2}))?")
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,2})(\+?)")
_RUNNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,39}")
_FOR_EVER = 1_000


def asked(
    registry: Registry,
    kind: str,
    *,
    sport: str,
    line: str | None,
    specifiers: Mapping[str, str],
    codes: Sequence[str],
    field: str,
) -> Asked:
    """Return a market as its rule sees it; a line of its own is one of its values.

    Raises:
        Malformed: there is no such kind, or its line stands elsewhere.
    """
    found = registry.kinds.get(kind)
    if found is None:
        raise Malformed(_of(field, "kind"), f"there is no kind of market {kind[:40]!r}")
    if (line is not None) is not (kind in OWN_LINE):
        raise Malformed(_of(field, "line"), f"does not fit the kind {kind}")
    values = dict(specifiers) if line is None else {**specifiers, "line": line}
    return Asked(kind=found, values=values, codes=tuple(codes), sport=sport)


def check(registry: Registry, market: Asked, *, own_line: bool, field: str) -> None:
    """Refuse a market that its kind does not know.

    Args:
        own_line: the line stands beside the specifiers, as in the kinds that are older than they.

    Raises:
        Malformed: the kind is not of this sport; a specifier is missing, or too many, or out of
            its range; a selection is missing, or none of the kind's, or there twice.
    """
    kind = market.kind
    if ANY_SPORT not in kind.sports and market.sport not in kind.sports:
        raise Malformed(_of(field, "kind"), f"{kind.id} is not of {market.sport[:40]!r}")
    place = _of(field, "specifiers")
    needed = {specifier.name for specifier in kind.specifiers}
    if missing := needed - market.values.keys():
        name = sorted(missing)[0]
        raise Malformed(
            _of(field, "line") if name == "line" and own_line else place,
            f"a market of kind {kind.id} needs {name}",
        )
    if strange := market.values.keys() - needed:
        name = sorted(strange)[0]
        raise Malformed(
            _of(field, "line") if name == "line" and own_line else place,
            f"a market of kind {kind.id} has no {name}",
        )
    for specifier in kind.specifiers:
        if specifier.name != "line" or not own_line:
            specifier.check(market.values[specifier.name], field=place)
    _check_part(registry.sports.get(market.sport), market, place)
    _check_codes(market, _of(field, "selections"))


def _check_part(sport: Sport | None, market: Asked, place: str) -> None:
    name = market.kind.part
    if name is None or sport is None:
        return
    number = int(market.values[name])
    if name == "half" and (sport.periods < 2 or sport.periods % 2):
        raise Malformed(place, f"{sport.name} has no halves")
    if name == "period" and number > sport.periods:
        raise Malformed(place, f"{sport.name} has {sport.periods} periods")
    if name in ("set", "map") and sport.periods:
        raise Malformed(place, f"{sport.name} has no such part as a {name}")


def _check_codes(market: Asked, place: str) -> None:
    codes, allowed = market.codes, market.kind.selections
    if len(set(codes)) < len(codes):
        raise Malformed(place, "a selection is there twice")
    if not 1 <= len(codes) <= RUNNERS_MAX:
        raise Malformed(place, f"a market has 1 to {RUNNERS_MAX} selections")
    match allowed:
        case FixedCodes():
            if sorted(codes) != sorted(allowed.codes):
                raise Malformed(
                    place,
                    f"a market of kind {market.kind.id} has the selections"
                    f" {', '.join(allowed.codes)}",
                )
        case ScoreCodes():
            _check_each(codes, lambda code: code in allowed.others or is_score(code), place)
        case MarginCodes():
            _check_each(codes, lambda code: code == "draw" or margin_of(code) is not None, place)
            _check_margins(codes, place)
        case NumberCodes():
            _check_each(codes, lambda code: number_of(code) is not None, place)
            _check_numbers(codes, place)
        case RunnerCodes():
            _check_each(codes, lambda code: bool(_RUNNER.fullmatch(code)), place)
        case OrderCodes():
            _check_each(codes, lambda code: runners_of(code, allowed) is not None, place)


def is_score(code: str) -> bool:
    """Say whether a code is a score: `2-1`."""
    return bool(_SCORE.fullmatch(code))


def margin_of(code: str) -> tuple[str, int, int] | None:
    """Return the side and the margins of `home_1`, `away_2-3` or `home_4+`, both included."""
    found = _MARGIN.fullmatch(code)
    if found is None:
        return None
    least = int(found[2])
    most = _FOR_EVER if found[3] else int(found[4] or least)
    return (found[1], least, most) if least <= most else None


def number_of(code: str) -> tuple[int, int] | None:
    """Return the numbers of `3` or `6+`, both included."""
    found = _NUMBER.fullmatch(code)
    if found is None:
        return None
    return int(found[1]), _FOR_EVER if found[2] else int(found[1])


def runners_of(code: str, orders: OrderCodes) -> tuple[str, ...] | None:
    """Return the runners of `7>2` or `2+7`; in any order they are written sorted."""
    runners = tuple(code.split(">" if orders.ordered else "+"))
    fits = len(runners) == len(set(runners)) == orders.size
    if not fits or not all(map(_RUNNER.fullmatch, runners)):
        return None
    return runners if orders.ordered or runners == tuple(sorted(runners)) else None


def _check_each(codes: Sequence[str], fits: Callable[[str], bool], place: str) -> None:
    for code in codes:
        if not fits(code):
            raise Malformed(place, f"{code[:40]!r} is no selection of this kind of market")


def _check_margins(codes: Sequence[str], place: str) -> None:
    spans = [span for code in codes if (span := margin_of(code)) is not None]
    for side in ("home", "away"):
        _check_apart([(least, most) for one, least, most in spans if one == side], place)


def _check_numbers(codes: Sequence[str], place: str) -> None:
    _check_apart([span for code in codes if (span := number_of(code)) is not None], place)


def _check_apart(spans: list[tuple[int, int]], place: str) -> None:
    ordered = sorted(spans)
    for (_, most), (least, _) in pairwise(ordered):
        if least <= most:
            raise Malformed(place, "two selections could win at the same time")


def _of(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name

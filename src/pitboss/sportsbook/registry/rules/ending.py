"""How an event ended, as far as it was said: whether that can be, and what each part of it came to.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from pitboss.kernel.errors import Malformed
from pitboss.kernel.instants import parse_instant
from pitboss.sportsbook import returns
from pitboss.sportsbook.registry.model import (
    MATCH,
    OVERTIME,
    PERIODS_MAX,
    RUNNERS_MAX,
    WITHDRAWN_MAX,
    Asked,
    Ended,
    Pair,
    Source,
    Sport,
    Withdrawal,
    parse_pair,
)

_COUNTED = (Source.SCORE, Source.CORNERS, Source.CARDS, Source.GAMES)
_SIDES = ("home", "away")

V = TypeVar("V")


class Missing(StrEnum):
    """Why there is no count of a part."""

    UNTOLD = "untold"  # nobody has said so yet
    NOT_PLAYED = "not_played"
    ABANDONED = "abandoned"
    RETIRED = "retired"


def check(ended: Ended, sport: Sport | None, *, field: str) -> None:
    """Refuse what no event of this sport can have ended as.

    Raises:
        Malformed: a count is none, or not of something that is counted; the parts are more than
            the whole; the goals are not those of the score; a runner finished twice, or did not
            run and finished.
    """
    for source, parts in ended.counts.items():
        place = f"{field}.counts.{source[:40]}"
        if source not in _COUNTED:
            raise Malformed(place, f"counted are {', '.join(_COUNTED)}")
        for part, text in parts.items():
            if part not in (MATCH, OVERTIME) and not _is_period(part):
                raise Malformed(f"{place}.{part[:40]}", f"a part is {MATCH}, {OVERTIME} or 1, 2 …")
            _pair(text, field=f"{place}.{part}")
        # What games and sets come to is not their sum.
        if source != Source.GAMES:
            _check_sum(parts, 0 if sport is None else sport.periods, place)
    _check_scorers(ended, field)
    _check_withdrawn(ended, field)
    _check_order(ended, field)
    for key, codes in ended.named.items():
        if not codes or len(set(codes)) < len(codes):
            raise Malformed(f"{field}.named", f"{key[:40]!r} has answers, and each of them once")


def put_together(before: Ended, more: Ended) -> Ended | None:
    """Return all that both say of how an event ended; None if they contradict each other."""
    if (before.abandoned, before.retired) != (more.abandoned, more.retired):
        return None
    counts: dict[str, dict[str, str]] = {}
    for source in before.counts.keys() | more.counts.keys():
        parts = _both(before.counts.get(source, {}), more.counts.get(source, {}))
        if parts is None:
            return None
        counts[source] = parts
    named = _both(before.named, more.named)
    if named is None:
        return None
    withdrawn = _both(_by_runner(before), _by_runner(more))
    if withdrawn is None or (before.order is not None and len(withdrawn) > len(before.withdrawn)):
        # What was settled by the order took account of those who were withdrawn.
        return None
    for one, other in ((before.scorers, more.scorers), (before.order, more.order)):
        if one is not None and other is not None and one != other:
            return None
    return Ended(
        counts=counts,
        scorers=before.scorers if more.scorers is None else more.scorers,
        order=before.order if more.order is None else more.order,
        non_runners=tuple(sorted({*before.non_runners, *more.non_runners})),
        named=named,
        abandoned=before.abandoned,
        retired=before.retired,
        withdrawn=tuple(withdrawn.values()),
    )


def count_of(asked: Asked, ended: Ended, sport: Sport | None) -> Pair | Missing:
    """Return what both sides came to in the part of the event that a market is of.

    The whole of it is regular time, as told or as its periods add up to, and what came after if
    the kind counts that.
    """
    parts = _parts(asked.kind.settles_from, ended)
    name = asked.kind.part
    if name is None:
        return _whole(parts, ended, sport, overtime=asked.kind.overtime)
    number = int(asked.values[name])
    if name != "half" or (sport is not None and sport.periods == 2):
        return period(parts, number, ended)
    each = 1 if sport is None else sport.periods // 2
    found = [period(parts, one, ended) for one in range((number - 1) * each + 1, number * each + 1)]
    return _added(found)


def first_half(asked: Asked, ended: Ended, sport: Sport | None) -> Pair | Missing:
    """Return the score at half time."""
    parts = _parts(asked.kind.settles_from, ended)
    each = 1 if sport is None else max(sport.periods // 2, 1)
    return _added([period(parts, one, ended) for one in range(1, each + 1)])


def period(parts: Mapping[str, Pair], number: int, ended: Ended) -> Pair | Missing:
    """Return the count of one period; of those that are told the last one was the last."""
    if (found := parts.get(str(number))) is not None:
        return found
    if ended.abandoned:
        return Missing.ABANDONED
    if ended.retired:
        return Missing.RETIRED
    told = completed(parts)
    return Missing.NOT_PLAYED if told and number > told else Missing.UNTOLD


def completed(parts: Mapping[str, Pair]) -> int:
    """Return the number of the last period that is told."""
    return max((int(part) for part in parts if _is_period(part)), default=0)


def counted(source: Source, ended: Ended) -> dict[str, Pair]:
    """Return what was counted of this, by part."""
    return {part: parse_pair(text) for part, text in ended.counts.get(source, {}).items()}


def finishes(ended: Ended) -> dict[str, tuple[int, int]]:
    """Return where each runner came in, from 1, and how many came in there together."""
    places: dict[str, tuple[int, int]] = {}
    ahead = 0
    for together in ended.order or ():
        places |= dict.fromkeys(together, (ahead + 1, len(together)))
        ahead += len(together)
    return places


def scorers_of(ended: Ended) -> tuple[str, ...] | Missing:
    """Return the sides that scored, goal by goal, told or to be concluded from the score."""
    if ended.scorers is not None:
        return ended.scorers
    if ended.abandoned:
        return Missing.ABANDONED
    score = counted(Source.SCORE, ended).get(MATCH)
    if score is None or min(score) > 0:
        return Missing.UNTOLD
    home, away = score
    return ("home",) * home + ("away",) * away


def _parts(source: Source, ended: Ended) -> dict[str, Pair]:
    parts = counted(source, ended)
    if source is not Source.SCORE or parts or ended.retired or ended.abandoned:
        return parts
    # Who won more sets, where only these were told.
    games = counted(Source.GAMES, ended)
    level = any(home == away for home, away in games.values())
    if not games or level or completed(games) != len(games):
        return parts
    home = sum(mine > theirs for mine, theirs in games.values())
    return {MATCH: (home, len(games) - home)}


def _whole(
    parts: Mapping[str, Pair], ended: Ended, sport: Sport | None, *, overtime: bool
) -> Pair | Missing:
    if ended.abandoned:
        return Missing.ABANDONED
    if ended.retired:
        return Missing.RETIRED
    regular = parts.get(MATCH)
    if regular is None:
        told = completed(parts)
        wanted = sport.periods if sport is not None and sport.periods else told
        if not told or told < wanted:
            return Missing.UNTOLD
        found = _added([period(parts, one, ended) for one in range(1, told + 1)])
        if isinstance(found, Missing):
            return found
        regular = found
    if overtime and OVERTIME in parts:
        return _sum(regular, parts[OVERTIME])
    return regular


def _both(one: Mapping[str, V], other: Mapping[str, V]) -> dict[str, V] | None:
    if any(one[key] != other[key] for key in one.keys() & other.keys()):
        return None
    return {**one, **other}


def _added(pairs: list[Pair | Missing]) -> Pair | Missing:
    total: Pair = (0, 0)
    for pair in pairs:
        if isinstance(pair, Missing):
            return pair
        total = _sum(total, pair)
    return total


def _sum(one: Pair, other: Pair) -> Pair:
    return one[0] + other[0], one[1] + other[1]


def _check_sum(parts: Mapping[str, str], regular: int, place: str) -> None:
    if MATCH not in parts:
        return
    whole = parse_pair(parts[MATCH])
    periods = [parse_pair(text) for part, text in parts.items() if _is_period(part)]
    total = sum(home for home, _ in periods), sum(away for _, away in periods)
    if total[0] > whole[0] or total[1] > whole[1]:
        raise Malformed(place, "the periods come to more than the match")
    if regular and all(str(number + 1) in parts for number in range(regular)) and total != whole:
        raise Malformed(place, "the periods do not come to the match")


def _check_scorers(ended: Ended, field: str) -> None:
    if ended.scorers is None:
        return
    if not set(ended.scorers) <= {*_SIDES}:
        raise Malformed(f"{field}.scorers", "home and away score")
    score = counted(Source.SCORE, ended).get(MATCH)
    told = tuple(ended.scorers.count(side) for side in _SIDES)
    if score is not None and not ended.abandoned and told != score:
        raise Malformed(f"{field}.scorers", "these goals do not come to the score")


def _check_order(ended: Ended, field: str) -> None:
    together = [code for place in ended.order or () for code in place]
    if any(not place for place in ended.order or ()) or len(together) > RUNNERS_MAX:
        raise Malformed(f"{field}.order", f"each place has a runner, and {RUNNERS_MAX} are most")
    if len(set(together)) < len(together):
        raise Malformed(f"{field}.order", "a runner finished twice")
    if not set(together).isdisjoint(ended.non_runners):
        raise Malformed(f"{field}.non_runners", "a runner that did not run has finished")


def _check_withdrawn(ended: Ended, field: str) -> None:
    if len(ended.withdrawn) > WITHDRAWN_MAX:
        raise Malformed(f"{field}.withdrawn", f"at most {WITHDRAWN_MAX} runners are withdrawn")
    came_in = finishes(ended)
    seen: set[str] = set()
    for at, one in enumerate(ended.withdrawn):
        place = f"{field}.withdrawn[{at}]"
        if one.runner in seen:
            raise Malformed(f"{place}.runner", "the runner was withdrawn before")
        seen.add(one.runner)
        if one.runner in came_in:
            raise Malformed(f"{place}.runner", "a runner that was withdrawn has finished")
        if one.runner not in ended.non_runners:
            raise Malformed(f"{place}.runner", "a runner that was withdrawn did not run")
        parse_instant(one.at, field=f"{place}.at")
        returns.check_withdrawal(
            price=one.price, deduction_pence=one.deduction_pence, factor=one.factor, field=place
        )


def _by_runner(ended: Ended) -> dict[str, Withdrawal]:
    return {one.runner: one for one in ended.withdrawn}


def _pair(text: str, *, field: str) -> Pair:
    try:
        return parse_pair(text)
    except Malformed as error:
        raise Malformed(field, error.message) from None


def _is_period(part: str) -> bool:
    return part.isascii() and part.isdigit() and part[0] != "0" and int(part) <= PERIODS_MAX

"""How the registry's file is read, and what makes it wrong.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook.registry.model import (
    ANY_SPORT,
    PARTS,
    PERIODS_MAX,
    FixedCodes,
    Kind,
    MarginCodes,
    NumberCodes,
    OrderCodes,
    Registry,
    RegistryFile,
    Rule,
    RunnerCodes,
    ScoreCodes,
    Source,
    Void,
)

_COUNTED = frozenset({Source.SCORE, Source.CORNERS, Source.CARDS, Source.GAMES})
_GOALS = frozenset({Source.SCORERS})
_RACE = frozenset({Source.ORDER})
# What each rule settles from, which specifiers it needs, and which it may have besides a part.
_RULES: Mapping[Rule, tuple[frozenset[Source], frozenset[str], frozenset[str]]] = {
    Rule.RESULT: (_COUNTED, frozenset(), frozenset({"score"})),
    Rule.DOUBLE_CHANCE: (_COUNTED, frozenset(), frozenset()),
    Rule.WINNER: (_COUNTED, frozenset(), frozenset()),
    Rule.TOTAL: (_COUNTED, frozenset({"line"}), frozenset()),
    Rule.TEAM_TOTAL: (_COUNTED, frozenset({"line", "side"}), frozenset()),
    Rule.EXACT_TOTAL: (_COUNTED, frozenset(), frozenset()),
    Rule.HANDICAP: (_COUNTED, frozenset({"line"}), frozenset({"score"})),
    Rule.EUROPEAN_HANDICAP: (_COUNTED, frozenset({"start"}), frozenset()),
    Rule.BOTH_SCORE: (_COUNTED, frozenset(), frozenset()),
    Rule.CORRECT_SCORE: (_COUNTED, frozenset(), frozenset()),
    Rule.HALF_TIME_FULL_TIME: (frozenset({Source.SCORE}), frozenset(), frozenset()),
    Rule.ODD_EVEN: (_COUNTED, frozenset(), frozenset()),
    Rule.GOAL: (_GOALS, frozenset(), frozenset({"goal"})),
    Rule.LAST_GOAL: (_GOALS, frozenset(), frozenset()),
    Rule.CLEAN_SHEET: (_COUNTED, frozenset({"side"}), frozenset()),
    Rule.MARGIN: (_COUNTED, frozenset(), frozenset()),
    Rule.FINISH: (_RACE, frozenset(), frozenset({"places"})),
    Rule.FORECAST: (_RACE, frozenset(), frozenset()),
    Rule.NAMED: (frozenset({Source.NAMED}), frozenset(), frozenset({"places"})),
}
_SIDES = {"home", "away"}
_CODES: Mapping[Rule, set[str]] = {
    Rule.RESULT: {"home", "draw", "away"},
    Rule.DOUBLE_CHANCE: {"1X", "12", "X2"},
    Rule.WINNER: _SIDES,
    Rule.TOTAL: {"over", "under"},
    Rule.TEAM_TOTAL: {"over", "under"},
    Rule.HANDICAP: _SIDES,
    Rule.EUROPEAN_HANDICAP: {"home", "draw", "away"},
    Rule.BOTH_SCORE: {"yes", "no"},
    Rule.HALF_TIME_FULL_TIME: {
        f"{first}/{last}" for first in ("home", "draw", "away") for last in ("home", "draw", "away")
    },
    Rule.ODD_EVEN: {"odd", "even"},
    Rule.GOAL: {"home", "none", "away"},
    Rule.LAST_GOAL: {"home", "none", "away"},
    Rule.CLEAN_SHEET: {"yes", "no"},
}
_PATTERNS: Mapping[Rule, tuple[type, ...]] = {
    Rule.EXACT_TOTAL: (NumberCodes,),
    Rule.CORRECT_SCORE: (ScoreCodes,),
    Rule.MARGIN: (MarginCodes,),
    Rule.FINISH: (RunnerCodes,),
    Rule.FORECAST: (OrderCodes,),
    Rule.NAMED: (RunnerCodes, FixedCodes),
}
_CAN_BE_LEVEL = {Rule.WINNER, Rule.TOTAL, Rule.TEAM_TOTAL, Rule.HANDICAP}
OTHERS = ("other", "other_home", "other_draw", "other_away")


def read_registry(text: str) -> Registry:
    """Read the file.

    Raises:
        Malformed: it is not TOML, has a key too many or too few or of another type, or says
            something that no rule could settle; the message names the kind.
    """
    try:
        file = msgspec.toml.decode(text, type=RegistryFile)
    except msgspec.DecodeError as error:
        raise Malformed("markets", str(error)) from None
    _refuse_twins("sports", (sport.id for sport in file.sports))
    _refuse_twins("kinds", (kind.id for kind in file.kinds))
    for sport in file.sports:
        if not 0 <= sport.periods <= PERIODS_MAX:
            raise Malformed(f"sports.{sport.id}", f"{sport.periods} periods are none or too many")
    known = {sport.id for sport in file.sports}
    for kind in file.kinds:
        _check_kind(kind, known)
    return Registry(
        sports={sport.id: sport for sport in file.sports},
        kinds={kind.id: kind for kind in file.kinds},
    )


def _check_kind(kind: Kind, sports: set[str]) -> None:
    place = f"kinds.{kind.id}"
    if not kind.sports or not {*kind.sports} <= {*sports, ANY_SPORT}:
        raise Malformed(f"{place}.sports", "it is of sports that are in this file, or of any")
    sources, needed, possible = _RULES[kind.rule]
    if kind.settles_from not in sources:
        raise Malformed(f"{place}.settles_from", f"{kind.rule} does not settle from that")
    names = [specifier.name for specifier in kind.specifiers]
    _refuse_twins(f"{place}.specifiers", names)
    if not needed <= {*names}:
        raise Malformed(f"{place}.specifiers", f"{kind.rule} needs {', '.join(sorted(needed))}")
    if strange := {*names} - needed - possible - {*PARTS}:
        raise Malformed(f"{place}.specifiers", f"{kind.rule} knows no {', '.join(sorted(strange))}")
    if len({*names} & {*PARTS}) > 1:
        raise Malformed(f"{place}.specifiers", "it is of one part of an event")
    if kind.overtime and (kind.part is not None or kind.settles_from not in _COUNTED):
        raise Malformed(f"{place}.overtime", "overtime counts for the whole of what is counted")
    _check_codes(kind, f"{place}.selections")
    if Void.ABANDONED not in kind.void:
        raise Malformed(f"{place}.void", "what is abandoned is void, whatever the kind")
    if kind.rule in _CAN_BE_LEVEL and Void.LEVEL not in kind.void:
        raise Malformed(f"{place}.void", "where neither answer is right nobody has won")
    if kind.each_way and kind.rule not in (Rule.FINISH, Rule.NAMED):
        raise Malformed(f"{place}.each_way", "places are had where runners finish")


def _check_codes(kind: Kind, place: str) -> None:
    pattern, fixed = _PATTERNS.get(kind.rule), _CODES.get(kind.rule)
    codes = kind.selections
    if fixed is not None and not (isinstance(codes, FixedCodes) and {*codes.codes} == fixed):
        raise Malformed(place, f"{kind.rule} has the selections {', '.join(sorted(fixed))}")
    if pattern is not None and not isinstance(codes, pattern):
        raise Malformed(place, f"{kind.rule} has selections of another pattern")
    if isinstance(codes, FixedCodes):
        _refuse_twins(place, codes.codes)
    if isinstance(codes, ScoreCodes) and not {*codes.others} <= {*OTHERS}:
        raise Malformed(place, f"other scores are {', '.join(OTHERS)}")
    if isinstance(codes, OrderCodes) and not 2 <= codes.size <= 4:
        raise Malformed(place, "an order is of 2 to 4 runners")


def _refuse_twins(place: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise Malformed(place, f"{name} is there {count} times")

"""What other rooms ask of the registry.  Pure, but for its file, which is read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook.registry.model import MATCH, Ended, Kind, Registry, Rule, Source, Sport
from pitboss.sportsbook.registry.rules import ending, naming, reading, settling
from pitboss.sportsbook.returns.model import Outcome

_FILE = "markets.toml"


def kinds() -> tuple[Kind, ...]:
    """Return every kind of market, in the order of the file."""
    return tuple(_registry().kinds.values())


def sports() -> tuple[Sport, ...]:
    """Return every sport whose periods are known; another one is offered the kinds of any sport."""
    return tuple(_registry().sports.values())


def kinds_of_runners() -> tuple[str, ...]:
    """Return the kinds of market whose selections are the runners that may be in an order."""
    return tuple(kind.id for kind in kinds() if kind.rule is Rule.FINISH)


def find_kind(kind: str) -> Kind | None:
    """Return the kind of market with this id."""
    return _registry().kinds.get(kind)


def check_market(
    kind: str,
    *,
    sport: str,
    line: str | None,
    specifiers: Mapping[str, str],
    codes: Sequence[str],
    field: str,
) -> None:
    """Refuse a market that its kind does not know; see `rules.naming`, and raises as it does."""
    asked = naming.asked(
        _registry(), kind, sport=sport, line=line, specifiers=specifiers, codes=codes, field=field
    )
    naming.check(_registry(), asked, own_line=line is not None, field=field)


def check_ended(ended: Ended, *, sport: str, field: str) -> None:
    """Refuse what no event can have ended as; see `rules.ending`, and raises as it does."""
    ending.check(ended, _registry().sports.get(sport), field=field)


def put_together(before: Ended, more: Ended) -> Ended | None:
    """Return all that both say; None if they contradict each other.  See `rules.ending`."""
    return ending.put_together(before, more)


def with_score(known: Ended | None, score: tuple[int, int] | None) -> Ended:
    """Return what is known of an event's end, with the score that is reported now.

    What is known counts, if they contradict each other; without both the event was abandoned.
    """
    if score is None:
        return known or Ended(abandoned=True)
    told = Ended(counts={Source.SCORE: {MATCH: "{}-{}".format(*score)}})
    return told if known is None else ending.put_together(known, told) or known


def find_outcomes(
    kind: str,
    *,
    sport: str,
    line: str | None,
    specifiers: Mapping[str, str],
    codes: Sequence[str],
    ended: Ended,
) -> dict[str, Outcome] | None:
    """Return what `settle` does; None also where what is said to have happened cannot have."""
    try:
        return settle(kind, sport=sport, line=line, specifiers=specifiers, codes=codes, ended=ended)
    except Malformed:
        return None


def settle(
    kind: str,
    *,
    sport: str,
    line: str | None,
    specifiers: Mapping[str, str],
    codes: Sequence[str],
    ended: Ended,
) -> dict[str, Outcome] | None:
    """Return how each selection of a market ended, by code; None as long as that is not known.

    Pure, but for the file.  The answer follows from nothing but what is given.

    Raises:
        Malformed: there is no such kind, it has no such selections, or what is said to have
            happened cannot have.
    """
    asked = naming.asked(
        _registry(), kind, sport=sport, line=line, specifiers=specifiers, codes=codes, field="kind"
    )
    return settling.settle(asked, ended, _registry().sports.get(sport))


def finishes(ended: Ended) -> dict[str, tuple[int, int]]:
    """Return where each runner came in, from 1, and how many came in there together."""
    return ending.finishes(ended)


@cache
def _registry() -> Registry:
    folder = resources.files("pitboss.sportsbook.registry")
    return reading.read_registry((folder / "tables" / _FILE).read_text(encoding="utf-8"))

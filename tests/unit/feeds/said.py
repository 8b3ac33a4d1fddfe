"""Messages of a UOF-like feed, written as suppliers write them, for tests to say what they mean."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from pitboss.adapters.feeds.uof import UofReader
from pitboss.sportsbook.feeds.model import FeedName

FEED = FeedName("uof")
EVENT = "sr:match:123"
# A moment in July 2026.
T0 = 1_783_000_000_000

DATA = Path(os.environ.get("PITBOSS_TEST_VECTORS") or Path(__file__).parents[4] / "shared" / "data")
needs_samples = pytest.mark.skipif(
    not (DATA / "uof").is_dir(), reason="the published UOF samples are not at ../shared/data/uof"
)


def reader() -> UofReader:
    """Return a reader as an instance has it."""
    return UofReader(FEED)


def odds_change(
    markets: str,
    *,
    at: int = T0,
    product: int = 1,
    event: str = EVENT,
    status: str = "",
    betting_status: int | None = None,
    request_id: int | None = None,
) -> bytes:
    """Return prices."""
    request = "" if request_id is None else f' request_id="{request_id}"'
    early = "" if betting_status is None else f' betting_status="{betting_status}"'
    return (
        f'<odds_change product="{product}" event_id="{event}" timestamp="{at}"{request}>{status}'
        f"<odds{early}>{markets}</odds></odds_change>"
    ).encode()


def market(
    market_id: int,
    outcomes: Iterable[tuple[int, str]],
    *,
    specifiers: str = "",
    status: int | None = 1,
) -> str:
    """Return a market with the prices of its outcomes."""
    named = f' specifiers="{specifiers}"' if specifiers else ""
    stands = "" if status is None else f' status="{status}"'
    inside = "".join(
        f'<outcome id="{outcome_id}" odds="{odds}" active="1"/>' for outcome_id, odds in outcomes
    )
    return f'<market id="{market_id}"{named}{stands}>{inside}</market>'


def one_x_two(home: str = "2.1", draw: str = "3.4", away: str = "3.6", **more: int) -> str:
    """Return a market of the three ways a match may end."""
    return market(1, [(1, home), (2, draw), (3, away)], **more)  # type: ignore[arg-type]


def bet_stop(*, at: int = T0, product: int = 1, event: str = EVENT, groups: str = "all") -> bytes:
    """Return a stop."""
    return (
        f'<bet_stop product="{product}" event_id="{event}" timestamp="{at}" groups="{groups}"/>'
    ).encode()


def alive(*, at: int = T0, product: int = 1, subscribed: int = 1) -> bytes:
    """Return a sign of life."""
    return f'<alive product="{product}" timestamp="{at}" subscribed="{subscribed}"/>'.encode()


def snapshot_complete(request_id: int, *, at: int = T0, product: int = 1) -> bytes:
    """Return the end of a recovery."""
    return (
        f'<snapshot_complete product="{product}" timestamp="{at}" request_id="{request_id}"/>'
    ).encode()


def bet_settlement(
    markets: str,
    *,
    at: int = T0,
    product: int = 1,
    event: str = EVENT,
    certainty: int | None = 2,
) -> bytes:
    """Return results."""
    sure = "" if certainty is None else f' certainty="{certainty}"'
    return (
        f'<bet_settlement product="{product}" event_id="{event}" timestamp="{at}"{sure}>'
        f"<outcomes>{markets}</outcomes></bet_settlement>"
    ).encode()


def results(market_id: int, outcomes: Iterable[tuple[int, str]], *, specifiers: str = "") -> str:
    """Return a market with how its outcomes ended; each says its attributes."""
    named = f' specifiers="{specifiers}"' if specifiers else ""
    inside = "".join(f'<outcome id="{item}" {said}/>' for item, said in outcomes)
    return f'<market id="{market_id}"{named}>{inside}</market>'


def home_won() -> str:
    """Return how a match ended that home won."""
    return results(1, [(1, 'result="1"'), (2, 'result="0"'), (3, 'result="0"')])


def correction(
    name: str,
    *,
    at: int = T0,
    product: int = 1,
    event: str = EVENT,
    markets: str = '<market id="1"/>',
    window: str = "",
) -> bytes:
    """Return a cancel or a rollback."""
    return (
        f'<{name} product="{product}" event_id="{event}" timestamp="{at}" {window}>'
        f"{markets}</{name}>"
    ).encode()

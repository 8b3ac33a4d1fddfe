"""A gate that lets everybody through: what `pitboss bench gate` measures the real one against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pitboss import gate, jurisdictions
from pitboss.bench import town
from pitboss.gate.model import Answer, Check, Permit
from pitboss.kernel.facts import Fact
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.responsible import limits


def open_the_gate() -> None:
    """Let everybody through from now on, in this process, and count nothing: the baseline."""
    gate.check = _everybody
    limits.count = _nothing


async def _everybody(turn: Turn, checks: Sequence[Check]) -> tuple[Answer, ...]:
    licence = jurisdictions.get(town.JURISDICTION)
    permit = Permit(jurisdiction=licence.code, rules_version=licence.rules_version)
    return (permit,) * len(checks)


async def _nothing(turn: Turn, facts: Iterable[tuple[Shard, Fact]]) -> None:
    pass

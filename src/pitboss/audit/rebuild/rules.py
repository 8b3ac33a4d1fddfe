"""The whole state of a shard from its facts, and how it is held against live rows.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

from pitboss.audit.reading.model import ReadFact
from pitboss.audit.rebuild.model import UNFOLDED, Column, Difference, Kind, readable
from pitboss.cashier.folding import CashierFold
from pitboss.central.folding import CentralFold
from pitboss.games.dealing.folding import DealingFold
from pitboss.games.registry.folding import RegistryFold
from pitboss.games.rewards.folding import RewardsFold
from pitboss.games.rounds.folding import RoundsFold
from pitboss.kernel.facts import Fact
from pitboss.kernel.folding import Row, Table, Told
from pitboss.kernel.shards import Shard
from pitboss.location.folding import LocationFold
from pitboss.messages.folding import HeadFold
from pitboss.players.access.folding import AccessFold
from pitboss.players.identity.facts import PlayerRegistered
from pitboss.players.identity.folding import IdentityFold
from pitboss.players.personal.facts import SubjectErased
from pitboss.players.terms.folding import TermsFold
from pitboss.players.verification.folding import VerificationFold
from pitboss.registers.folding import RegisterFold
from pitboss.responsible.breaks.folding import BreaksFold
from pitboss.responsible.contacts.folding import ContactsFold
from pitboss.responsible.exclusion.folding import ExclusionFold
from pitboss.responsible.limits.folding import LimitsFold
from pitboss.responsible.marketing.folding import MarketingFold
from pitboss.sportsbook.betting.folding import BettingFold
from pitboss.sportsbook.cash_out.folding import CashOutFold
from pitboss.sportsbook.catalog.folding import CatalogFold
from pitboss.sportsbook.combinations.folding import CombinationsFold
from pitboss.sportsbook.feeds.folding import FeedFold
from pitboss.sportsbook.pricing.folding import PricingFold
from pitboss.sportsbook.settlement.folding import SettlementFold
from pitboss.sportsbook.trading.folding import TradingFold
from pitboss.sportsbook.voiding.folding import VoidingFold
from pitboss.staff.agents.folding import AgentsFold
from pitboss.staff.approvals.folding import ApprovalsFold
from pitboss.staff.cases.folding import CasesFold
from pitboss.staff.notes.facts import NoteWritten
from pitboss.staff.notes.folding import NotesFold
from pitboss.wallet.folding import WalletFold

SHARD = "shard"


class State:
    """Everything that the facts of one shard make, in every room."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self._heads = HeadFold(shard)
        self._wallet = WalletFold(shard)
        self._limits = LimitsFold()
        trading = TradingFold()
        betting = BettingFold(trading)
        self._folds = (
            self._heads,
            self._wallet,
            trading,
            betting,
            SettlementFold(betting),
            VoidingFold(betting),
            CashOutFold(betting),
            CatalogFold(),
            PricingFold(),
            CombinationsFold(),
            FeedFold(),
            CashierFold(),
            CentralFold(),
            RegistryFold(),
            RewardsFold(),
            RoundsFold(),
            DealingFold(),
            ContactsFold(),
            IdentityFold(),
            self._limits,
            ExclusionFold(),
            BreaksFold(),
            LocationFold(),
            MarketingFold(),
            AccessFold(),
            TermsFold(),
            VerificationFold(),
            RegisterFold(),
            AgentsFold(),
            ApprovalsFold(),
            CasesFold(),
            NotesFold(),
        )
        self._takes: dict[type[Fact], Callable[[Any, Told], None]] = {}
        for fold in self._folds:
            self._takes |= fold.takes

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table that facts make."""
        return tuple(table for fold in self._folds for table in fold.tables)

    @property
    def oddities(self) -> list[str]:
        """The facts that cannot follow from those before them."""
        return [oddity for fold in self._folds for oddity in fold.oddities]

    def take(self, read: ReadFact) -> None:
        """Take the shard's next fact."""
        self._heads.follow(read.sealed, read.previous)
        told = read.told
        fact = told.fact
        take = self._takes.get(type(fact))
        if take is not None:
            take(fact, told)
        if fact.movements:
            self._wallet.move(told)
        if fact.plays:
            self._limits.count(told)
        self._limits.win(told)

    def end(self) -> None:
        """Say that there are no more facts."""
        self._heads.end()


class Commitments:
    """What facts say of personal data: where values are committed to, and whose were erased."""

    def __init__(self) -> None:
        self._owed: dict[str, list[str]] = {}
        self._erased: set[str] = set()

    def take(self, read: ReadFact) -> None:
        """Take the shard's next fact."""
        fact = read.told.fact
        if type(fact) is PlayerRegistered or type(fact) is NoteWritten:
            self._owed.setdefault(fact.player_id, []).extend(fact.pd)
        elif type(fact) is SubjectErased:
            self._erased.add(fact.subject_id)

    def compare(self, kept: Set[tuple[str, str]], keyed: Set[str]) -> Iterator[str]:
        """Hold against it whose values are kept at which paths, and who has a key to them."""
        for subject, paths in self._owed.items():
            if subject in self._erased:
                continue
            for path in paths:
                if (subject, path) not in kept:
                    yield f"{path} of subject {subject} is missing, and no fact has erased it"
            if paths and subject not in keyed:
                yield f"the key of subject {subject} is missing, and no fact has erased it"
        for subject, path in sorted(kept):
            if subject in self._erased:
                yield f"{path} of subject {subject} is there, and a fact says that it was erased"
        for subject in sorted(keyed & self._erased):
            yield f"the key of subject {subject} is there, and a fact says that it was erased"


def compare_rows(table: Table, shard: Shard | None, live: Sequence[Row]) -> Iterator[Difference]:
    """Hold live rows against the table's, which are taken out: what stays is missing."""
    key_of, rows = table.key_of, table.rows
    for found in live:
        rebuilt = rows.pop(key_of(found), None)
        if rebuilt is None:
            if not table.is_nothing(found):
                yield _one_sided(table, shard, found, live=True)
        elif rebuilt != found:
            yield from _columns_that_differ(table, shard, found, rebuilt)


def missing_rows(table: Table, shard: Shard | None) -> Iterator[Difference]:
    """Return what the facts have made and no live row has shown."""
    for row in table.rows.values():
        if not table.is_nothing(row):
            yield _one_sided(table, shard, row, live=False)


def compare_schemas(tables: Sequence[Table], live: Mapping[str, Sequence[Column]]) -> Iterator[str]:
    """Return what live tables have that is neither compared nor left out on purpose."""
    folded = {table.name: table for table in tables}
    for name, columns in live.items():
        table = folded.get(name)
        if table is None:
            if name not in UNFOLDED:
                yield f"table {name} is made from no facts, and nobody has said why"
            continue
        known = {*table.columns, *table.untold, *((SHARD,) if table.sharded else ())}
        for column in columns:
            if column.name not in known:
                yield f"column {column.name} of table {name} is made from no facts"
    for name in folded.keys() - live.keys():
        yield f"table {name} is made from facts and is not there"


def related_rows(kind: Kind, entity_id: str, state: State) -> dict[str, list[dict[str, Any]]]:
    """Return, per table, the rows of a state that name an entity; of an event, its markets' too."""
    names = {entity_id}
    if kind is Kind.EVENT:
        names |= {row["market_id"] for row in _naming("catalog_market", names, state)}
    found = {table.name: _naming(table.name, names, state) for table in state.tables}
    return {name: rows for name, rows in found.items() if rows}


def _naming(name: str, names: set[str], state: State) -> list[dict[str, Any]]:
    (table,) = (one for one in state.tables if one.name == name)
    placed = {SHARD: state.shard} if table.sharded else {}
    return [
        placed | _shown(table, row)
        for row in table.rows.values()
        if any(_names(value, names) for value in row)
    ]


def _names(value: Any, names: set[str]) -> bool:
    if isinstance(value, list):
        return any(_names(one, names) for one in value)
    return isinstance(value, str) and value in names


def _shown(table: Table, row: Sequence[Any]) -> dict[str, Any]:
    return {name: readable(value) for name, value in zip(table.columns, row, strict=True)}


def _one_sided(table: Table, shard: Shard | None, row: Sequence[Any], *, live: bool) -> Difference:
    shown = _shown(table, row)
    return Difference(
        table=table.name,
        shard=shard,
        key={name: shown[name] for name in table.key},
        column=None,
        live=shown if live else None,
        rebuilt=None if live else shown,
    )


def _columns_that_differ(
    table: Table, shard: Shard | None, found: Sequence[Any], rebuilt: Row
) -> Iterator[Difference]:
    live, by_facts = _shown(table, found), _shown(table, rebuilt)
    for name in table.columns:
        if live[name] != by_facts[name]:
            yield Difference(
                table=table.name,
                shard=shard,
                key={key: live[key] for key in table.key},
                column=name,
                live=live[name],
                rebuilt=by_facts[name],
            )

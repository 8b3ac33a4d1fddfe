"""Every type of fact there is, and how the bytes of one are read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Union

import msgspec

from pitboss.audit.reading.errors import FactUnreadable
from pitboss.audit.record import facts as record
from pitboss.cashier import facts as cashier
from pitboss.central import facts as central
from pitboss.games.dealing import facts as dealing
from pitboss.games.registry import facts as game_registry
from pitboss.games.rewards import facts as rewards
from pitboss.games.rounds import facts as rounds
from pitboss.kernel.errors import Malformed, PlatformError
from pitboss.kernel.facts import Fact
from pitboss.kernel.folding import Told
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.upcasting import Schemas
from pitboss.location import facts as location
from pitboss.messages.model import SealedFact
from pitboss.players.access import facts as access
from pitboss.players.factors import facts as factors
from pitboss.players.identity import facts as identity
from pitboss.players.personal import facts as personal
from pitboss.players.terms import facts as terms
from pitboss.players.verification import facts as verification
from pitboss.registers import facts as registers
from pitboss.responsible.breaks import facts as breaks
from pitboss.responsible.contacts import facts as contacts
from pitboss.responsible.exclusion import facts as exclusion
from pitboss.responsible.limits import facts as limits
from pitboss.responsible.marketing import facts as marketing
from pitboss.sportsbook.betting import facts as betting
from pitboss.sportsbook.cash_out import facts as cash_out
from pitboss.sportsbook.catalog import facts as catalog
from pitboss.sportsbook.combinations import facts as combinations
from pitboss.sportsbook.feeds import facts as feeds
from pitboss.sportsbook.pricing import facts as pricing
from pitboss.sportsbook.settlement import facts as settlement
from pitboss.sportsbook.trading import facts as trading
from pitboss.sportsbook.voiding import facts as voiding
from pitboss.staff.agents import facts as agents
from pitboss.staff.approvals import facts as approvals
from pitboss.staff.cases import facts as cases
from pitboss.staff.notes import facts as notes
from pitboss.wallet import facts as wallet

# A test sees to it that no room is forgotten.
ALL_FACTS: tuple[type[Fact], ...] = (
    *access.FACTS,
    *agents.FACTS,
    *approvals.FACTS,
    *betting.FACTS,
    *breaks.FACTS,
    *cases.FACTS,
    *cashier.FACTS,
    *central.FACTS,
    *catalog.FACTS,
    *contacts.FACTS,
    *dealing.FACTS,
    *identity.FACTS,
    *exclusion.FACTS,
    *factors.FACTS,
    *feeds.FACTS,
    *game_registry.FACTS,
    *limits.FACTS,
    *location.FACTS,
    *marketing.FACTS,
    *notes.FACTS,
    *personal.FACTS,
    *pricing.FACTS,
    *combinations.FACTS,
    *record.FACTS,
    *registers.FACTS,
    *rewards.FACTS,
    *rounds.FACTS,
    *settlement.FACTS,
    *trading.FACTS,
    *terms.FACTS,
    *verification.FACTS,
    *voiding.FACTS,
    *cash_out.FACTS,
    *wallet.FACTS,
)


# What nouns and rules raise of values that nobody of ours has written.
CANNOT_BE = (PlatformError, ValueError, ArithmeticError, LookupError, TypeError)


class ReadFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fact that was read again: what it says, the hash that it names, and its stored bytes."""

    told: Told
    previous: str
    sealed: SealedFact

    @property
    def hash(self) -> str:
        """The hash that names the fact, of the bytes as they were read.  Source: RFC 6962, 2.1."""
        return hashlib.sha256(b"\x00" + self.sealed.body).hexdigest()


class Reader:
    """Reads the stored bytes of facts.

    The newest version of a type is decoded at once, because nearly all are; an older one goes
    through its upcasters.
    """

    def __init__(self, facts: Iterable[type[Fact]] = ALL_FACTS) -> None:
        types = tuple(facts)
        self._schemas = Schemas(types)
        self._decode = _decoder(types)
        self._decode_any = msgspec.json.Decoder(_AnyEnvelope).decode
        # Facts of one batch were recorded at one moment, and stand beside each other.
        self._instant: tuple[str, datetime] | None = None

    def read(self, sealed: SealedFact) -> ReadFact:
        """Return a stored fact as what it is today.

        Raises:
            FactUnreadable: the bytes are not those of a fact, or of one that belongs elsewhere.
            SchemaUnknown: this pitboss knows no such type of fact, or no such version of it.
        """
        try:
            envelope = self._decode(sealed.body)
            fact: Fact = envelope.data
            if envelope.sv != fact.schema_version:
                return self._read_older(sealed)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._read_older(sealed)
        return self._placed(sealed, envelope, fact)

    def feed(self, facts: Iterable[SealedFact], take: Callable[[ReadFact], None]) -> None:
        """Read these facts, and hand each to somebody who goes on with it.

        Raises:
            FactUnreadable: one cannot be read, or what it says cannot be: a price over zero.
        """
        for sealed in facts:
            read = self.read(sealed)
            try:
                take(read)
            except CANNOT_BE as error:
                why = f"says what cannot be: {type(error).__name__}: {error}"
                raise _unreadable(sealed, why) from error

    def _read_older(self, sealed: SealedFact) -> ReadFact:
        try:
            envelope = self._decode_any(sealed.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unreadable(sealed, f"cannot be read: {error}") from None
        try:
            fact = self._schemas.read_fact(envelope.sv, envelope.data)
        except PlatformError as error:
            raise _unreadable(sealed, f"cannot be read: {error}") from None
        return self._placed(sealed, envelope, fact)

    def _placed(self, sealed: SealedFact, envelope: Any, fact: Fact) -> ReadFact:
        if (envelope.shard, envelope.seq) != (sealed.shard, sealed.seq) or (
            envelope.stream,
            envelope.ver,
        ) != (sealed.stream, sealed.version):
            raise _unreadable(
                sealed,
                f"says that it is fact {envelope.seq} of shard {envelope.shard},"
                f" version {envelope.ver} of stream {envelope.stream}",
            )
        try:
            recorded_at = self._recorded_at(envelope.rec)
        except Malformed as error:
            raise _unreadable(sealed, f"cannot be read: {error}") from None
        told = Told(
            shard=sealed.shard,
            seq=sealed.seq,
            recorded_at=recorded_at,
            cause=envelope.cause,
            fact=fact,
        )
        return ReadFact(told=told, previous=envelope.prev, sealed=sealed)

    def _recorded_at(self, text: str) -> datetime:
        if self._instant is None or self._instant[0] != text:
            self._instant = (text, parse_instant(text, field="rec"))
        return self._instant[1]


def _decoder(types: Sequence[type[Fact]]) -> Callable[[bytes], Any]:
    """Return what decodes the envelope of any of these types, in one go."""
    fields: list[Any] = [
        *(("rec", str), ("seq", int), ("shard", int), ("stream", str), ("prev", str)),
        *(("sv", int), ("ver", int), ("data", Union[types])),  # noqa: UP007 - made of a tuple
        ("cause", str | None, None),
    ]
    envelope = msgspec.defstruct("Envelope", fields, kw_only=True, gc=False)
    return msgspec.json.Decoder(envelope).decode


class _AnyEnvelope(msgspec.Struct, kw_only=True):
    """The envelope of a fact of whatever type and version."""

    rec: str
    seq: int
    shard: int
    stream: str
    prev: str
    sv: int
    ver: int
    data: dict[str, Any]
    cause: str | None = None


def _unreadable(sealed: SealedFact, why: str) -> FactUnreadable:
    return FactUnreadable(sealed.shard, sealed.seq, why)

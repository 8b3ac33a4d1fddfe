"""Every body that the API reads, as it should be and wrong in every way that its type knows of.

What is wrong is made from the types themselves, so a new field is covered when it is added; a
sample that lacks a field is found by `check_sample`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct, inspect

from integration.api.catalogue_doors import CATALOGUE_DOORS, NAME
from integration.api.desk import Desk, Somebody, registration, selection_id, slip
from integration.api.doors import NOBODY, STAFF_DOORS, Door
from pitboss.api.boosts import BoostBody
from pitboss.api.breaks import IntervalBody, ReplyBody
from pitboss.api.cash_out import TakeBody
from pitboss.api.cashier import PaymentBody
from pitboss.api.exclusions import ExclusionBody, ImposedBody, TimeOutBody
from pitboss.api.factors import CeremonyBody, ConfirmationBody, NewKeyBody, ProofBody
from pitboss.api.free_bets import GiftBody
from pitboss.api.house import HouseRoundBody, HouseStepBody, RouletteRoundBody
from pitboss.api.launching import LaunchBody
from pitboss.api.limits import LimitBody
from pitboss.api.locations import LocationBody
from pitboss.api.logins import CredentialsBody, PasswordBody, SessionBody
from pitboss.api.marketing import ConsentBody
from pitboss.api.payouts import PayoutBody
from pitboss.api.persons import ErasureBody, LookBody, PlayerStatusBody
from pitboss.api.players import RegisterBody
from pitboss.api.slips import RawSlipsBody, SlipBody, StakelessBody
from pitboss.api.terms import AcceptBody, PublishBody
from pitboss.api.tokens import Role
from pitboss.api.verification import DecisionBody
from pitboss.api.wire import Body
from pitboss.kernel.ids import derived_id

LONG = "x" * 50_000
UNKNOWN = "a_field_that_nobody_knows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A body that is wrong in one place, and the field that must be named."""

    why: str
    field: str
    body: Any

    @property
    def raw(self) -> bytes:
        """The body as it is sent."""
        return json.dumps(self.body).encode()


ASSERTION = {
    "credential": "a2V5",
    "client_data": "e30",
    "authenticator_data": "AAAA",
    "signature": "AAAA",
}
PROOF = {"code": "123456", "recovery_code": "ABCD-EFGH", "assertion": ASSERTION}
PAYMENT = {"amount": "5.00", "currency": "EUR"}
SLIP = {
    **slip(selection_id(NAME)),
    "legs": [{"selection_id": selection_id(NAME), "tick": 1, "price": "2.5"}],
    "bet_type": None,
    "lines": [{"legs": [0], "sizes": [1], "bankers": []}],
    "stake_on": "line",
    "parts": "win",
    "free_bet": None,
    "boost": None,
    "combination": {"combination_id": derived_id("no combination"), "tick": 1},
    "price_policy": "better",
    "on_limit": "reduce",
}
KEYED = {**SLIP, "key": "k"}

DOORS = (
    *STAFF_DOORS,
    Door(
        path="/v1/players",
        kind=RegisterBody,
        sample={
            **registration("new@b.c"),
            "address": "1 Some Street",
            "postcode": "AB1 2CD",
            "national_id": "19900101-9802",
            "terms_version": "2026-1",
            "device": "d1",
        },
        role=None,
        keyed=True,
    ),
    Door(
        path="/v1/sessions",
        kind=SessionBody,
        sample={
            "email": "a@b.c",
            "password": "wrong horse",
            "code": "123456",
            "recovery_code": "ABCD-EFGH",
            "assertion": ASSERTION,
            "device": "d1",
        },
        role=None,
    ),
    Door(
        path="/v1/sessions/challenges",
        kind=CredentialsBody,
        sample={"email": "a@b.c", "password": "wrong horse"},
        role=None,
    ),
    Door(
        path="/v1/me/password",
        kind=PasswordBody,
        sample={"password": "wrong horse", "new_password": "right horse", "proof": PROOF},
        role=Role.PLAYER,
    ),
    Door(
        path="/v1/me/second-factor/confirmation",
        kind=ConfirmationBody,
        sample={"code": "123456", "proof": PROOF},
        role=Role.PLAYER,
    ),
    Door(
        path="/v1/me/second-factor/removal",
        kind=ProofBody,
        sample=PROOF,
        role=Role.PLAYER,
    ),
    Door(
        path="/v1/me/security-keys",
        kind=NewKeyBody,
        sample={"client_data": "e30", "attestation": "oA", "proof": PROOF},
        role=Role.PLAYER,
    ),
    Door(
        path="/v1/me/security-keys/challenges",
        kind=CeremonyBody,
        sample={"ceremony": "registration"},
        role=Role.PLAYER,
    ),
    Door(
        path="/v1/me/security-keys/a2V5/removal",
        kind=ProofBody,
        sample=PROOF,
        role=Role.PLAYER,
    ),
    Door(
        path="/v1/bets/max-stake",
        kind=StakelessBody,
        sample={
            name: SLIP[name]
            for name in ("currency", "legs", "bet_type", "lines", "parts", "boost", "combination")
        },
        role=Role.PLAYER,
    ),
    Door(
        path="/v1/games/launch",
        kind=LaunchBody,
        sample={
            "provider": "acme",
            "game": "book",
            "demo": False,
            "mobile": True,
            "locale": "en",
            "return_url": "https://example.test/lobby",
        },
        role=Role.PLAYER,
    ),
    Door(
        path="/v1/games/house/slot/rounds",
        kind=HouseRoundBody,
        sample={
            "round_id": derived_id("round"),
            "session_id": derived_id("session"),
            "stake": "0.30",
        },
        role=Role.PLAYER,
    ),
    Door(
        path="/v1/games/house/roulette/rounds",
        kind=RouletteRoundBody,
        sample={
            "round_id": derived_id("round"),
            "session_id": derived_id("session"),
            "bets": [{"kind": "straight", "numbers": [17], "stake": "1.00"}],
        },
        role=Role.PLAYER,
    ),
    Door(
        path=f"/v1/games/house/rounds/{derived_id('nobody')}/steps",
        kind=HouseStepBody,
        sample={"number": 2, "action": "hit", "session_id": derived_id("session")},
        role=Role.PLAYER,
    ),
    Door(path="/v1/bets", kind=SlipBody, sample=SLIP, role=Role.PLAYER, keyed=True),
    Door(path="/v1/bets/batch", kind=RawSlipsBody, sample={"bets": [KEYED]}, role=Role.PLAYER),
    Door(
        path=f"/v1/bets/{derived_id('nobody')}/cash-out",
        kind=TakeBody,
        sample={"quote": "AAAA"},
        role=Role.PLAYER,
        keyed=True,
    ),
    Door(path="/v1/deposits", kind=PaymentBody, sample=PAYMENT, role=Role.PLAYER, keyed=True),
    Door(path="/v1/withdrawals", kind=PaymentBody, sample=PAYMENT, role=Role.PLAYER, keyed=True),
    Door(
        path="/v1/me/payout",
        kind=PayoutBody,
        sample={"amount": "10.00"},
        role=Role.PLAYER,
        method="PUT",
    ),
    Door(
        path="/v1/me/limits/stake/day",
        kind=LimitBody,
        sample={"amount": "10.00", "minutes": None},
        role=Role.PLAYER,
        method="PUT",
    ),
    Door(
        path="/v1/me/reality-check/interval",
        kind=IntervalBody,
        sample={"minutes": 15},
        role=Role.PLAYER,
        method="PUT",
    ),
    Door(
        path="/v1/me/reality-check/answer",
        kind=ReplyBody,
        sample={"due_at": "2026-08-01T12:00:00Z", "reply": "continue"},
        role=Role.PLAYER,
    ),
    Door(
        path="/v1/me/time-outs",
        kind=TimeOutBody,
        sample={"hours": 24},
        role=Role.PLAYER,
        keyed=True,
    ),
    Door(
        path="/v1/me/exclusions",
        kind=ExclusionBody,
        sample={"months": 6},
        role=Role.PLAYER,
        keyed=True,
    ),
    Door(
        path=f"{NOBODY}/exclusions",
        kind=ImposedBody,
        sample={"months": None, "reason": "risk_of_harm"},
        role=Role.STAFF,
        keyed=True,
    ),
    Door(
        path="/v1/location/checks",
        kind=LocationBody,
        sample={"token": "a.b.c"},
        role=Role.PLAYER,
        keyed=True,
    ),
    *CATALOGUE_DOORS,
    Door(
        path=f"{NOBODY}/status",
        kind=PlayerStatusBody,
        sample={"status": "closed", "reason": "player_asked"},
        role=Role.STAFF,
        keyed=True,
    ),
    Door(
        path="/v1/me/marketing/email",
        method="PUT",
        kind=ConsentBody,
        sample={"given": True},
        role=Role.PLAYER,
    ),
    Door(path="/v1/me/terms", kind=AcceptBody, sample={"version": "2026-1"}, role=Role.PLAYER),
    Door(
        path="/v1/staff/terms",
        kind=PublishBody,
        sample={"jurisdiction": "ON", "version": "2026-1", "sha256": "ab" * 32},
        role=Role.STAFF,
    ),
    Door(
        path=f"{NOBODY}/verification",
        kind=DecisionBody,
        sample={"decision": "verified", "reason": "documents_seen", "valid_until": "2030-01-01"},
        role=Role.STAFF,
        keyed=True,
    ),
    Door(
        path=f"{NOBODY}/free-bets",
        kind=GiftBody,
        sample={"stake": "5.00", "currency": "EUR", "expires_at": "2030-01-01T00:00:00Z"},
        role=Role.STAFF,
        keyed=True,
    ),
    Door(
        path=f"{NOBODY}/boosts",
        kind=BoostBody,
        sample={
            "share": "1/10",
            "stake_max": "5.00",
            "currency": "EUR",
            "expires_at": "2030-01-01T00:00:00Z",
        },
        role=Role.STAFF,
        keyed=True,
    ),
    Door(
        path=f"{NOBODY}/personal-data",
        kind=LookBody,
        sample={"purpose": "support", "paths": ["/email"]},
        role=Role.STAFF,
    ),
    Door(
        path=f"{NOBODY}/erasure",
        kind=ErasureBody,
        sample={"basis": "gdpr_17_1_a"},
        role=Role.STAFF,
    ),
)

# Of every type, what is not of it.  Numbers that look like texts and texts that look like numbers
# are among them: what we read is never converted.
_NOT_OF: Mapping[type[inspect.Type], tuple[object, ...]] = {
    inspect.StrType: (5, 1.5, True, None, [], {}, ["x"]),
    inspect.IntType: ("1", 1.5, True, None, [], {}, -(2**70), 2**70),
    inspect.BoolType: (0, 1, "true", None, [], {}),
    inspect.DateType: ("2024-02-30", "0000-01-01", "yesterday", "", 5, None, [], "2024-01-01T00"),
    inspect.EnumType: ("nothing", "", 5, None, [], {}, "OPEN"),
    inspect.VarTupleType: ("x", 5, None, {}, True, []),
    inspect.StructType: ("x", 5, None, [], True),
    inspect.RawType: (),
}
# A text that nobody may send anywhere: PostgreSQL keeps no NUL, and nobody means so many letters.
_NO_TEXTS = ("\x00", "a\x00b", "a\n\x00", LONG)


def wrong_bodies(kind: type[Body], sample: Any) -> Iterator[Wrong]:
    """Return the sample with each part missing, of another type, too much, or no fit text."""
    yield from _wrong(inspect.type_info(kind), sample, sample, ())


def check_sample(kind: type[Body], sample: Any) -> None:
    """Check that every field of the type is in the sample, so that it is tried too."""
    _check(inspect.type_info(kind), sample, kind.__name__)


def kinds_in(kind: type[Body]) -> set[type[Struct]]:
    """Return a body's type and the types of its parts."""
    return set(_kinds(inspect.type_info(kind)))


def token_for(desk: Desk, player: Somebody, door: Door) -> str | None:
    """Return a token with which this door may be passed."""
    match door.role:
        case None:
            return None
        case Role.PLAYER:
            return player.token
        case Role.STAFF:
            return desk.office if door.person else desk.staff


def at(sample: Any, path: tuple[str | int, ...], value: object) -> Any:
    """Return the sample with another value at a place."""
    if not path:
        return value
    changed = copy.deepcopy(sample)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


def named(path: tuple[str | int, ...]) -> str:
    """Return how a problem names a place: `legs[0].tick`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".") or "body"


def _wrong(
    kind: inspect.Type, sample: Any, whole: Any, path: tuple[str | int, ...]
) -> Iterator[Wrong]:
    """Spoil the part of the whole that is at this path."""
    plain, optional = _plain(kind)
    for value in _NOT_OF[type(plain)]:
        # Where nothing need be in a list, an empty one is right.
        may_be_empty = isinstance(plain, inspect.VarTupleType) and not plain.min_length
        if (value is not None or not optional) and not (value == [] and may_be_empty):
            yield Wrong(
                why=f"{named(path)} is {value!r}", field=named(path), body=at(whole, path, value)
            )
    if isinstance(plain, inspect.StrType):
        for text in _NO_TEXTS:
            yield Wrong(
                why=f"{named(path)} is {text[:9]!r}", field=named(path), body=at(whole, path, text)
            )
    if isinstance(plain, inspect.VarTupleType) and sample:
        yield from _wrong(plain.item_type, sample[0], whole, (*path, 0))
    if isinstance(plain, inspect.StructType):
        for field in plain.fields:
            inside = (*path, field.encode_name)
            if field.required:
                left = {name: value for name, value in sample.items() if name != inside[-1]}
                yield Wrong(
                    why=f"{named(inside)} is missing",
                    field=named(inside),
                    body=at(whole, path, left),
                )
            yield from _wrong(field.type, sample[field.encode_name], whole, inside)
        inside = (*path, UNKNOWN)
        yield Wrong(why=f"more in {named(path)}", field=named(inside), body=at(whole, inside, 1))


def _plain(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    """Return a type without `None`, and whether that may stand in its place."""
    if isinstance(kind, inspect.UnionType):
        (plain,) = [item for item in kind.types if not isinstance(item, inspect.NoneType)]
        return plain, kind.includes_none
    return kind, False


def _check(kind: inspect.Type, sample: Any, name: str) -> None:
    plain, _ = _plain(kind)
    if isinstance(plain, inspect.StructType):
        assert set(sample) == {field.encode_name for field in plain.fields}, name
        for field in plain.fields:
            _check(field.type, sample[field.encode_name], f"{name}.{field.encode_name}")
    if isinstance(plain, inspect.VarTupleType) and sample:
        _check(plain.item_type, sample[0], f"{name}[0]")


def _kinds(kind: inspect.Type) -> Iterator[type[Struct]]:
    plain, _ = _plain(kind)
    if isinstance(plain, inspect.StructType):
        yield plain.cls
        for field in plain.fields:
            yield from _kinds(field.type)
    if isinstance(plain, inspect.VarTupleType):
        yield from _kinds(plain.item_type)

"""Who may become a player, and how a status may change.  Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

import msgspec

from pitboss.jurisdictions.model import Duplicates, Jurisdiction, Scope
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players.identity.model import (
    ADDRESS,
    BORN_ON,
    EMAIL,
    FAMILY_NAME,
    GIVEN_NAME,
    NATIONAL_ID,
    POSTCODE,
    Email,
    ErasureRequest,
    Likeness,
    Obligation,
    Player,
    PlayerStatus,
    Refusal,
    Refused,
    RegisterAnswer,
    Registered,
    RegisterRequest,
    Registration,
    StatusAnswer,
    StatusChange,
    StatusRequest,
    StatusSet,
)
from pitboss.players.personal.model import Path, PersonalKeys

# The scope of all licences of an operator.
EVERYWHERE = "*"


def refusal_to_register(
    request: RegisterRequest, jurisdiction: Jurisdiction | None, *, today: date
) -> Refusal | None:
    """Return why this person may not become a player under this licence, if so."""
    if jurisdiction is None:
        return Refusal.UNKNOWN_JURISDICTION
    if not jurisdiction.registration.open:
        return Refusal.JURISDICTION_CLOSED
    if request.currency not in jurisdiction.licence.currencies:
        return Refusal.CURRENCY_NOT_OFFERED
    if age_on(today, born_on=request.born_on) < jurisdiction.registration.age_min:
        return Refusal.UNDER_AGE
    if request.named_by_register:
        return Refusal.NAMED_BY_REGISTER
    return request.refused


def age_on(day: date, *, born_on: date) -> int:
    """Return a person's age in whole years.

    Who was born on 29 February is a year older on 1 March of the years that have no such day: the
    later of the two readings, because the younger must not slip through.
    """
    had_birthday = (day.month, day.day) >= (born_on.month, born_on.day)
    return day.year - born_on.year - (0 if had_birthday else 1)


def asks_age(jurisdiction: Jurisdiction) -> bool:
    """Say whether a licence has rules for some ages and not for others, past registration.

    Only under such a licence anything of a player's age is kept at hand.
    """
    limits, games = jurisdiction.limits, jurisdiction.games
    bounds = (*limits.caps, *limits.contact_above, *games.stake_caps)
    return any(rule.age_from is not None or rule.age_below is not None for rule in bounds)


def born_by(born_on: date) -> date:
    """Return the first day of the month after a day of birth, from which ages are counted.

    Who is counted from it is never taken for older, and for younger by less than a month.
    """
    months = born_on.year * 12 + born_on.month
    return date(months // 12, months % 12 + 1, 1)


def likenesses(request: RegisterRequest, keys: PersonalKeys) -> tuple[Likeness, ...]:
    """Return what other registrations of the same person would have too, to who has the key.

    Everybody has them under their own licence and under the operator's, whatever the licence looks
    at: another one may look further.
    """
    scopes: dict[bytes, tuple[str, ...]] = dict.fromkeys(
        _like_anywhere(request, keys), (EVERYWHERE, request.jurisdiction)
    )
    scopes |= dict.fromkeys(_like_at_home(request, keys), (request.jurisdiction,))
    return tuple(
        Likeness(scope=scope, digest=digest, player_id=request.player_id)
        for digest, reach in scopes.items()
        for scope in reach
    )


def places_of_doubles(
    request: RegisterRequest, jurisdiction: Jurisdiction, codes: Sequence[str], keys: PersonalKeys
) -> set[tuple[str, bytes]]:
    """Return under which scopes and digests an earlier account of this person counts.

    Where the operator may have one account of a person, it is looked for under every licence, and
    not only under `*`, which belongs to the first of several accounts and goes when they do.
    """
    if jurisdiction.registration.one_account is not Scope.LICENCE:
        return places_anywhere(request, codes, keys)
    digests = (*_like_anywhere(request, keys), *_like_at_home(request, keys))
    return {(request.jurisdiction, digest) for digest in digests}


def places_anywhere(
    request: RegisterRequest, codes: Sequence[str], keys: PersonalKeys
) -> set[tuple[str, bytes]]:
    """Return under which scopes and digests this person is found, under whatever licence."""
    scopes = (EVERYWHERE, *codes)
    at_home = {(request.jurisdiction, digest) for digest in _like_at_home(request, keys)}
    return at_home | {
        (scope, digest) for digest in _like_anywhere(request, keys) for scope in scopes
    }


def _like_anywhere(request: RegisterRequest, keys: PersonalKeys) -> list[bytes]:
    """Return the digests that tell a person from all others.

    Names without case, accents and signs, the day of birth, and the postcode without spaces: too
    many people share a name and a birthday.  And the national number with the day of birth: two
    states may give two people the same number.
    """
    digests: list[bytes] = []
    if request.postcode is not None:
        parts = (
            _plain(request.given_name),
            _plain(request.family_name),
            request.born_on,
            _plain(request.postcode),
        )
        digests.append(keys.digest("player.likeness", msgspec.json.encode(parts)))
    if request.national_id is not None:
        born = msgspec.json.encode((request.national_id, request.born_on))
        digests.append(keys.digest("player.likeness.number_and_birth", born))
    return digests


def _like_at_home(request: RegisterRequest, keys: PersonalKeys) -> list[bytes]:
    """Return the digests that tell a person from the others of a licence: the number alone."""
    if request.national_id is None:
        return []
    return [keys.digest("player.likeness.number", request.national_id.encode())]


def refuses_duplicates(jurisdiction: Jurisdiction) -> bool:
    """Say whether who looks like a player is refused; otherwise they are flagged."""
    return jurisdiction.registration.duplicates is Duplicates.REFUSE


def _plain(text: str) -> str:
    """Return a text's letters and digits, as people who write one name in two ways mean it."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if char.isalnum())


def email_digest(keys: PersonalKeys, email: Email) -> bytes:
    """Return by what an address is found, and kept unique, without being readable."""
    return keys.digest("player.email", email.encode())


def personal_values(request: RegisterRequest) -> dict[Path, str]:
    """Return what is kept of who registers, and committed to."""
    values: dict[Path, str] = {
        EMAIL: request.email,
        GIVEN_NAME: request.given_name,
        FAMILY_NAME: request.family_name,
        BORN_ON: request.born_on.isoformat(),
    }
    if request.address is not None:
        values[ADDRESS] = request.address
    if request.postcode is not None:
        values[POSTCODE] = request.postcode
    if request.national_id is not None:
        values[NATIONAL_ID] = request.national_id
    return values


def digest(request: RegisterRequest, keys: PersonalKeys) -> bytes:
    """Return what tells two registrations under one key apart, to who has the house's key.

    The proposed id is left out because the edge draws a new one each time; the password's hash is,
    because its salt is new each time and an unsalted digest of a password could be guessed.
    """
    parts = (
        request.jurisdiction,
        request.currency,
        request.email,
        request.given_name,
        request.family_name,
        request.born_on,
        # Left out where there is none, so that keys of before there were any say the same.
        *(() if request.address is None else ("address", request.address)),
        *(() if request.postcode is None else ("postcode", request.postcode)),
        *(() if request.national_id is None else ("national_id", request.national_id)),
    )
    return keys.digest("player.register", msgspec.json.encode(parts))


def claims(requests: Iterable[RegisterRequest], keys: PersonalKeys) -> dict[str, Registration]:
    """Return what each key would be used for: the first request under it."""
    first: dict[str, Registration] = {}
    for request in requests:
        if request.key not in first:
            first[request.key] = Registration(
                key=request.key, request_digest=digest(request, keys), player_id=request.player_id
            )
    return first


def fresh_requests(
    requests: Iterable[RegisterRequest], claimed: Collection[str]
) -> list[RegisterRequest]:
    """Return the first request under each key that had no answer before."""
    first: dict[str, RegisterRequest] = {}
    for request in requests:
        first.setdefault(request.key, request)
    return [request for key, request in first.items() if key in claimed]


def first_of_each_email(requests: Iterable[RegisterRequest]) -> dict[Email, RegisterRequest]:
    """Return who asked first for each e-mail."""
    first: dict[Email, RegisterRequest] = {}
    for request in requests:
        first.setdefault(request.email, request)
    return first


def answer_registrations(
    requests: Sequence[RegisterRequest],
    registrations: Mapping[str, Registration],
    *,
    fresh: Collection[str],
    keys: PersonalKeys,
) -> tuple[RegisterAnswer, ...]:
    """Answer each request from what its key was first used for.

    `fresh` are the keys that had no answer before this batch.
    """
    seen: set[str] = set()
    answers: list[RegisterAnswer] = []
    for request in requests:
        registration = registrations[request.key]
        if registration.request_digest != digest(request, keys):
            answers.append(Refused(reason=Refusal.KEY_REUSED))
        elif registration.refusal is not None:
            answers.append(Refused(reason=registration.refusal))
        else:
            repeated = request.key not in fresh or request.key in seen
            answers.append(Registered(player_id=registration.player_id, repeated=repeated))
        seen.add(request.key)
    return tuple(answers)


def refusal_to_erase(
    request: ErasureRequest,
    player: Player | None,
    jurisdiction: Jurisdiction | None,
    *,
    closed_at: datetime | None,
    now: datetime,
) -> Refusal | None:
    """Return why this player's data may not be erased now, if so.

    The licence's term of retention begins when the account was closed.  A player of a licence that
    is gone is kept: nobody can say until when.
    """
    if player is None:
        return Refusal.UNKNOWN_PLAYER
    if player.status is not PlayerStatus.CLOSED or closed_at is None:
        return Refusal.ACCOUNT_NOT_CLOSED
    for obligation in Obligation:
        if obligation in request.obligations:
            return Refusal(obligation.value)
    if jurisdiction is None:
        return Refusal.RETENTION_NOT_OVER
    until = retained_until(closed_at, years=jurisdiction.retention.years_after_closure)
    return Refusal.RETENTION_NOT_OVER if now < until else None


def retained_until(closed_at: datetime, *, years: int) -> datetime:
    """Return when a term of so many years after this instant is over.

    From 29 February it ends on 1 March of a year that has no such day: the later reading.
    """
    year = closed_at.year + years
    try:
        return closed_at.replace(year=year)
    except ValueError:
        return closed_at.replace(year=year, month=3, day=1)


class StatusBook:
    """The players whose status one batch may change, and what the batch does to them."""

    def __init__(self, players: Mapping[PlayerId, Player], changes: Iterable[StatusChange]) -> None:
        self._statuses = {player.id: player.status for player in players.values()}
        self._changes = {(change.shard, change.key): change for change in changes}
        self.new_changes: list[StatusChange] = []
        self.moves: list[tuple[StatusRequest, PlayerStatus]] = []
        self.kept: list[StatusChange] = []

    def decide(self, requests: Sequence[StatusRequest]) -> tuple[StatusAnswer, ...]:
        """Answer each request in order; each one sees what those before it did."""
        return tuple([self._decide(request) for request in requests])

    def changed(self) -> dict[PlayerId, PlayerStatus]:
        """Return the players whose status moved, with the status they are left in."""
        return {request.player_id: request.status for request, _ in self.moves}

    def _decide(self, request: StatusRequest) -> StatusAnswer:
        place: tuple[Shard, str] = (shard_of(request.player_id), request.key)
        earlier = self._changes.get(place)
        if earlier is not None:
            return _repeated(earlier, request)

        before = self._statuses.get(request.player_id)
        refusal = _refusal_to_change(before, request.status)
        change = StatusChange(
            shard=place[0],
            key=request.key,
            player_id=request.player_id,
            status=request.status,
            reason=request.reason,
            refusal=refusal,
        )
        self._changes[place] = change
        self.new_changes.append(change)
        if before is not None and refusal is None and before != request.status:
            self._statuses[request.player_id] = request.status
            self.moves.append((request, before))
        else:
            self.kept.append(change)
        return _answer(change)


def _refusal_to_change(before: PlayerStatus | None, after: PlayerStatus) -> Refusal | None:
    if before is None:
        return Refusal.UNKNOWN_PLAYER
    if before is PlayerStatus.CLOSED and after is not PlayerStatus.CLOSED:
        return Refusal.ACCOUNT_CLOSED
    return None


def _repeated(earlier: StatusChange, request: StatusRequest) -> StatusAnswer:
    same = (
        earlier.player_id == request.player_id
        and earlier.status == request.status
        and earlier.reason == request.reason
    )
    return _answer(earlier) if same else Refused(reason=Refusal.KEY_REUSED)


def _answer(change: StatusChange) -> StatusAnswer:
    if change.refusal is not None:
        return Refused(reason=change.refusal)
    return StatusSet(player_id=change.player_id, status=change.status)

"""The Valkyrie PAM API 0.7.0: an aggregator in front of several vendors' protocols.

We serve it.  The API key and the player's token are in headers, amounts are JSON numbers with six
decimals, and each vendor's ids are its own: `VENDOR|ID` here, and `VENDOR/GAME` in the registry,
both without the spaces of the vendor's name.
Source: valkyrie-fnd/valkyrie, pam/pam_api.yml.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from pitboss.adapters.protocols.places import country_of
from pitboss.adapters.protocols.reading import (
    Misshapen,
    Unreadable,
    flag_of,
    maybe_text,
    micros_of_number,
    player_of,
    read_object,
    text_of,
    told_text,
)
from pitboss.adapters.protocols.valkyrie_extras import extras_of, money, told_of
from pitboss.games.rounds.model import (
    Bearer,
    Booking,
    Dialect,
    Done,
    Effect,
    Kind,
    Refused,
    Request,
    Reversal,
    Round,
    Stake,
    Standing,
    Step,
    Win,
    WinNeeds,
    WireRefusal,
    digest_of,
    shard_of_token,
)
from pitboss.games.rounds.ports import (
    Call,
    Found,
    Heard,
    Look,
    OfToken,
    Outcome,
    Reply,
    Search,
    Swap,
    Swapped,
    Trouble,
)
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import AMOUNT_MICROS_MAX

_encode = msgspec.json.Encoder().encode
_VENDOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}")
_PLAYER = re.compile(r"/players/([^/]+)/(balance|transactions|gamerounds/(.+))")
# What the aggregator makes of that for a player whom nobody has named to it.
_NAMELESS = re.compile(r"/players//?transactions")
_CURRENCY = re.compile(r"[A-Z]{3}")
_NOBODY = PlayerId("00000000-0000-0000-0000-000000000000")
_NOTHING = msgspec.Raw(b"0.000000")

_STATUSES = {
    WireRefusal.UNKNOWN_PLAYER: "PLAYER_NOT_FOUND",
    WireRefusal.UNKNOWN_SESSION: "SESSION_NOT_FOUND",
    WireRefusal.SESSION_EXPIRED: "SESSION_EXPIRED",
    WireRefusal.SESSION_OVER: "SESSION_EXPIRED",
    WireRefusal.WRONG_CURRENCY: "TRANS_CURRENCY",
    WireRefusal.OTHER_FACTS: "DUPLICATE_TRANS",
    WireRefusal.ROLLED_BACK: "TRANS_ALREADY_CANCELLED",
    WireRefusal.ALREADY_REVERSED: "TRANS_ALREADY_CANCELLED",
    WireRefusal.ROUND_CLOSED: "TRANS_ALREADY_SETTLED",
    WireRefusal.ALREADY_SETTLED: "TRANS_ALREADY_SETTLED",
    WireRefusal.UNKNOWN_STAKE: "TRANS_NOT_FOUND",
    WireRefusal.UNKNOWN_ROUND: "TRANS_NOT_FOUND",
    WireRefusal.NOT_A_STAKE: "CANCEL_NON_WITHDRAW",
    WireRefusal.INSUFFICIENT_FUNDS: "CASH_OVERDRAFT",
    WireRefusal.PROMOTION_EXHAUSTED: "PROMO_OVERDRAFT",
    "unknown_game": "GAME_NOT_FOUND",
    "game_suspended": "GAME_NOT_FOUND",
    "provider_suspended": "GAME_NOT_FOUND",
    "game_not_certified": "GAME_NOT_FOUND",
    "game_certificate_expired": "GAME_NOT_FOUND",
    "game_certificate_withdrawn": "GAME_NOT_FOUND",
    "game_odds_not_told": "GAME_NOT_FOUND",
    "game_too_fast": "GAME_NOT_FOUND",
    "game_plays_by_itself": "GAME_NOT_FOUND",
}
_UNAUTHORIZED = frozenset({"SESSION_NOT_FOUND", "SESSION_EXPIRED", "API_TOKEN"})
_KINDS = {
    (Kind.STAKE, False): "WITHDRAW",
    (Kind.STAKE, True): "PROMOWITHDRAW",
    (Kind.WIN, False): "DEPOSIT",
    (Kind.WIN, True): "PROMODEPOSIT",
    (Kind.REVERSAL, False): "CANCEL",
    (Kind.REVERSAL, True): "PROMOCANCEL",
}


class Valkyrie:
    """The protocol with the aggregator's API keys: the newest first, and those that still count.

    `recon` is a token that pays and undoes for any player, and never stakes.
    """

    def __init__(
        self,
        provider: str,
        keys: Sequence[str],
        *,
        recon: str | None = None,
        free_play: bool = False,
    ) -> None:
        if not keys or not all(keys):
            raise ValueError("an aggregator without a key would be anybody")
        if recon == "":
            raise ValueError("a token for reconciliation that is empty is shown by everybody")
        self._provider = provider
        self._keys = tuple(key.encode() for key in keys)
        self._recon = None if recon is None else recon.encode()
        self._dialect = Dialect(
            one_id_space=False,
            ids_of_provider=True,
            win_needs=WinNeeds.OPEN_ROUND,
            reverses_settled=False,
            reverses_again=False,
            by_ref=True,
            free_play=free_play,
            # It is told CANCEL_NOT_FOUND.
            closes_unfound=False,
        )

    def hear(self, call: Call) -> Heard | Reply:
        """Verify and read a call."""
        if not self._has_key(call):
            return _error("API_TOKEN")
        vendor = call.query.get("provider", "")
        if not _VENDOR.fullmatch(vendor):
            return _error("MISSING_PROVIDER", status=400)
        token = call.headers.get("x-player-token", "")
        try:
            return self._read(call, vendor, token)
        except (Unreadable, Misshapen):
            return _error("UNDEFINED", status=400)

    def answer(self, heard: Heard, outcome: Outcome) -> Reply:
        """Word what came of a call."""
        what, about = heard.context
        match outcome:
            case Standing() if what == "session":
                # Also of one that stakes no more: some vendors ask for it before each win and
                # each rollback, and whether it may stake is asked with the stake.
                return _ok("session", _session(outcome, about))
            case Standing():
                return _ok("balance", _balance(outcome.balance_micros))
            case Swapped():
                return _ok("session", _session(outcome.standing, outcome.token))
            case Found():
                return _found(what, outcome, about)
            case Done():
                return _done(outcome)
            case Refused():
                code = _STATUSES.get(outcome.reason, "BET_NOT_ALLOWED")
                balance = None if code == "DUPLICATE_TRANS" else outcome.balance_micros
                return _error(code, balance=balance)
            case None:
                return _error("SESSION_NOT_FOUND")
            case Trouble.AWAY:
                return _error("TIMEOUT")
            case _:
                return _error("UNDEFINED")

    def fail(self, trouble: Trouble) -> Reply:
        """Word that a call was not looked at."""
        match trouble:
            case Trouble.TOO_LARGE:
                return _error("UNDEFINED", status=400)
            case Trouble.FROM_ELSEWHERE:
                return _error("API_TOKEN")
            case Trouble.AWAY | Trouble.TOO_OFTEN:
                return _error("TIMEOUT")
            case Trouble.BROKEN:
                return _error("UNDEFINED")

    def _has_key(self, call: Call) -> bool:
        kind, _, said = call.headers.get("authorization", "").partition(" ")
        good = False
        for key in self._keys:
            good |= hmac.compare_digest(key, said.encode("utf-8", "replace"))
        return good and kind.lower() == "bearer"

    def _read(self, call: Call, vendor: str, token: str) -> Heard | Reply:
        shard = shard_of_token(token)
        if call.path == "/players/session":
            if shard is None:
                return _error("SESSION_NOT_FOUND")
            digest = digest_of(token)
            if call.method == "GET":
                look = Look(player_id=None, bearer=Bearer(digest=digest), shard=shard)
                return Heard(wish=look, context=("session", token))
            if call.method == "PUT":
                return Heard(wish=Swap(digest=digest, shard=shard), context=("session", token))
        if call.method == "POST" and _NAMELESS.fullmatch(call.path):
            return self._nameless(call, vendor, token)
        found = _PLAYER.fullmatch(call.path)
        if found is None:
            return _error("UNDEFINED", status=404)
        player_id = player_of(found.group(1))
        recon = self._recon is not None and hmac.compare_digest(
            self._recon, token.encode("utf-8", "replace")
        )
        if player_id is None or (shard is None and not recon):
            return _error("PLAYER_NOT_FOUND" if player_id is None else "SESSION_NOT_FOUND")
        bearer = Bearer() if recon else Bearer(digest=digest_of(token))
        what = found.group(2).partition("/")[0]
        match call.method, what:
            case "GET", "balance":
                return Heard(wish=Look(player_id=player_id, bearer=bearer), context=(what, vendor))
            case "GET", "gamerounds":
                ref = _own(vendor, found.group(3))
                search = Search(player_id=player_id, bearer=bearer, round_ref=ref)
                return Heard(wish=search, context=(what, vendor))
            case "GET", "transactions":
                return _search(call.query, player_id, bearer, vendor)
            case "POST", "transactions":
                wish = self._transaction(read_object(call.body), player_id, bearer, vendor)
                return wish if isinstance(wish, Reply) else Heard(wish=wish, context=(what, vendor))
            case _:
                return _error("UNDEFINED", status=404)

    def _nameless(self, call: Call, vendor: str, token: str) -> Heard | Reply:
        """Read a rollback that names no player: Caleta's need not, and the token says who it is."""
        shard = shard_of_token(token)
        if shard is None:
            return _error("SESSION_NOT_FOUND")
        bearer = Bearer(digest=digest_of(token))
        wish = self._transaction(read_object(call.body), _NOBODY, bearer, vendor)
        if isinstance(wish, Reply):
            return wish
        if not all(isinstance(step, Reversal) for step in wish.steps):
            return _error("PLAYER_NOT_FOUND")
        return Heard(wish=OfToken(request=wish, shard=shard), context=("transactions", vendor))

    def _transaction(
        self, body: Mapping[str, Any], player_id: PlayerId, bearer: Bearer, vendor: str
    ) -> Request | Reply:
        code = text_of(body, "currency")
        if not _CURRENCY.fullmatch(code):
            return _error("TRANS_CURRENCY")
        kind, name = text_of(body, "transactionType"), text_of(body, "providerTransactionId")
        ref, game = maybe_text(body, "providerRoundId"), maybe_text(body, "providerGameId")
        external_id = _own(vendor, name)
        step = self._step(kind, external_id, body, vendor)
        if isinstance(step, Reply):
            return step
        closes = flag_of(body, "isGameOver", default=False)
        if ref is None and isinstance(step, Win):
            if not step.promo:
                raise Misshapen("providerRoundId", "it is needed")
            closes = True
        if ref is None and isinstance(step, Stake):
            raise Misshapen("providerRoundId", "it is needed")
        lone = _own(vendor, f"promo|{name}") if isinstance(step, Win) else None
        return Request(
            provider=self._provider,
            player_id=player_id,
            game="" if game is None else _game_of(vendor, game),
            round_ref=lone if ref is None else _own(vendor, ref),
            currency=code,
            steps=(step,),
            dialect=self._dialect,
            closes=closes,
            bearer=bearer,
            strict=bearer.digest is not None,
        )

    def _step(
        self, kind: str, external_id: str, body: Mapping[str, Any], vendor: str
    ) -> Step | Reply:
        cash, bonus, promo = (
            _amount(body, name) for name in ("cashAmount", "bonusAmount", "promoAmount")
        )
        bet_ref = maybe_text(body, "providerBetRef")
        ref = None if bet_ref is None else _own(vendor, bet_ref)
        about: dict[str, Any] = {"promo": kind.startswith("PROMO"), "said": extras_of(body)}
        if min(cash, bonus, promo) < 0:
            return _error("NEGATIVE_STAKE")
        match kind:
            case "WITHDRAW" | "PROMOWITHDRAW":
                if bonus:
                    return _error("BONUS_OVERDRAFT")
                free = kind == "PROMOWITHDRAW" and not cash
                if promo and not free:
                    return _error("PROMO_OVERDRAFT")
                micros = promo if free else cash
                return Stake(external_id=external_id, micros=micros, free=free, ref=ref, **about)
            case "DEPOSIT" | "PROMODEPOSIT":
                total, jackpot = cash + bonus + promo, _jackpot(body)
                if total > AMOUNT_MICROS_MAX:
                    raise Misshapen("cashAmount", "together it is too much")
                if jackpot > total:
                    raise Misshapen("jackpots", "they are a part of the amount")
                return Win(
                    external_id=external_id,
                    micros=total,
                    jackpot_micros=jackpot,
                    stake_id=ref,
                    **about,
                )
            case "CANCEL" | "PROMOCANCEL":
                return Reversal(external_id=external_id, original_id=ref or external_id, **about)
            case _:
                raise Misshapen("transactionType", "there is no such type")


def _own(vendor: str, name: str) -> str:
    # As in `Red Tiger`: nothing that is kept has a space in its name.
    return f"{vendor.replace(' ', '')}|{name}"


def _game_of(vendor: str, code: str) -> str:
    return f"{vendor.replace(' ', '')}/{code}"


def _amount(body: Mapping[str, Any], name: str) -> int:
    number = body.get(name)
    if isinstance(number, int | Decimal) and not isinstance(number, bool) and number < 0:
        # It is said in a word of its own.
        return -1
    return micros_of_number(number, name)


def _jackpot(body: Mapping[str, Any]) -> int:
    found = body.get("jackpots") or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Misshapen("jackpots", "a list of objects is needed")
    said = [item.get("jackpotAmount") for item in found]
    return sum(micros_of_number(item, "jackpotAmount") for item in said if item is not None)


def _search(
    query: Mapping[str, str], player_id: PlayerId, bearer: Bearer, vendor: str
) -> Heard | Reply:
    bet_ref, name = query.get("providerBetRef"), query.get("providerTransactionId")
    if not bet_ref and not name:
        return _error("UNDEFINED", status=400)
    # What can be no id was never booked, and is looked up as what nobody has booked.
    ref, own = told_text(query, "providerBetRef"), told_text(query, "providerTransactionId")
    search = Search(
        player_id=player_id,
        bearer=bearer,
        external_id=None if bet_ref or own is None else _own(vendor, own),
        stake_id=None if ref is None else _own(vendor, ref),
    )
    return Heard(wish=search, context=("transactions", vendor))


def _session(standing: Standing, token: str) -> dict[str, Any]:
    game = "" if standing.session is None else standing.session.game
    return {
        "playerId": standing.player_id,
        "token": token,
        "currency": standing.currency,
        "country": country_of(standing.jurisdiction),
        "language": "en",
        # Behind its vendor's name, which has none of these strokes; the game's own may have some.
        "gameId": game.partition("/")[2] or game,
    }


def _found(what: str, found: Found, vendor: str) -> Reply:
    if what == "gamerounds":
        if found.round is None:
            return _error("ROUND_NOT_FOUND", status=404)
        return _ok("gameround", _round(found.round, vendor))
    return _ok(
        "transactions",
        [_booking(item, vendor) for item in found.bookings if item.refusal is None],
    )


def _round(item: Round, vendor: str) -> dict[str, Any]:
    said = {
        "providerGameId": item.game.removeprefix(_game_of(vendor, "")),
        "providerRoundId": item.ref.removeprefix(_own(vendor, "")),
        "startTime": write_instant(item.opened_at),
    }
    if item.closed_at is not None:
        said["endTime"] = write_instant(item.closed_at)
    return said


def _booking(item: Booking, vendor: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "currency": item.currency,
        "provider": vendor,
        "transactionType": _KINDS[item.kind, item.promo or item.free],
        "cashAmount": _NOTHING if item.free else money(item.micros),
        "bonusAmount": _NOTHING,
        "promoAmount": money(item.micros) if item.free else _NOTHING,
        "transactionDateTime": write_instant(item.booked_at),
        "providerTransactionId": item.external_id.removeprefix(_own(vendor, "")),
        "providerGameId": item.game.removeprefix(_game_of(vendor, "")),
    }
    if item.original_id is not None:
        said["providerBetRef"] = item.original_id.removeprefix(_own(vendor, ""))
    if item.said is not None:
        said |= told_of(item.said)
    return said


def _done(done: Done) -> Reply:
    (step,) = done.steps
    if step.effect in (Effect.TOMBSTONED, Effect.NOTHING):
        return _error("CANCEL_NOT_FOUND", balance=done.balance_now)
    result = {"transactionId": step.booking_id, "balance": _balance(done.balance_now)}
    return _ok("transactionResult", result)


def _balance(micros: int) -> dict[str, msgspec.Raw]:
    return {"cashAmount": money(micros), "bonusAmount": _NOTHING, "promoAmount": _NOTHING}


def _ok(member: str, value: object) -> Reply:
    return Reply(status=200, body=_encode({"status": "OK", member: value}))


def _error(code: str, *, status: int | None = None, balance: int | None = None) -> Reply:
    said: dict[str, Any] = {
        "status": "ERROR",
        "error": {"code": f"PAM_ERR_{code}", "message": code.replace("_", " ").lower()},
    }
    if balance is not None:
        said["transactionResult"] = {"balance": _balance(balance)}
    http = status or (401 if code in _UNAUTHORIZED else 200)
    return Reply(status=http, body=_encode(said))

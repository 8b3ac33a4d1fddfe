"""How the registry of games looks over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from pitboss import jurisdictions
from pitboss.games import registry
from pitboss.games.registry.model import CertificateState, Filed, Offer, StakeRange
from pitboss.kernel.money import currency, format_micros

_COUNTING = (CertificateState.IN_FORCE, CertificateState.EXPIRES_SOON)


class CertificateView(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate of the version that is played now, with the digests of the files it is for.

    `state` is `in_force`, `expires_soon` (in 30 days at most), `expired` or `withdrawn`;
    `withdrawn` is why it was.
    """

    licence: str
    laboratory: str
    number: str
    issued_on: str
    expires_on: str | None
    hashes: tuple[str, ...]
    state: str
    withdrawn: str | None


class StakesView(msgspec.Struct, frozen=True, kw_only=True):
    """The least and the greatest stake in a currency."""

    currency: str
    min: str
    max: str


class GameView(msgspec.Struct, frozen=True, kw_only=True):
    """A game as it is played now; `licences` are those that a certificate counts for today.

    `suspended` says that it is stopped, by itself or with all of its provider: `provider_suspended`
    says whether that is stopped, and must be let go first.
    """

    provider: str
    code: str
    version: str
    title: str
    kind: str
    rtp: str
    cycle_ms_min: int
    autoplay: bool
    stakes: tuple[StakesView, ...]
    top_win_chance: str | None
    suspended: bool
    provider_suspended: bool
    licences: tuple[str, ...]
    certificates: tuple[CertificateView, ...]


def show_game(offer: Offer, filed: Sequence[Filed], now: datetime) -> GameView:
    """Return a game with its certificates, as staff sees it."""
    game = offer.version
    certificates = tuple(_certificate(item, now) for item in filed)
    return GameView(
        provider=game.provider,
        code=game.code,
        version=game.version,
        title=game.title,
        kind=game.kind,
        rtp=game.rtp_percent,
        cycle_ms_min=game.cycle_ms_min,
        autoplay=game.autoplay,
        stakes=tuple(map(_stakes, game.stakes)),
        top_win_chance=game.top_win_chance,
        suspended=offer.suspended or offer.provider_suspended,
        provider_suspended=offer.provider_suspended,
        licences=tuple(
            dict.fromkeys(item.licence for item in certificates if item.state in _COUNTING)
        ),
        certificates=certificates,
    )


def _certificate(filed: Filed, now: datetime) -> CertificateView:
    said = filed.certificate
    return CertificateView(
        licence=said.licence,
        laboratory=said.laboratory,
        number=said.number,
        issued_on=said.issued_on,
        expires_on=said.expires_on,
        hashes=said.hashes,
        state=registry.state_of(filed, jurisdictions.find(said.licence), now),
        withdrawn=filed.withdrawn,
    )


def _stakes(item: StakeRange) -> StakesView:
    unit = currency(item.currency)
    return StakesView(
        currency=item.currency,
        min=format_micros(item.micros_min, unit),
        max=format_micros(item.micros_max, unit),
    )

"""The files of the house's games, held against what laboratories have certified."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss import jurisdictions
from pitboss.games import registry
from pitboss.games.dealing import rules
from pitboss.games.dealing.model import PROVIDER, Checked, Measured
from pitboss.games.house.model import House
from pitboss.games.registry.model import Certificate, Changed, Suspension, Why
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn


async def check_files(turn: Turn, measured: Measured) -> Checked:
    """Compare files that were measured with the certificates that count, and stop what differs.

    Where the files are not those that run, every game is stopped, for every process and every
    licence; where they run, and certificates of a game name other files alone, that game is.
    Staff lets them go again, as any game.

    Source: GLI-11 and GLI-19, 2.3 (control programs are authenticated on demand).
    """
    ensure(CATALOGUE_SHARD in turn.heads, "games are stopped by who holds the catalogue")
    counting = await _find_counting(turn)
    games = rules.certified_by(counting, measured.build)
    stopped: list[House] = []
    for one in games:
        if not (measured.closed or one.stranger):
            continue
        wish = Suspension(
            provider=PROVIDER, code=one.game, suspended=True, why=Why.CERTIFICATE_IN_DOUBT
        )
        if await registry.suspend(turn, wish) == Changed(changed=True):
            stopped.append(one.game)
    return Checked(measured=measured, games=games, stopped=tuple(stopped))


async def _find_counting(turn: Turn) -> dict[House, Sequence[Certificate]]:
    """Return the certificates that count now, of each game of the house that is known."""
    offers = await registry.find_offers(turn.tx, {(PROVIDER, game.value) for game in House})
    versions = [offer.version for offer in offers.values()]
    filed = await registry.find_certificates(turn.tx, versions)
    licences = [jurisdictions.get(code) for code in jurisdictions.codes()]
    return {
        House(version.code): [
            item
            for licence in licences
            for item in registry.counting(filed.get(version.key, ()), licence, turn.now)
        ]
        for version in versions
    }

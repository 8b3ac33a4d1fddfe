"""How rounds and rules of the house's games look over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec

from pitboss.api.generator import GeneratorStandView, show_stand
from pitboss.games import dealing, house
from pitboss.games.dealing.model import (
    Checked,
    DrawCount,
    Drawn,
    DrawRun,
    Generator,
    Kept,
    Refusal,
    Undealt,
)
from pitboss.games.house.model import (
    BlackjackRound,
    House,
    RouletteRound,
    SlotRound,
)
from pitboss.games.house.model import Round as State
from pitboss.games.registry.model import Version
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import Currency, currency, format_micros

# A card is a number below 312: by 13 its rank, and what is left of it by 4 its suit.
_RANKS = ("A", "2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K")
_SUITS = ("clubs", "diamonds", "hearts", "spades")


class BetView(msgspec.Struct, frozen=True, kw_only=True):
    """A bet on one place of the table; what all bets got back is the round's."""

    kind: str
    numbers: tuple[int, ...]
    stake: str


class SpinView(msgspec.Struct, frozen=True, kw_only=True):
    """A spin of the reels: three rows on each of them, from the top, and what it pays."""

    reels: tuple[str, ...]
    won: str
    free: bool


class CardView(msgspec.Struct, frozen=True, kw_only=True):
    """A card that lies open."""

    rank: str
    suit: str


class HandView(msgspec.Struct, frozen=True, kw_only=True):
    """A hand of the player's; `stakes` is 2 once it was doubled."""

    cards: tuple[CardView, ...]
    stakes: int
    done: bool


class StepView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step as it was recorded: what it cost, and what the round had `won` after it.

    `draw` is the generator's record of what was drawn for it, once the round is over.
    """

    number: int
    action: str
    staked: str
    played_at: str
    won: str | None = None
    draw: dict[str, Any] | None = None


class HouseRoundView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A round of a game of the house, as its player may see it.

    `steps` have been taken; `actions` are what can be done next, nothing once it is `over`.
    `won` is paid when it is.  Of roulette there are `bets` and the `number`, of the slot its
    `spins` and how many free ones are left, of blackjack the hands; `hole` says that one card of
    the dealer lies face down.

    `recorded` says why the round is shown as it was recorded, and is not played again: the rules of
    its `version` are not here any more, or it does not follow from its steps.  Then `wager` is what
    it began with, and `taken` are its steps.
    """

    round_id: str
    game: str
    version: str
    steps: int
    over: bool
    actions: tuple[str, ...]
    staked: str
    won: str
    currency: str
    opened_at: str
    balance: str | None = None
    number: int | None = None
    bets: tuple[BetView, ...] = ()
    spins: tuple[SpinView, ...] = ()
    free_left: int | None = None
    dealer: tuple[CardView, ...] = ()
    hole: bool = False
    hands: tuple[HandView, ...] = ()
    recorded: str | None = None
    wager: dict[str, Any] | None = None
    taken: tuple[StepView, ...] = ()


class PlayedRoundView(msgspec.Struct, frozen=True, kw_only=True):
    """How a round of the house was played: all that was recorded, and what the rules make of it.

    `round` is what its player sees.  `disagreements` are where the records do not give what is in
    the books; of a round that `replayable` denies nothing was played again.
    """

    round: HouseRoundView
    replayable: bool
    wager: dict[str, Any]
    taken: tuple[StepView, ...]
    booked_stakes: str
    booked_win: str
    disagreements: tuple[str, ...]


class HouseRoundsView(msgspec.Struct, frozen=True, kw_only=True):
    """Your rounds that are not over."""

    rounds: tuple[HouseRoundView, ...]


class DrawRunView(msgspec.Struct, frozen=True, kw_only=True):
    """What was dealt of one start of the generator, which counts its draws from 1.

    `looked` of it are among the newest draws that were looked at; `used` of all from the first to
    the last of these were dealt.  `missing` ones between were drawn and dealt to nobody; the first
    of such gaps begin at `gaps`.
    """

    instance: str
    looked: int
    used: int
    first: int
    last: int
    missing: int
    gaps: tuple[int, ...]
    from_at: str
    until: str


class GeneratorView(msgspec.Struct, frozen=True, kw_only=True):
    """The generator that runs: how many draws it has made, and which of all nobody was dealt.

    `missing` counts the first `compared` ones, which are all unless counting is far behind; one
    that was drawn this moment may be on its way still.  What the last count has settled is not
    looked through again: of what came after, the first are in `first_missing`.
    """

    instance: str
    drawn: int
    compared: int
    missing: int
    first_missing: tuple[int, ...]


class DrawCountView(msgspec.Struct, frozen=True, kw_only=True):
    """How a start of the generator stood when its draws were counted last, by themselves."""

    instance: str
    drawn: int
    missing: int
    counted_at: str


class CertifiedGameView(msgspec.Struct, frozen=True, kw_only=True):
    """A game of the house: the licences whose certificates name the files that run, and those whose
    certificates name other files, under which it is not dealt; `stopped` by this check."""

    game: str
    licences: tuple[str, ...]
    licences_of_other_files: tuple[str, ...]
    stopped: bool


class GamesFilesView(msgspec.Struct, frozen=True, kw_only=True):
    """The files of the house's games, measured now, and the generator, which measured itself.

    `may_deal` is false once a file has differed, and where the generator draws nothing.  `build` is
    the digest of the games' files that run, and `differing` are the names of those that do not.
    """

    may_deal: bool
    generator: GeneratorStandView
    build: str
    differing: tuple[str, ...]
    games: tuple[CertifiedGameView, ...]


class DrawRunsView(msgspec.Struct, frozen=True, kw_only=True):
    """The starts of the generator, the newest first; and the one that runs, if it answers.

    `whole` says that `runs` are of all draws since then, and not of the newest ones alone.
    """

    runs: tuple[DrawRunView, ...]
    whole: bool
    counts: tuple[DrawCountView, ...]
    running: GeneratorView | None


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of bet at roulette: how many numbers it has, what it pays to one, where it lies."""

    kind: str
    pays: int
    places: tuple[tuple[int, ...], ...]


class HouseGameView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A game of the house: what it returns in the long run, and what its outcomes pay.

    `rtp` is in percent, as the registry has it: of each bet at roulette, of all stakes with basic
    strategy at blackjack.  `top_win_chance` is how often the highest win comes: of a number at
    roulette, of a whole round with all its free spins at the slot.  `cycle_ms_min` is how long a
    round takes at least, from its beginning to that of the next.
    `coins` are how many of the currency's smallest coins a stake is a multiple of.  `pays` are, by
    symbol, the coins for three, four and five reels; `scatters` and `free_spins` by how many there
    are anywhere.
    """

    game: str
    version: str
    coins: int
    rtp: str | None = None
    top_win_chance: str | None = None
    cycle_ms_min: int | None = None
    bets: tuple[PlaceView, ...] = ()
    pays: dict[str, tuple[int, ...]] = {}
    scatters: dict[str, int] = {}
    free_spins: dict[str, int] = {}
    free_factor: int = 1


def show_round(kept: Kept, *, balance_micros: int | None = None) -> HouseRoundView:
    """Return a round as its player may see it, with what is available to them if that is known.

    One that the rules cannot say anything of is shown as it was recorded.
    """
    round_, state = kept.round, kept.state
    if state is None:
        return _show_recorded(kept)
    unit = currency(round_.currency)
    return HouseRoundView(
        round_id=round_.id,
        game=round_.game,
        version=round_.version,
        steps=kept.steps,
        over=state.over or kept.closed,
        actions=() if kept.closed else tuple(house.actions(state)),
        staked=format_micros(state.staked_micros, unit),
        won=format_micros(state.win_micros, unit),
        currency=unit.code,
        opened_at=write_instant(round_.opened_at),
        balance=None if balance_micros is None else format_micros(balance_micros, unit),
        **_table_of(state, unit),
    )


def show_play(kept: Kept) -> PlayedRoundView:
    """Return how a round was played, for who looks into it; no cards that lie face down."""
    unit = currency(kept.round.currency)
    return PlayedRoundView(
        round=show_round(kept),
        replayable=kept.state is not None,
        wager=msgspec.json.decode(kept.round.wager),
        taken=_show_steps(kept, unit),
        booked_stakes=format_micros(kept.staked_micros, unit),
        booked_win=format_micros(kept.won_micros, unit),
        disagreements=dealing.find_disagreements(kept),
    )


def _show_recorded(kept: Kept) -> HouseRoundView:
    round_, unit = kept.round, currency(kept.round.currency)
    return HouseRoundView(
        round_id=round_.id,
        game=round_.game,
        version=round_.version,
        steps=kept.steps,
        over=kept.closed,
        actions=(),
        staked=format_micros(kept.staked_micros, unit),
        won=format_micros(kept.won_micros or kept.recorded_win_micros or 0, unit),
        currency=unit.code,
        opened_at=write_instant(round_.opened_at),
        recorded=kept.why or Refusal.UNTOLD,
        wager=msgspec.json.decode(round_.wager),
        taken=_show_steps(kept, unit),
    )


def _show_steps(kept: Kept, unit: Currency) -> tuple[StepView, ...]:
    """Return the steps as recorded; a draw may hold cards, which nobody sees before the end."""
    return tuple(
        StepView(
            number=step.number,
            action=step.action,
            staked=format_micros(step.staked_micros, unit),
            played_at=write_instant(step.played_at),
            won=None if step.won_micros is None else format_micros(step.won_micros, unit),
            draw=msgspec.json.decode(step.draw) if step.draw and kept.closed else None,
        )
        for step in kept.taken
    )


def show_draw_run(run: DrawRun) -> DrawRunView:
    """Return what was dealt of one start of the generator."""
    return DrawRunView(
        instance=run.instance,
        looked=run.looked,
        used=run.used,
        first=run.first,
        last=run.last,
        missing=run.missing,
        gaps=run.gaps,
        from_at=write_instant(run.from_at),
        until=write_instant(run.until),
    )


def show_generator(drawn: Drawn, undealt: Undealt) -> GeneratorView:
    """Return how the generator stands that runs."""
    return GeneratorView(
        instance=drawn.instance,
        drawn=drawn.draws,
        compared=undealt.until,
        missing=undealt.missing,
        first_missing=undealt.first,
    )


def show_count(count: DrawCount) -> DrawCountView:
    """Return a count of draws."""
    return DrawCountView(
        instance=count.instance,
        drawn=count.drawn,
        missing=count.missing,
        counted_at=write_instant(count.counted_at),
    )


def coins_of(game: House) -> int:
    """Return of how many of the currency's smallest coins a stake is a multiple."""
    if game is House.ROULETTE:
        return 1
    # Half a stake of blackjack is a whole coin, so that 3 to 2 is.
    return 2 if game is House.BLACKJACK else house.slot_sheet().coins


def show_game(game: House, version: Version | None) -> HouseGameView:
    """Return the rules of a game as a page needs them, with what the registry says of it."""
    about: dict[str, Any] = {
        "game": game,
        "version": house.versions()[game],
        "coins": coins_of(game),
        "rtp": None if version is None else version.rtp_percent,
        "top_win_chance": None if version is None else version.top_win_chance,
        "cycle_ms_min": None if version is None else version.cycle_ms_min,
    }
    if game is House.ROULETTE:
        return HouseGameView(
            **about,
            bets=tuple(
                PlaceView(kind=kind, pays=36 // len(places[0]) - 1, places=places)
                for kind, places in house.roulette_table().items()
            ),
        )
    if game is House.BLACKJACK:
        return HouseGameView(**about)
    sheet = house.slot_sheet()
    return HouseGameView(
        **about,
        pays=dict(sheet.pays),
        scatters={str(count): coins for count, coins in sheet.scatters.items()},
        free_spins={str(count): spins for count, spins in sheet.free.items()},
        free_factor=sheet.free_factor,
    )


def _table_of(state: State, unit: Currency) -> dict[str, Any]:
    match state:
        case RouletteRound():
            return {
                "number": state.number,
                "bets": tuple(
                    BetView(
                        kind=bet.kind,
                        numbers=bet.numbers,
                        stake=format_micros(bet.stake_micros, unit),
                    )
                    for bet in state.bets
                ),
            }
        case SlotRound():
            return {
                "free_left": state.free_left,
                "spins": tuple(
                    SpinView(
                        reels=spin.reels,
                        won=format_micros(spin.win_micros, unit),
                        free=spin.free,
                    )
                    for spin in house.slot_spins(state)
                ),
            }
        case BlackjackRound():
            view = house.blackjack_view(state)
            return {
                "dealer": tuple(map(_card, view.dealer)),
                "hole": view.hole,
                "hands": tuple(
                    HandView(
                        cards=tuple(map(_card, hand.cards)), stakes=hand.stakes, done=hand.done
                    )
                    for hand in view.hands
                ),
            }


def _card(card: int) -> CardView:
    return CardView(rank=_RANKS[card % 13], suit=_SUITS[card // 13 % 4])


def show_files(checked: Checked, generator: Generator) -> GamesFilesView:
    """Show what a measurement of the games' files, and of the generator's, came to."""
    return GamesFilesView(
        may_deal=generator.may_draw and not checked.measured.closed,
        generator=show_stand(generator),
        build=checked.measured.build,
        differing=checked.measured.differing,
        games=tuple(
            CertifiedGameView(
                game=one.game,
                licences=one.licences,
                licences_of_other_files=one.licences_of_others,
                stopped=one.game in checked.stopped,
            )
            for one in checked.games
        ),
    )

"""The course of a season: who does what when, and what is waited for in between.

Between two phases everything that was asked for is decided and booked, so that what a player has
at any decision follows from the seed, however fast or slow the platform is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field

from pitboss.kernel.clock import SharedClock
from pitboss.sim import wheel
from pitboss.sim.season.desk import Desk
from pitboss.sim.season.feed import Feed, find_misreported
from pitboss.sim.season.model import Progress
from pitboss.sim.season.plan import (
    DayPlan,
    Plan,
    PlannedBet,
    PlannedRound,
    PriceMove,
    Wish,
)
from pitboss.sim.season.player import Player, Venue
from pitboss.sim.season.programme import MatchDay
from pitboss.sim.season.stopwatch import Stopwatch
from pitboss.sim.season.studio import PROVIDER, Studio


@dataclass(slots=True, kw_only=True)
class Course:
    """Takes the players and the desk through a plan, day by day.

    `players` are those of the plan, by their number.  On the last day a score is reported the wrong
    way round, and the `feed` corrects it once the bets are settled.
    """

    plan: Plan
    venue: Venue
    desk: Desk
    feed: Feed
    studio: Studio
    clock: SharedClock
    stopwatch: Stopwatch
    progress: Progress
    players: tuple[Player, ...] = field(init=False)
    _opened: int = 0
    _bets_done: int = 0

    def __post_init__(self) -> None:
        self.players = tuple(Player(self.venue, number) for number in range(self.plan.players))

    async def run(self) -> None:
        """Play the whole season."""
        await self._arrive()
        for day in self.plan.programme.days:
            self._tell(f"match day {day.no + 1} of {len(self.plan.programme.days)}")
            self.clock.set(day.opens_at)
            await self._visit_cashier(day)
            plan = self.plan.day(day.no)
            await self._open(day, plan.moves)
            await self._bet(plan)
            await self._gamble(day)
            self.clock.set(day.ends_at)
            await self._end(day)
        self._tell("players take their money out")
        await self._leave()

    async def _arrive(self) -> None:
        """List the game, register everybody and let them pay in."""
        await self.desk.list_game(wheel.listing(PROVIDER))
        self._tell("players register")
        with self.stopwatch.phase("registering"):
            await _together(player.register() for player in self.players)
        self._tell("players pay in")
        with self.stopwatch.phase("cashier"):
            await _together(
                self._pay(player, self.plan.first_deposits(player.number), "first")
                for player in self.players
            )
            await self._close_payments(self.players)

    async def _visit_cashier(self, day: MatchDay) -> None:
        """Let visitors look at their wallet, and pay in or be paid out."""
        visitors = [self.players[number] for number in self.plan.visitors(day.no)]
        if not visitors:
            return
        with self.stopwatch.phase("cashier"):
            await _together(self._visit(player, day.no) for player in visitors)
            await self._close_payments(visitors)

    async def _open(self, day: MatchDay, moves: Sequence[PriceMove]) -> None:
        """Put on offer what is near enough, move prices, and show them."""
        with self.stopwatch.phase("opening"):
            beyond = day.on_offer.stop
            await self.desk.open_events(self.plan.programme.events[self._opened : beyond])
            self._opened = beyond
            await self.desk.open_races(self.plan.programme.races_on(day.no))
            sellers = await self._look_at_offers(day)
            await self.desk.move_prices(moves)
            await self.venue.board.read(self.venue.caller)
        # After the prices have moved: some take what is not offered any more.
        with self.stopwatch.phase("cashing_out"):
            await _together(player.sell() for player in sellers)

    async def _look_at_offers(self, day: MatchDay) -> list[Player]:
        """Let some players ask what they could have for a bet, and return them.

        Now everything that has ended is settled and no price moves, so offers follow from the seed.
        """
        looks = {
            player: look
            for player in self.players
            if (waiting := player.count_waiting(day.events.start))
            and (look := self.plan.find_look(player.number, day.no, waiting=waiting))
        }
        await _together(player.look(look, day.no) for player, look in looks.items())
        return list(looks)

    async def _bet(self, plan: DayPlan) -> None:
        """Let everybody ask for their bets, one after the other; wait until all are decided."""
        with self.stopwatch.phase("betting"):
            await _together(
                self._place(self.players[number], bets) for number, bets in plan.bets.items()
            )
        with self.stopwatch.phase("deciding"):
            await self.desk.wait("commands_waiting")

    async def _gamble(self, day: MatchDay) -> None:
        """Let some play a game, round by round; all bets are decided, so money follows the seed."""
        with self.stopwatch.phase("playing"):
            await _together(
                self._play(player, day.no, rounds)
                for player in self.players
                if (rounds := self.plan.rounds(player.number, day.no))
            )

    async def _play(self, player: Player, day: int, rounds: Sequence[PlannedRound]) -> None:
        session_id = await player.open_game(PROVIDER, wheel.GAME)
        for number, planned in enumerate(rounds):
            await self.studio.play(player.id, session_id, f"{day}:{number}", planned)

    async def _end(self, day: MatchDay) -> None:
        """Record how the day's events ended, and wait until their bets are settled."""
        with self.stopwatch.phase("settling"):
            events = self.plan.programme.events[day.events.start : day.events.stop]
            last = day.no + 1 == len(self.plan.programme.days)
            wrong = find_misreported(events) if last else None
            await self.desk.record_results(events, misreported=wrong)
            await self.desk.end_races(self.plan.programme.races_on(day.no))
            await self.desk.wait("results_waiting")
        if wrong is not None:
            self._tell("a wrong score is corrected")
            with self.stopwatch.phase("settling"):
                await self.feed.correct(wrong)
                await self.desk.wait("results_waiting")

    async def _leave(self) -> None:
        """Let those who have enough of it take their money out."""
        with self.stopwatch.phase("cashier"):
            await _together(self._take_out(player) for player in self.players)
            await self._close_payments(self.players)

    async def _place(self, player: Player, bets: Iterable[PlannedBet]) -> None:
        for bet in bets:
            await player.place(bet)
            self._bets_done += 1

    async def _visit(self, player: Player, day: int) -> None:
        have = await player.available_micros()
        wish = self.plan.find_wish(player.number, day, available_micros=have)
        await self._pay(player, [wish] if wish else [], str(day))

    async def _take_out(self, player: Player) -> None:
        have = await player.available_micros()
        wish = self.plan.find_last_wish(player.number, available_micros=have)
        await self._pay(player, [wish] if wish else [], "last")

    async def _pay(self, player: Player, wishes: Iterable[Wish], occasion: str) -> None:
        for number, wish in enumerate(wishes):
            await player.pay(wish, f"pay:{occasion}:{number}")

    async def _close_payments(self, players: Iterable[Player]) -> None:
        await self.desk.wait("payments_open")
        await _together(player.look_after_payments() for player in players)

    def _tell(self, text: str) -> None:
        self.progress.advance(text, self._bets_done, self.plan.bets)


async def _together(work: Iterable[Coroutine[object, object, None]]) -> None:
    """Do all this at once; if something fails, break off and raise the first failure."""
    try:
        async with asyncio.TaskGroup() as group:
            for item in work:
                group.create_task(item)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None

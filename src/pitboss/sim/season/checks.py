"""What must be true after a season: each check names what is not.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from pitboss.games.rounds.model import stakes_owner
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.sim.season.books import BetLine
from pitboss.sim.season.evidence import Evidence
from pitboss.sim.season.model import CURRENCY, MICROS_PER_CENT
from pitboss.sim.season.studio import PROVIDER
from pitboss.sportsbook.betting.model import HOUSE, BetState
from pitboss.wallet.model import AccountKind

# What was refused, and what was sold before it ended.
_NEVER_SETTLED = (BetState.REFUSED, BetState.CASHED_OUT)
# The first ones tell what is wrong; a thousand tell no more.
DETAILS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A promise, and where it is not kept: nowhere, if it is `ok`."""

    name: str
    details: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the promise is kept."""
        return not self.details


def run_checks(evidence: Evidence) -> tuple[Check, ...]:
    """Return every check with the first things that it found."""
    return tuple(
        Check(name=check.__name__, details=tuple(islice(check(evidence), DETAILS_MAX)))
        for check in CHECKS
    )


def entries_sum_to_zero(evidence: Evidence) -> Iterator[str]:
    """In every currency all entries cancel out; in every account they give its balance."""
    sums: Counter[str] = Counter()
    for (_, code), (_, micros) in evidence.tables.entries.items():
        sums[code] += micros
    for code, micros in sums.items():
        if micros:
            yield f"{code}: the entries sum to {micros} micros"
    posted: Counter[str] = Counter()
    for account in evidence.tables.accounts:
        posted[account.currency] += account.posted
        entries = evidence.tables.entries.get((account.id, account.currency), (0, 0))
        if entries != (account.entries, account.posted):
            yield (
                f"account {account.id}: {account.entries} entries and {account.posted} micros,"
                f" but its entries are {entries[0]} and sum to {entries[1]}"
            )
    for code, micros in posted.items():
        if micros:
            yield f"{code}: the accounts sum to {micros} micros"


def balances_match_facts(evidence: Evidence) -> Iterator[str]:
    """Every account has what the facts give it; what players are shown is the same."""
    books = evidence.books
    yield from books.oddities
    tables = {account.id: account for account in evidence.tables.accounts}
    for account_id, sheet in books.sheets.items():
        account = tables.get(account_id)
        stands = None if account is None else (account.posted, account.held)
        follows = (sheet.posted, sheet.held)
        if stands != follows:
            yield f"account {account_id}: {stands} posted and held, by facts {follows}"
    for account in evidence.tables.accounts:
        if account.id not in books.sheets:
            yield f"account {account.id}: no fact opened it"
        if account.kind is AccountKind.PLAYER:
            person = books.people.get((PlayerId(account.owner), account.currency))
            balance = 0 if person is None else person.balance
            if account.posted != balance:
                yield (
                    f"player {account.owner}: {account.posted} micros in the tables, but deposits"
                    f" less stakes plus returns less withdrawals are {balance}"
                )
            shown = evidence.shown.get(PlayerId(account.owner), balance)
            if shown != balance:
                yield f"player {account.owner}: {shown} micros are shown instead of {balance}"


def no_hold_left(evidence: Evidence) -> Iterator[str]:
    """Nothing of this season's players is still set aside."""
    own = {account.id for account in evidence.tables.accounts if account.owner in evidence.players}
    for account in evidence.tables.accounts:
        if account.id in own and account.held:
            yield f"account {account.id}: {account.held} micros are held"
    for key, (account_id, micros) in evidence.books.holds.items():
        if account_id in own:
            yield f"account {account_id}: by facts, hold {key} has {micros} micros"


def one_outcome_per_acknowledged_bet(evidence: Evidence) -> Iterator[str]:
    """What was acknowledged is decided once, and settled once if taken and kept; no other is."""
    for bet_id, number in evidence.tally.acknowledged.items():
        line = evidence.books.bets.get(BetId(bet_id))
        if line is None:
            yield f"bet {bet_id} was acknowledged and never decided"
        elif evidence.players.get(line.player_id) != number:
            yield f"bet {bet_id} of player {number} was decided for somebody else"
        elif line.decisions != 1:
            yield f"bet {bet_id} was decided {line.decisions} times"
        elif line.settlements != (line.state not in _NEVER_SETTLED):
            yield f"bet {bet_id} is {line.state} and was settled {line.settlements} times"
    for bet_id, line in evidence.books.bets.items():
        if line.player_id in evidence.players and bet_id not in evidence.tally.acknowledged:
            yield f"bet {bet_id} was {line.state}, and nobody asked for it"


def acknowledged_is_accepted_plus_refused(evidence: Evidence) -> Iterator[str]:
    """The counts agree."""
    decided = sum(1 for _ in own_bets(evidence))
    acknowledged = len(evidence.tally.acknowledged)
    if acknowledged != decided:
        yield f"{acknowledged} were acknowledged, {decided} accepted or refused"


def all_accepted_settled(evidence: Evidence) -> Iterator[str]:
    """No accepted bet waits for anything after the season."""
    waiting = sum(1 for line in own_bets(evidence) if line.state is BetState.ACCEPTED)
    if waiting:
        yield f"{waiting} accepted bets are not settled"


def chains_unbroken(evidence: Evidence) -> Iterator[str]:
    """The facts of every shard are an unbroken chain up to its head."""
    yield from evidence.broken_chains


def settlements_replay(evidence: Evidence) -> Iterator[str]:
    """The recorded terms and results give what was paid, to the coin."""
    for bet_id, line in evidence.books.bets.items():
        if not line.settlements:
            continue
        voided = line.state is BetState.VOIDED
        replayed = line.replayed
        if replayed is None:
            yield f"bet {bet_id} was settled, but results are missing"
        elif (replayed.returns_micros, replayed.voided) != (line.returns, voided):
            right = replayed.returns_micros
            yield f"bet {bet_id} paid {line.returns} micros, but {right} are right"


def plain_books_agree(evidence: Evidence) -> Iterator[str]:
    """Slips, prices and the scores of the file give what was paid, worked out line by line."""
    for bet_id, line in _own(evidence):
        bet, terms = evidence.tally.slips.get(bet_id), line.terms
        if terms is None:
            continue
        if bet is None:
            yield f"bet {bet_id} was taken, and is on no slip"
            continue
        taken = (line.stake, [leg.selection_id for leg in terms.legs])
        asked = (bet.cents * MICROS_PER_CENT, [pick.selection_id for pick in bet.picks])
        if taken != asked:
            yield f"bet {bet_id} was taken as {taken}, and asked for as {asked}"
        elif line.state in (BetState.SETTLED, BetState.VOIDED):
            due = evidence.almanac.due(
                bet,
                [leg.price for leg in terms.legs],
                micros=line.left,
                rounding=terms.rounding,
            )
            if (line.returns, line.state is BetState.VOIDED) != (due.micros, due.voided):
                yield f"bet {bet_id} paid {line.returns} micros, by plain books {due}"


def sales_follow_from_prices(evidence: Evidence) -> Iterator[str]:
    """What was sold is what players were told, at what the prices of that day make of it."""
    sold: Counter[str] = Counter()
    sold_for: Counter[str] = Counter()
    for sale in evidence.tally.sales:
        sold[sale.bet_id] += sale.micros
        sold_for[sale.bet_id] += sale.paid
        bet = evidence.tally.slips.get(sale.bet_id)
        line = evidence.books.bets.get(BetId(sale.bet_id))
        if bet is None or line is None or line.terms is None:
            yield f"bet {sale.bet_id} was sold, and never taken"
            continue
        prices = [leg.price for leg in line.terms.legs]
        due = evidence.almanac.offer(bet, prices, micros=sale.micros, day=sale.day)
        if due != sale.paid:
            yield f"bet {sale.bet_id} was sold for {sale.paid} micros, by plain books for {due}"
    for bet_id, line in _own(evidence):
        told = (sold[bet_id], sold_for[bet_id])
        if (line.sold, line.sold_for) != told:
            yield f"bet {bet_id}: {line.sold} sold for {line.sold_for} micros, but {told} were told"


def house_equals_ggr(evidence: Evidence) -> Iterator[str]:
    """In every currency the house has what was staked and not returned."""
    house: Counter[str] = Counter()
    for account in evidence.tables.accounts:
        if account.kind is AccountKind.HOUSE and account.owner == HOUSE:
            house[account.currency] += account.posted
    ggr: Counter[str] = Counter()
    for line in evidence.books.bets.values():
        ggr[line.currency] += line.turnover - line.came_back
    for code in house.keys() | ggr.keys():
        if house[code] != ggr[code]:
            yield f"{code}: the house has {house[code]} micros, GGR is {ggr[code]}"


def games_are_as_the_studio_played_them(evidence: Evidence) -> Iterator[str]:
    """Facts say of each player what the studio knows, and it has what was lost and not won."""
    for player_id in evidence.players:
        person = evidence.books.people.get((player_id, CURRENCY))
        told = (0, 0) if person is None else (person.game_stakes, person.game_wins)
        played = evidence.played.get(player_id)
        known = (0, 0) if played is None else (played.staked, played.won)
        if told != known:
            yield f"player {player_id}: {told} staked and won in games, but {known} were played"
    studio: Counter[str] = Counter()
    for account in evidence.tables.accounts:
        if account.kind is AccountKind.HOUSE and account.owner == stakes_owner(PROVIDER):
            studio[account.currency] += account.posted
    lost: Counter[str] = Counter()
    for (_, code), person in evidence.books.people.items():
        lost[code] += person.game_stakes - person.game_wins
    for code in studio.keys() | lost.keys():
        if studio[code] != lost[code]:
            yield f"{code}: the studio's account has {studio[code]} micros, {lost[code]} were lost"


def answers_as_expected(evidence: Evidence) -> Iterator[str]:
    """Every answer over HTTP was one that the plan allows.

    A repeated key gave the same bet, a reused one and an old price were refused before anything
    was acknowledged, every payment ended as its amount says.
    """
    yield from evidence.tally.surprises_kept
    unseen = evidence.tally.surprises - len(evidence.tally.surprises_kept)
    if unseen:
        yield f"and {unseen} more"


def own_bets(evidence: Evidence) -> Iterator[BetLine]:
    """Return the decided bets of this season's players."""
    return (line for _, line in _own(evidence))


def _own(evidence: Evidence) -> Iterator[tuple[BetId, BetLine]]:
    return (
        (bet_id, line)
        for bet_id, line in evidence.books.bets.items()
        if line.player_id in evidence.players
    )


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    entries_sum_to_zero,
    balances_match_facts,
    no_hold_left,
    one_outcome_per_acknowledged_bet,
    acknowledged_is_accepted_plus_refused,
    all_accepted_settled,
    chains_unbroken,
    settlements_replay,
    plain_books_agree,
    sales_follow_from_prices,
    house_equals_ggr,
    games_are_as_the_studio_played_them,
    answers_as_expected,
)

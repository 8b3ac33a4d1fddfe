"""Nouns of pushed prices."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from pitboss.kernel.ids import derived_id
from pitboss.sportsbook.catalog.model import Answer, Done, PriceChange, Refused
from pitboss.sportsbook.catalog.model import Refusal as CatalogRefusal

# Facts hold whole numbers below this.
SEQUENCE_MAX = 2**53 - 1


class Refusal(StrEnum):
    """Why a push, or a price in it, is refused."""

    PUSH_OVERTAKEN = "push_overtaken"
    PUSH_REUSED = "push_reused"
    MOVE_NOT_CONFIRMED = "move_not_confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedPrice:
    """A new price; `confirmed` says that a move as far as this is meant."""

    change: PriceChange
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """Which of its pushes a source says that this is.

    `sequence` grows with every push of the source, in steps of any size; the same number again
    with the same `digest` is the same push.
    """

    source: str
    sequence: int
    digest: str


def stream_of(number: Numbered) -> str:
    """Return the stream in which a source's pushes are told."""
    return derived_id("price source", number.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Prices to set; without a number they are taken whenever they come."""

    number: Numbered | None
    prices: tuple[PushedPrice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeant:
    """The price is so far from the one that stands that it must be confirmed; nothing changed."""

    reason: Refusal = Refusal.MOVE_NOT_CONFIRMED


PriceAnswer = Answer | NotMeant


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What came of each price, in order; `repeated` if that was said before."""

    answers: tuple[PriceAnswer, ...]
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRefused:
    """No, and why; nothing changed.  `sequence` is the newest of the source."""

    reason: Refusal
    sequence: int


PushAnswer = Pushed | PushRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who pushes, and its newest push: the number, what it was, and what came of it.

    `answers` has a letter for each price, as `write_answers` writes them.
    """

    source: str
    sequence: int
    digest: str
    answers: str


_LETTERS: dict[PriceAnswer, str] = {
    Done(changed=True): "c",
    Done(changed=False): "s",
    NotMeant(): "n",
    Refused(reason=CatalogRefusal.UNKNOWN_SELECTION): "u",
    Refused(reason=CatalogRefusal.MARKET_CLOSED): "m",
}
_ANSWERS = {letter: answer for answer, letter in _LETTERS.items()}


def write_answers(answers: tuple[PriceAnswer, ...]) -> str:
    """Write answers as a letter each, because a thousand must fit into a fact."""
    return "".join(_LETTERS[answer] for answer in answers)


def read_answers(letters: str) -> tuple[PriceAnswer, ...]:
    """Read answers as `write_answers` writes them."""
    return tuple(_ANSWERS[letter] for letter in letters)


def is_far(before: Fraction, after: Fraction, move_max: Fraction) -> bool:
    """Say whether a price moved by more than this share of the smaller one of both.

    From 2 to 3 and from 3 to 2 it is a half.
    """
    # On whole numbers: fractions would take as long as all the rest of a change.
    top, bottom = before.as_integer_ratio()
    other_top, other_bottom = after.as_integer_ratio()
    low, high = sorted((top * other_bottom, other_top * bottom))
    share_top, share_bottom = move_max.as_integer_ratio()
    return (high - low) * share_bottom > low * share_top

"""The one fake of the register port: it answers at once, as it was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pitboss.jurisdictions.model import Moment, Register
from pitboss.kernel.ids import derived_id
from pitboss.registers.errors import RegisterAway, RegisterConfused
from pitboss.registers.model import Answer, Question, Told

BATCH_MAX = 1_000


@dataclass(slots=True, kw_only=True)
class FakeRegister:
    """A register that names people by their family names; it counts whom it was asked about."""

    register: Register = Register.GAMSTOP
    batch_max: int = BATCH_MAX
    answers: dict[str, Answer] = field(default_factory=dict)
    names_everybody: bool = False
    away: bool = False
    confused: bool = False
    asked: list[tuple[Moment, tuple[Question, ...]]] = field(default_factory=list)

    async def ask(self, question: Question, *, moment: Moment) -> Told:
        """Answer about one."""
        (told,) = await self.ask_many([question], moment=moment)
        return told

    async def ask_many(self, questions: Sequence[Question], *, moment: Moment) -> tuple[Told, ...]:
        """Answer about all of them."""
        self.asked.append((moment, tuple(questions)))
        if self.away:
            raise RegisterAway("the fake is away")
        if self.confused or len(questions) > self.batch_max:
            raise RegisterConfused("the fake is confused")
        return tuple(
            Told(
                player_id=item.player_id,
                answer=self._answer(item),
                reference=derived_id("fake register", item.id),
            )
            for item in questions
        )

    def _answer(self, question: Question) -> Answer:
        if self.names_everybody:
            return Answer.EXCLUDED
        return self.answers.get(question.person.family_name.lower(), Answer.NOT_EXCLUDED)


def every_register() -> dict[Register, FakeRegister]:
    """Return a fake of each register, in which nobody is named."""
    return {register: FakeRegister(register=register) for register in Register}

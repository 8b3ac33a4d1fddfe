"""How the generator of the house's games stands, for staff and regulators."""

from __future__ import annotations

import msgspec
from litestar import get

from pitboss.api.furniture import TheEdge, needs
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.games.dealing.model import Generator
from pitboss.games.dealing.ports import Equipment
from pitboss.kernel.errors import Fault
from pitboss.staff.agents.model import Permission


class GeneratorCertificateView(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate that the generator draws under, as the laboratory has signed it."""

    number: str
    laboratory: str
    issued: str
    licences: tuple[str, ...]


class GeneratorStandView(msgspec.Struct, frozen=True, kw_only=True):
    """The generator that runs: whether it may draw, and if not, why.

    `certificate` is null where it runs without one, and where it draws nothing.  It last found no
    difference from it `checked_seconds_ago`; it looks at its start, each day and on demand.
    """

    may_draw: bool
    why_not: str | None
    instance: str | None
    version: str | None
    code_hash: str | None
    certificate: GeneratorCertificateView | None
    checked_seconds_ago: int | None


@get(
    "/games/generator",
    opt=needs(Permission.SEE_GAMES),
    summary="Whether the generator draws, and by which certificate",
)
async def see_generator(edge: TheEdge) -> GeneratorStandView:
    """Show which build of which certificate the generator is, and why it draws nothing if so."""
    if edge.house is None:
        raise ProblemFound(problem_of("unknown_provider"))
    return show_stand(await look_at(edge.house))


async def look_at(equipment: Equipment, *, check: bool = False) -> Generator:
    """Return how the generator stands, measured anew if asked; one that is away draws nothing."""
    draws = equipment.draws
    try:
        return await (draws.checked_generator() if check else draws.generator())
    except Fault as fault:
        return Generator(may_draw=False, why_not=str(fault))


def show_stand(generator: Generator) -> GeneratorStandView:
    """Return how the generator stands."""
    held = generator.certificate
    return GeneratorStandView(
        may_draw=generator.may_draw,
        why_not=generator.why_not,
        instance=generator.instance,
        version=generator.rng_version,
        code_hash=generator.code_hash,
        certificate=None
        if held is None
        else GeneratorCertificateView(
            number=held.number,
            laboratory=held.laboratory,
            issued=held.issued,
            licences=held.licences,
        ),
        checked_seconds_ago=generator.checked_seconds_ago,
    )

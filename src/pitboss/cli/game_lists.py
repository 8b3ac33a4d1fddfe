"""`pitboss games compare` and `import`: what providers say they have, beside the registry."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from pitboss.cli.options import HomeOption, JsonOption, settings_of
from pitboss.cli.outcome import Outcome, outcome
from pitboss.games.registry.model import (
    CODE_PATTERN,
    CYCLE_MS_MAX,
    GAMES_AT_ONCE_MAX,
    VERSION_PATTERN,
    Advertised,
    Answer,
    Changed,
    Comparison,
    Pick,
    percent_of,
    ppm_of,
)
from pitboss.kernel.errors import Malformed

ProviderArgument = Annotated[
    str, typer.Argument(help="What PITBOSS_GAMES calls it.", show_default=False)
]


def compare(
    provider: ProviderArgument, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Ask a provider which games it has, and show what differs from the registry."""
    from pitboss.app import games
    from pitboss.app.parts import borrow_server, uvloop_runner

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        settings = settings_of(home)
        with borrow_server(settings):
            found = runner.run(games.compare_list(settings, provider))
        _show(told, found)


def import_listed(
    provider: ProviderArgument,
    codes: Annotated[
        list[str], typer.Argument(metavar="CODE...", help="Games of its list.", show_default=False)
    ],
    version: Annotated[str, typer.Option(help="The version that is played.", show_default=False)],
    cycle_ms: Annotated[
        int,
        typer.Option(min=0, max=CYCLE_MS_MAX, help="The least cycle, in ms.", show_default=False),
    ],
    autoplay: Annotated[
        bool, typer.Option("--autoplay/--no-autoplay", help="Whether it goes on by itself.")
    ],
    rtp: Annotated[
        str | None,
        typer.Option(help="The return in percent, where the list tells none.", show_default=False),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in games of a provider's list; none is played before it is certified."""
    from pitboss.app import games
    from pitboss.app.parts import borrow_server, uvloop_runner

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        settings = settings_of(home)
        _check(VERSION_PATTERN, version, "--version")
        for code in codes:
            _check(CODE_PATTERN, code, "CODE")
        if len(codes) > GAMES_AT_ONCE_MAX:
            raise Malformed("CODE", f"{GAMES_AT_ONCE_MAX} games at most are taken in at once")
        pick = Pick(
            provider=provider,
            codes=tuple(codes),
            version=version,
            cycle_ms_min=cycle_ms,
            autoplay=autoplay,
            rtp_ppm=None if rtp is None else ppm_of(rtp, field="--rtp"),
        )
        with borrow_server(settings):
            answers = runner.run(games.import_listed(settings, pick))
        for code, answer in answers.items():
            _say(told, f"{code}: {_word(answer)}")
        told.tell(
            ok=all(isinstance(answer, Changed) for answer in answers.values()),
            games={code: _word(answer) for code, answer in answers.items()},
        )


def _check(pattern: str, text: str, field: str) -> None:
    if re.search(pattern, text) is None:
        raise Malformed(
            field, f"{text[:90]!r} is none: printable ASCII without spaces is, if short"
        )


def _say(told: Outcome, line: str) -> None:
    # What a provider says is shown, and obeyed by no terminal.
    told.console.print(
        "".join(char if char.isprintable() else "?" for char in line), markup=False, soft_wrap=True
    )


def _word(answer: Answer) -> str:
    if isinstance(answer, Changed):
        return "taken in" if answer.changed else "known"
    return str(answer.reason)


def _show(told: Outcome, found: Comparison) -> None:
    for item in found.fresh:
        _say(told, f"new        {item.code}  {item.title}  {_rtp(item)}")
    for offer in found.gone:
        _say(told, f"gone       {offer.version.code}  {offer.version.title}")
    for offer, item in found.differing:
        here = offer.version
        _say(
            told,
            f"differing  {here.code}  here {here.title}, {here.rtp_percent} %;"
            f" there {item.title}, {_rtp(item)}",
        )
    _say(
        told,
        f"{len(found.fresh)} new, {len(found.gone)} gone, {len(found.differing)} differing,"
        f" {found.unreadable} could not be read",
    )
    told.tell(
        fresh=[item.code for item in found.fresh],
        gone=[offer.version.code for offer in found.gone],
        differing=[offer.version.code for offer, _ in found.differing],
        unreadable=found.unreadable,
    )


def _rtp(item: Advertised) -> str:
    return "no return told" if item.rtp_ppm is None else f"{percent_of(item.rtp_ppm)} %"

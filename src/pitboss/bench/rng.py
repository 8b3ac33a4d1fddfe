"""How fast the certified generator draws, in process and over its socket, beside HMAC alone."""

from __future__ import annotations

import asyncio
import hmac
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pitboss.adapters.rng import RngAway, RngClient
from pitboss.app import rng
from pitboss.bench import server
from pitboss.bench.report import BenchReport, Figure, Latency
from pitboss.rng.draws import draw, parse_request
from pitboss.rng.generator import Generator
from pitboss.rng.records import replay

Tell = Callable[[str], None]

DRAW_BYTES = 32
_ROULETTE = {"kind": "range", "low": 0, "high": 36, "count": 1}
_SHOE = {"kind": "shuffle", "size": 312, "count": 312}
_LOOKS = 256
_START_SECONDS_MAX = 30.0


@dataclass(frozen=True, kw_only=True)
class RngOptions:
    """How long each part runs."""

    seconds: float = 3.0


async def run(options: RngOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Time draws on one core: with the room in this process, and asked for over the socket."""
    generator = Generator(b"bench")
    tell(f"draws of {DRAW_BYTES} bytes")
    plain, _ = _rate(lambda: generator.read(DRAW_BYTES), options.seconds)
    tell("the same with fresh entropy for each")
    fresh, _ = _rate(lambda: generator.read(DRAW_BYTES, fresh=True), options.seconds)
    tell("the three HMACs of such a draw, as the standard library makes them")
    key, data = bytes(DRAW_BYTES), bytes(DRAW_BYTES)

    def three() -> None:
        for _ in range(3):
            hmac.digest(key, data, "sha256")

    baseline, _ = _rate(three, options.seconds)
    figures: dict[str, Figure] = {"draws/s with prediction resistance": fresh}
    for name, mapping in (("roulette", _ROULETTE), ("shoes of 312 cards", _SHOE)):
        tell(f"{name}: draws with their records")
        request = parse_request(
            {"draw_id": "bench", "round_id": "bench", "purpose": "bench", "mapping": mapping}
        )
        figures[f"{name}/s with records"], _ = _rate(
            lambda request=request: draw(  # type: ignore[misc]
                generator, request, code_hash="", instance="", sequence=1
            ),
            options.seconds,
        )
    bulk = _rate(lambda: generator.read(1 << 16), options.seconds)[0]
    figures["raw MB/s in requests of 64 KiB"] = bulk * (1 << 16) / 1e6
    tell("roulette over the socket, one client")
    figures["roulette/s over the socket"], took, replayed = await _over_the_socket(options)
    return BenchReport(
        bench="rng",
        unit="draws of 32 bytes/s",
        rate=plain,
        baseline_rate=baseline,
        decide_ms=Latency.of_seconds(took),
        rss_mb={},
        durability={},
        machine=server.describe_machine(Path.cwd()),
        versions={**server.describe_versions(), "python": sys.version.split()[0]},
        options={"seconds": options.seconds},
        invariants={"records_map_again": replayed},
        figures=figures,
    )


async def _over_the_socket(options: RngOptions) -> tuple[float, list[float], bool]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        process = await asyncio.create_subprocess_exec(
            *rng.command("serve", str(path)), stderr=asyncio.subprocess.DEVNULL
        )
        client = RngClient(path)
        try:
            await _until_served(client)
            took: list[float] = []
            replayed = True
            began = time.perf_counter()
            while time.perf_counter() - began < options.seconds:
                before = time.perf_counter()
                record = await client.draw(
                    draw_id=str(len(took)), round_id="bench", purpose="bench", mapping=_ROULETTE
                )
                took.append(time.perf_counter() - before)
                replayed = replayed and replay(record) == record.values
            return len(took) / (time.perf_counter() - began), took, replayed
        finally:
            await client.close()
            process.terminate()
            await process.wait()


async def _until_served(client: RngClient) -> None:
    async with asyncio.timeout(_START_SECONDS_MAX):
        while True:
            try:
                await client.status()
            except RngAway:
                await asyncio.sleep(0.05)
            else:
                return


def _rate(act: Callable[[], object], seconds: float) -> tuple[float, int]:
    """Return how often a second something was done, and how often in all."""
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(_LOOKS):
            act()
        count += _LOOKS
    return count / (time.perf_counter() - began), count

"""A bet can be followed from its request to its outcome, and what is counted is what happened."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from integration.api.desk import Desk, selection_id, slip
from pitboss.adapters.tracing import OpenTelemetryTracer
from pitboss.db import Database
from pitboss.kernel.entropy import SeededEntropy
from pitboss.workers.observer import Observer

CALLERS_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLERS = f"00-{CALLERS_TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def collector() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
async def desk(database: Database, collector: InMemorySpanExporter) -> Desk:
    """Give an API and processors that tell the same collector, as two processes would."""

    def tracer(process: str) -> OpenTelemetryTracer:
        return OpenTelemetryTracer(
            SimpleSpanProcessor(collector), process=process, share=0, entropy=SeededEntropy(3)
        )

    observer = Observer(tracer=tracer("bets-0"))
    return Desk(database=database, tracer=tracer("api"), observer=observer)


def trace_of(span: ReadableSpan) -> str:
    """Return the trace that a span belongs to."""
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


async def test_a_request_and_its_outcome_are_told_under_the_callers_trace(
    desk: Desk, collector: InMemorySpanExporter
) -> None:
    player = await desk.player(amount="100.00")
    await desk.event("a")

    answer = await desk.client.ask(
        "POST",
        "/v1/bets",
        token=player.token,
        key=desk.key(),
        body=slip(selection_id("a")),
        headers={"traceparent": CALLERS},
    )
    await desk.process()

    bet_id = answer.json()["bet_id"]
    spans = {span.name: span for span in collector.get_finished_spans()}
    assert set(spans) == {"bet.acknowledge", "bet.decide"}
    assert {trace_of(span) for span in spans.values()} == {CALLERS_TRACE}
    assert all((span.attributes or {})["bet.id"] == bet_id for span in spans.values())
    assert (spans["bet.decide"].attributes or {})["bet.state"] == "accepted"


async def test_a_request_that_nobody_follows_leaves_no_trace(
    desk: Desk, collector: InMemorySpanExporter
) -> None:
    player = await desk.player(amount="100.00")
    await desk.event("a")

    await desk.place(player, slip(selection_id("a")))
    await desk.process()

    assert collector.get_finished_spans() == ()


async def test_the_figures_count_what_was_decided_and_why_it_was_refused(desk: Desk) -> None:
    player = await desk.player(amount="10.00")
    await desk.event("a")
    for stake in ("4.00", "5.00", "6.00", "7.00"):
        await desk.place(player, slip(selection_id("a"), stake=stake))

    await desk.process()

    assert desk.observer is not None
    value = desk.observer.figures.registry.get_sample_value
    assert value("pitboss_bets_accepted_total") == 2
    assert value("pitboss_bets_refused_total", {"reason": "insufficient_funds"}) == 2
    assert value("pitboss_decide_batch_commands_sum") == 4
    assert value("pitboss_decide_seconds_count") == value("pitboss_commit_seconds_count")

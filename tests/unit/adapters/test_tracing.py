"""A trace goes through processes as text and comes out as spans under one id."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pitboss.adapters.tracing import OpenTelemetryTracer
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.tracing import NoTracer, read_traceparent

CALLERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def tracer(exporter: InMemorySpanExporter, *, share: float = 1.0) -> OpenTelemetryTracer:
    return OpenTelemetryTracer(
        SimpleSpanProcessor(exporter), process="api", share=share, entropy=SeededEntropy(1)
    )


def test_two_processes_tell_of_one_request_under_one_trace() -> None:
    exporter = InMemorySpanExporter()
    api, processor = tracer(exporter), tracer(exporter)

    trace = api.follow(None)
    assert trace is not None
    api.tell("bet.acknowledge", trace, started_ns=1_000, ended_ns=2_000)
    processor.tell("bet.decide", trace, started_ns=3_000, ended_ns=9_000, about={"batch": 7})

    acknowledged, decided = exporter.get_finished_spans()
    assert acknowledged.context.trace_id == decided.context.trace_id
    assert (decided.start_time, decided.end_time) == (3_000, 9_000)
    assert dict(decided.attributes or {}) == {"batch": 7}


def test_a_callers_trace_is_gone_on_with() -> None:
    exporter = InMemorySpanExporter()
    api = tracer(exporter, share=0)

    assert api.follow(CALLERS) == CALLERS
    api.tell("bet.acknowledge", CALLERS, started_ns=1, ended_ns=2)

    (span,) = exporter.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"


def test_a_caller_who_does_not_follow_is_not_followed() -> None:
    api = tracer(InMemorySpanExporter())

    assert api.follow(CALLERS[:-1] + "0") is None


def test_the_share_says_how_many_are_followed() -> None:
    api = tracer(InMemorySpanExporter(), share=0.25)

    followed = sum(api.follow(None) is not None for _ in range(4_000))

    assert 800 < followed < 1_200


@pytest.mark.parametrize(
    "text",
    [
        *("", "00", "x" * 55, CALLERS.upper(), CALLERS + "0", CALLERS.replace("00-", "01-", 1)),
        *("00-" + "0" * 32 + CALLERS[35:], CALLERS[:36] + "0" * 16 + "-01"),
    ],
)
def test_what_is_no_traceparent_is_not_read(text: str) -> None:
    exporter = InMemorySpanExporter()
    api = tracer(exporter)

    assert read_traceparent(text) is None
    api.tell("anything", text, started_ns=1, ended_ns=2)
    assert exporter.get_finished_spans() == ()
    if text:
        assert api.follow(text) is None


def test_nothing_is_followed_where_no_collector_is() -> None:
    nobody = NoTracer()

    assert nobody.follow(CALLERS) is None
    nobody.tell("anything", CALLERS, started_ns=1, ended_ns=2)

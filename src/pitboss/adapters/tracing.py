"""OpenTelemetry: spans to a collector, over OTLP, in the background."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from pitboss.kernel.entropy import Entropy
from pitboss.kernel.tracing import read_traceparent

# Beyond these the newest spans are dropped: a collector that is away must not cost memory.
SPANS_WAITING_MAX = 8_192
SPANS_AT_ONCE_MAX = 512
_SHARES = 1_000_000


class OpenTelemetryTracer:
    """Follows a share of the requests, and every one whose caller follows it."""

    def __init__(
        self, processor: SpanProcessor, *, process: str, share: float, entropy: Entropy
    ) -> None:
        """Send finished spans to this processor.

        Args:
            processor: batches spans and sends them on, in a thread of its own.
            process: the name of this process, on each span.
            share: of requests that bring no trace of their own, from 0 to 1.
            entropy: draws ids and which requests are followed.
        """
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "pitboss", "service.instance.id": process})
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("pitboss")
        self._share = share
        self._entropy = entropy

    def follow(self, traceparent: str | None) -> str | None:
        """Choose whether to follow a request; return the trace to work under, or None."""
        if traceparent is not None:
            if read_traceparent(traceparent) is not None and traceparent.endswith("1"):
                return traceparent
            return None
        drawn = int.from_bytes(self._entropy.random_bytes(4), "big") % _SHARES
        if drawn >= self._share * _SHARES:
            return None
        random = self._entropy.random_bytes(24).hex()
        return f"00-{random[:32]}-{random[32:]}-01"

    def tell(
        self,
        name: str,
        trace: str,
        *,
        started_ns: int,
        ended_ns: int,
        about: Mapping[str, str | int] | None = None,
    ) -> None:
        """Tell a finished piece of work; it is sent later, by another thread."""
        context = _context_of(trace)
        if context is None:
            return
        span = self._tracer.start_span(
            name, context, start_time=started_ns, attributes=dict(about or {})
        )
        span.end(end_time=ended_ns)

    def close(self) -> None:
        """Send what waits, and stop."""
        self._provider.shutdown()


def open_tracer(url: str, *, process: str, share: float, entropy: Entropy) -> OpenTelemetryTracer:
    """Return a tracer that sends to the OTLP collector at this URL (`http://host:4318`)."""
    exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces")
    processor = BatchSpanProcessor(
        exporter,
        max_queue_size=SPANS_WAITING_MAX,
        max_export_batch_size=SPANS_AT_ONCE_MAX,
        schedule_delay_millis=1_000,
    )
    return OpenTelemetryTracer(processor, process=process, share=share, entropy=entropy)


def _context_of(trace: str) -> Context | None:
    ids = read_traceparent(trace)
    if ids is None:
        return None
    parent = SpanContext(
        trace_id=ids[0], span_id=ids[1], is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    return set_span_in_context(NonRecordingSpan(parent))

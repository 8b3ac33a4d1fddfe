"""What this process counts and times, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
# Whatever else its sender calls a method is counted together: there is no end of such words, each
# is as long as they like, and what is counted once is kept for as long as the process lives.
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_OTHER = "other"
_BATCH = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Metrics:
    """The figures of one API process; no label holds anything about a person."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "pitboss_api_requests_total",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.ack_seconds = Histogram(
            "pitboss_api_ack_seconds",
            "From the first byte of a request with bets to its durable acknowledgement.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batch_bets = Histogram(
            "pitboss_api_append_batch_bets",
            "Bets in one commit to the command log.",
            buckets=_BATCH,
            registry=self.registry,
        )
        self.append_seconds = Histogram(
            "pitboss_api_append_seconds",
            "One commit to the command log.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.refusals = Counter(
            "pitboss_api_refusals_total",
            "Bets and requests refused before anything was accepted.",
            ("reason",),
            registry=self.registry,
        )
        self.price_streams = Gauge(
            "pitboss_api_price_streams",
            "Displays that are told of prices now.",
            registry=self.registry,
        )
        self.price_streams_dropped = Counter(
            "pitboss_api_price_streams_dropped_total",
            "Displays that were hung up on because they did not keep up.",
            registry=self.registry,
        )
        self.price_lag_seconds = Histogram(
            "pitboss_api_price_lag_seconds",
            "From a change in the catalogue to the moment at which displays are told.",
            buckets=_SECONDS,
            registry=self.registry,
        )

    def answered(self, route: str, method: str, status: int) -> None:
        """Count a request that was answered."""
        known = method if method in _METHODS else _OTHER
        self.requests.labels(route, known, str(status)).inc()

    def exposition(self) -> bytes:
        """Return the figures as Prometheus reads them."""
        return generate_latest(self.registry)

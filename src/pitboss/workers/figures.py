"""What the loops count and time, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pitboss.audit.record.model import Published
from pitboss.messages.model import Backlog
from pitboss.sportsbook.feeds.model import Liveness

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_BATCH = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


class Figures:
    """The figures of one process's loops; no label holds anything about a person."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.backlog = Gauge(
            "pitboss_log_waiting_commands",
            "Commands in the log that are not decided yet.",
            ("partition",),
            registry=self.registry,
        )
        self.backlog_age = Gauge(
            "pitboss_log_oldest_seconds",
            "How long the oldest command in the log has waited.",
            ("partition",),
            registry=self.registry,
        )
        self.batch = Histogram(
            "pitboss_decide_batch_commands",
            "Commands decided in one transaction.",
            buckets=_BATCH,
            registry=self.registry,
        )
        self.decide = Histogram(
            "pitboss_decide_seconds",
            "From reading a batch to the last statement before its commit.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.commit = Histogram(
            "pitboss_commit_seconds",
            "The commit of a decided batch.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.waited = Histogram(
            "pitboss_decided_after_seconds",
            "From a batch's oldest acknowledgement to its commit.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.accepted = Counter(
            "pitboss_bets_accepted_total", "Bets accepted.", registry=self.registry
        )
        self.refused = Counter(
            "pitboss_bets_refused_total", "Bets refused.", ("reason",), registry=self.registry
        )
        self.fenced = Counter(
            "pitboss_processor_fenced_total",
            "Times a processor found that another one owns its partition.",
            registry=self.registry,
        )
        self._add_record()
        self._add_settlement()
        self._add_registers()
        self._add_feeds()

    def show_backlog(self, backlogs: Iterable[Backlog], *, now_seconds: float) -> None:
        """Take note of what waits in the log, at this time in seconds since 1970."""
        for item in backlogs:
            partition = str(item.partition)
            age = 0.0 if item.oldest_at is None else now_seconds - item.oldest_at.timestamp()
            self.backlog.labels(partition).set(item.waiting)
            self.backlog_age.labels(partition).set(max(age, 0.0))

    def show_published(self, published: Published, *, now: datetime) -> None:
        """Take note of a checkpoint."""
        self.log_size.set(published.size)
        if published.oldest_at is not None:
            self.signed_after.observe(max((now - published.oldest_at).total_seconds(), 0.0))

    def show_feed(self, states: Sequence[Liveness]) -> None:
        """Take note of how a feed's producers stand."""
        for state in states:
            self.feed_up.labels(state.terms.id).set(1 if state.up else 0)
            self.feed_lag.labels(state.terms.id).set((state.lag_ms or 0) / 1_000)

    def _add_record(self) -> None:
        self.sequenced = Counter(
            "pitboss_facts_sequenced_total",
            "Facts that were given their position in the one order.",
            registry=self.registry,
        )
        self.log_size = Gauge(
            "pitboss_record_entries", "Facts in the newest checkpoint.", registry=self.registry
        )
        self.signed_after = Histogram(
            "pitboss_record_signed_after_seconds",
            "From a checkpoint's oldest new fact to its being published.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.not_signed = Counter(
            "pitboss_record_refused_total",
            "Times that nothing was signed because it would not follow from the last checkpoint.",
            registry=self.registry,
        )
        self.witnessed_size = Gauge(
            "pitboss_record_witnessed_entries",
            "Facts in the newest checkpoint that a witness has cosigned.",
            ("witness",),
            registry=self.registry,
        )
        self.not_witnessed = Counter(
            "pitboss_record_witness_failures_total",
            "Times that a witness has not cosigned.",
            ("witness",),
            registry=self.registry,
        )
        self.quorum_size = Gauge(
            "pitboss_record_quorum_entries",
            "Facts that a quorum of the policy's witnesses has cosigned; 0 while there is none.",
            registry=self.registry,
        )
        self.quorum_missing = Gauge(
            "pitboss_record_quorum_missing",
            "Whether the policy's quorum has not cosigned what was published a minute ago.",
            registry=self.registry,
        )
        self.stamped_size = Gauge(
            "pitboss_record_timestamped_entries",
            "Facts in the newest checkpoint that an authority has dated.",
            registry=self.registry,
        )
        self.not_stamped = Counter(
            "pitboss_record_timestamp_failures_total",
            "Times that an authority gave no timestamp.",
            registry=self.registry,
        )

    def _add_settlement(self) -> None:
        self.settled = Counter(
            "pitboss_settlement_bets_total",
            "Bets looked at by settlement.",
            registry=self.registry,
        )
        self.settlement_aside = Counter(
            "pitboss_settlement_set_aside_total",
            "Times that a bet broke settlement, which went on without it; see the log.",
            registry=self.registry,
        )
        self.voiding_aside = Counter(
            "pitboss_voiding_set_aside_total",
            "Times that an exclusion broke voiding, which went on without it; see the log.",
            registry=self.registry,
        )
        self.draws_missing = Gauge(
            "pitboss_house_draws_missing",
            "Draws of the generator that runs which were dealt to nobody.",
            registry=self.registry,
        )
        self.generator_may_draw = Gauge(
            "pitboss_house_generator_may_draw",
            "1 while the generator of the house's games may draw; 0 if it is closed or away.",
            registry=self.registry,
        )
        self.settle = Histogram(
            "pitboss_settlement_batch_seconds",
            "One transaction of settlement.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.results_waiting = Gauge(
            "pitboss_settlement_waiting_results",
            "Recorded results that are not settled yet.",
            ("partition",),
            registry=self.registry,
        )

    def _add_registers(self) -> None:
        self.register_up = Gauge(
            "pitboss_register_up",
            "Whether a national register answers.",
            ("register",),
            registry=self.registry,
        )
        self.register_waiting = Gauge(
            "pitboss_register_waiting_players",
            "Players of whom a national register has yet to answer.",
            ("register",),
            registry=self.registry,
        )

        self.central_waiting = Gauge(
            "pitboss_central_waiting_deposits",
            "Deposits of which the central limit file has yet to hear.",
            registry=self.registry,
        )
        self.central_oldest = Gauge(
            "pitboss_central_oldest_seconds",
            "How long the central limit file has not heard of the oldest such deposit.",
            registry=self.registry,
        )

    def _add_feeds(self) -> None:
        self.feed_up = Gauge(
            "pitboss_feed_producer_up",
            "Whether a feed vouches for a producer's prices; staff may hold it all the same.",
            ("producer",),
            registry=self.registry,
        )
        self.feed_lag = Gauge(
            "pitboss_feed_lag_seconds",
            "How old a producer's last message was when it was worked off.",
            ("producer",),
            registry=self.registry,
        )
        self.feed_messages = Counter(
            "pitboss_feed_messages_total",
            "Messages of a feed that were worked off.",
            ("feed",),
            registry=self.registry,
        )
        self.feed_parts = Counter(
            "pitboss_feed_parts_total",
            "What messages said of markets: fresh, repeated, late, or against what was said.",
            ("feed", "verdict"),
            registry=self.registry,
        )
        self.feed_parked = Counter(
            "pitboss_feed_parked_total",
            "What was not done of messages, by reason.",
            ("feed", "reason"),
            registry=self.registry,
        )
        self.feed_batch = Histogram(
            "pitboss_feed_batch_seconds",
            "One transaction of a feed.",
            ("feed",),
            buckets=_SECONDS,
            registry=self.registry,
        )

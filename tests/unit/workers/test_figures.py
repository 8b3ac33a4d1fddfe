"""What is drawn is what is counted: the dashboard names no metric that no process has."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from pitboss.api.metrics import Metrics
from pitboss.kernel.shards import Partition
from pitboss.messages.model import Backlog
from pitboss.workers.figures import Figures

DASHBOARD = Path(__file__).parents[3] / "ops" / "grafana-dashboard.json"
NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)


def names(registry: CollectorRegistry) -> set[str]:
    """Return the names of every series that this registry shows or would show."""
    found: set[str] = set()
    for metric in registry.collect():
        endings = {
            "counter": ("_total",),
            "histogram": ("_bucket", "_count", "_sum"),
        }.get(metric.type, ("",))
        found |= {metric.name + ending for ending in endings}
    return found


def test_the_dashboard_draws_only_what_is_counted() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    drawn = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"pitboss_\w+", target["expr"])
    }

    assert drawn
    assert drawn <= names(Metrics().registry) | names(Figures().registry)


def test_the_panels_do_not_lie_on_each_other() -> None:
    places = [
        (panel["gridPos"]["x"], panel["gridPos"]["y"])
        for panel in json.loads(DASHBOARD.read_text())["panels"]
    ]

    assert len(set(places)) == len(places)


def test_the_age_of_a_backlog_is_that_of_its_oldest_command() -> None:
    figures = Figures()
    figures.show_backlog(
        [
            Backlog(partition=Partition(0), waiting=7, oldest_at=NOW - timedelta(seconds=3)),
            Backlog(partition=Partition(1), waiting=0, oldest_at=None),
        ],
        now_seconds=NOW.timestamp(),
    )

    sample = figures.registry.get_sample_value
    assert sample("pitboss_log_waiting_commands", {"partition": "0"}) == 7
    assert sample("pitboss_log_oldest_seconds", {"partition": "0"}) == 3
    assert sample("pitboss_log_oldest_seconds", {"partition": "1"}) == 0

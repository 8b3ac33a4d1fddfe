"""Races at the edge of limits: two hundred at once, and not one micro too much."""

from pitboss.sim.limits.model import Config, Report
from pitboss.sim.limits.report import as_json, as_table
from pitboss.sim.limits.rounds import run

__all__ = ["Config", "Report", "as_json", "as_table", "run"]

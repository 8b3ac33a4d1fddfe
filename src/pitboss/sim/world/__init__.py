"""A whole platform in one process, where a seed decides who goes next and what goes wrong."""

from pitboss.sim.world.bugs import BUGS
from pitboss.sim.world.report import SimReport, as_json, as_table
from pitboss.sim.world.runs import run_seeds

__all__ = ["BUGS", "SimReport", "as_json", "as_table", "run_seeds"]

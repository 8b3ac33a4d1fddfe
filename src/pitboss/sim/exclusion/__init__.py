"""A storm of bets and deposits, and everybody in it excluded: nothing is taken after that."""

from pitboss.sim.exclusion.model import Config, Report
from pitboss.sim.exclusion.report import as_json, as_table
from pitboss.sim.exclusion.storm import run

__all__ = ["Config", "Report", "as_json", "as_table", "run"]

"""A season of real results, played by many players on a whole instance, and its books checked."""

from pitboss.sim.season.model import Progress, SeasonConfig
from pitboss.sim.season.report import SeasonReport, to_json, to_tables
from pitboss.sim.season.season import play

__all__ = ["Progress", "SeasonConfig", "SeasonReport", "play", "to_json", "to_tables"]

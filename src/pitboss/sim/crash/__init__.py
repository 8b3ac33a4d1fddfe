"""Crashes: real processes under load are killed, frozen and cut off, and nothing may be lost."""

from pitboss.sim.crash.model import CrashConfig
from pitboss.sim.crash.report import CrashReport, as_json, as_table
from pitboss.sim.crash.trial import run

__all__ = ["CrashConfig", "CrashReport", "as_json", "as_table", "run"]

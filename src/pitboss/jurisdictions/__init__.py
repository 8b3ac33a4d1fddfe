"""The rules that differ by licence, as data: one TOML file each, every value with its citation."""

from pitboss.jurisdictions.queries import codes, differences, entries, find, get, local_day

__all__ = ["codes", "differences", "entries", "find", "get", "local_day"]

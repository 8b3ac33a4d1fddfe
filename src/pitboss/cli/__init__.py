"""The command line."""

from pitboss.cli.commands import main

__all__ = ["main"]

"""Writes of dealing."""

from pitboss.games.dealing.operations.finishing import finish
from pitboss.games.dealing.operations.looking import refuse_opening
from pitboss.games.dealing.operations.playing import play

__all__ = ["finish", "play", "refuse_opening"]

"""Writes of dealing."""

from pitboss.games.dealing.operations.checking import check_files
from pitboss.games.dealing.operations.counting import count_draws, tell_generator
from pitboss.games.dealing.operations.finishing import finish
from pitboss.games.dealing.operations.looking import refuse_opening
from pitboss.games.dealing.operations.playing import play

__all__ = [
    "check_files",
    "count_draws",
    "finish",
    "play",
    "refuse_opening",
    "tell_generator",
]

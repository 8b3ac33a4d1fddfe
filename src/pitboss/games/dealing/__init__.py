"""The house's own games, dealt for money: each step's stake, draw and win in one commit."""

from pitboss.games.dealing.operations import check_files, finish, play, refuse_opening
from pitboss.games.dealing.queries import find_draw_runs, find_kept

__all__ = ["check_files", "find_draw_runs", "find_kept", "finish", "play", "refuse_opening"]

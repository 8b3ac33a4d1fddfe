"""The house's own games, dealt for money: each step's stake, draw and win in one commit."""

from pitboss.games.dealing.operations import (
    check_files,
    count_draws,
    finish,
    play,
    refuse_opening,
    tell_generator,
)
from pitboss.games.dealing.queries import (
    LOOKED_THROUGH_MAX,
    find_counts,
    find_disagreements,
    find_draw_runs,
    find_kept,
    find_undealt,
    replay_all,
)

__all__ = [
    "LOOKED_THROUGH_MAX",
    "check_files",
    "count_draws",
    "find_counts",
    "find_disagreements",
    "find_draw_runs",
    "find_kept",
    "find_undealt",
    "finish",
    "play",
    "refuse_opening",
    "replay_all",
    "tell_generator",
]

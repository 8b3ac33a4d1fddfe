"""Personal data: values that can be forgotten, beside commitments in facts that never are."""

from pitboss.players.personal.operations import (
    disclose,
    draw_keys,
    erase,
    keep,
    open_bulk,
    read,
    read_in_bulk,
)

__all__ = ["disclose", "draw_keys", "erase", "keep", "open_bulk", "read", "read_in_bulk"]

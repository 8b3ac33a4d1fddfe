"""A process that plays worlds: `python -m pitboss.sim.world '{"url": ...}'`.

It reads seeds from its standard input, a line each, and writes an outcome for each to its standard
output.  It ends when its input does, so none is left behind by a run that is killed.
"""

from __future__ import annotations

import sys

import msgspec

from pitboss.sim.world.worker import Assignment, play_all


def main() -> None:
    """Do what the first argument says until standard input ends."""
    assignment = msgspec.json.decode(sys.argv[1], type=Assignment)
    for outcome in play_all(assignment, map(int, sys.stdin)):
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

"""A process that plays worlds: `python -m pitboss.sim.world '{"url": ...}'`.

It reads seeds from its standard input, a line each, and writes an outcome for each to its standard
output.  It ends when its input does, so none is left behind by a run that is killed.
"""

from __future__ import annotations

import sys

import msgspec

from pitboss.sim.world import theatre
from pitboss.sim.world.bugs import BUGS
from pitboss.sim.world.runs import Assignment


def main() -> None:
    """Do what the first argument says until standard input ends."""
    assignment = msgspec.json.decode(sys.argv[1], type=Assignment)
    bug = None if assignment.bug is None else BUGS[assignment.bug]
    with theatre.opened(assignment.url, bug, drop=assignment.drop) as play:
        for seed in sys.stdin:
            sys.stdout.buffer.write(msgspec.json.encode(play(int(seed))) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

"""Where tests keep the files of the servers that they start."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
# What a run needs at most, with the transaction logs of all servers that run side by side.
ROOM_BYTES = 6 * 1024**3


def make_folder(prefix: str) -> Path:
    """Make an empty folder for a server, in memory if there is room; the caller removes it.

    Every test gets a database of its own, which is a thousand files: on a disk making them takes
    many times as long as most tests do.  What is in memory outlives every process all the same.
    Not pytest's own folder: that is closed to the system user that runs the server for root.
    """
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    return Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if roomy else None))

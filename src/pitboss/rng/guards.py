"""What would make two generators give the same numbers: a fork, or a machine that is restored.

A copy of a process's memory has the same working state.  A fork shows in the process id; a
restored checkpoint in the kernel's boot id; a restored virtual machine in its generation id, where
the hypervisor gives one.  Where it gives none, fresh entropy before each draw is what protects.
"""

from __future__ import annotations

import os
from pathlib import Path

from .errors import Failed

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# The generation id of Microsoft's specification, as QEMU's firmware device shows it to root.
GENERATION_ID = Path("/sys/firmware/qemu_fw_cfg/by_name/etc/vmgenid_guid/raw")
_ID_BYTES_MAX = 4096


class ForkGuard:
    """Remembers the process that it was made in, and is cheap to ask."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._forked = False
        # A grandchild may get the id of its grandparent; being told of the fork does not depend
        # on the id.
        os.register_at_fork(after_in_child=self._was_forked)

    def check(self) -> None:
        """Stop whoever is not the process that made this.

        Raises:
            Failed: it is another.
        """
        if self._forked or os.getpid() != self._pid:
            raise Failed("forked: a copy of the generator would give the same numbers")

    def _was_forked(self) -> None:
        self._forked = True


class RestoreGuard:
    """Remembers which start of which machine it was made in; it asks files that stay open."""

    def __init__(self, boot_id: Path = BOOT_ID, generation_id: Path = GENERATION_ID) -> None:
        self._boot_id, self._generation_id = _open(boot_id), _open(generation_id)
        self._seen = self._read()

    @property
    def watches(self) -> tuple[bool, bool]:
        """Whether this machine shows a boot id, and whether it shows a generation id."""
        return self._boot_id is not None, self._generation_id is not None

    def check(self) -> None:
        """Stop whoever runs in another start or another copy of the machine.

        Raises:
            Failed: it is another.
        """
        if self._read() != self._seen:
            raise Failed("restored: a copy of the generator would give the same numbers")

    def _read(self) -> list[bytes]:
        handles = (self._boot_id, self._generation_id)
        try:
            # From the start each time: the kernel then says what is true now.
            return [os.pread(handle, _ID_BYTES_MAX, 0) for handle in handles if handle is not None]
        except OSError as error:
            raise Failed(f"restored: the machine's id cannot be read: {error}") from None


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None

"""Whom the embedded PostgreSQL runs as: ourselves, or a system user when we are root."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pitboss.db.errors import EmbeddedServerFailed

# PostgreSQL refuses to run as root; this user has no other use.
SYSTEM_USER = "pitboss-postgres"
_ROOT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """The numbers of the user that owns the data and runs the server."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether the server runs as somebody else than this process, which then is root."""
        return self.uid != os.geteuid()

    def own(self, path: Path) -> None:
        """Give the file or folder to this user; a link itself and not what it points to."""
        if self.is_other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def let_reach(self, folder: Path) -> None:
        """Let this user pass through the folder and all above it, without listing them.

        A folder that gives its group nothing is opened to this user's group alone, any other
        one to everybody.  What can be passed through already is left as it is.
        """
        if not self.is_other:
            return
        for step in (folder, *folder.parents):
            found = step.stat()
            mode = stat.S_IMODE(found.st_mode)
            if mode & self._pass_bit(found):
                continue
            if mode & stat.S_IRWXG:
                step.chmod(mode | stat.S_IXOTH)
            else:
                os.chown(step, -1, self.gid)
                step.chmod(mode | stat.S_IXGRP)

    def let_read(self, tree: Path) -> None:
        """Let everybody read and run what is in the tree: published programs, nothing private."""
        if not self.is_other:
            return
        for path in _walk(tree):
            mode = stat.S_IMODE(path.stat().st_mode)
            wanted = mode | (0o555 if mode & stat.S_IXUSR else 0o444)
            if wanted != mode:
                path.chmod(wanted)

    def _pass_bit(self, found: os.stat_result) -> int:
        if found.st_uid == self.uid:
            return stat.S_IXUSR
        return stat.S_IXGRP if found.st_gid == self.gid else stat.S_IXOTH


def find_server_user(data: Path) -> ServerUser:
    """Return who must run the server for this data folder, which need not exist yet.

    Root hands over to whoever owns the data, or to a system user, which is made if missing.

    Raises:
        EmbeddedServerFailed: we are root and the system user cannot be made.
    """
    if os.geteuid() != _ROOT:
        return ServerUser(uid=os.geteuid(), gid=os.getegid())
    if data.exists() and (found := data.stat()).st_uid != _ROOT:
        return ServerUser(uid=found.st_uid, gid=found.st_gid)
    entry = _find_entry() or _make_entry()
    return ServerUser(uid=entry.pw_uid, gid=entry.pw_gid)


def _find_entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def _make_entry() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--no-create-home", "--user-group"]
    command += ["--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        failure = done.stderr.strip()
    except OSError as error:
        failure = str(error)
    # Looked up even after a failure: another start may have made it at the same moment.
    entry = _find_entry()
    if entry is None:
        raise EmbeddedServerFailed(
            f"PostgreSQL does not run as root, and the system user {SYSTEM_USER!r} cannot be made;"
            f" make it, or start pitboss as another user ({failure})"
        )
    return entry


def _walk(tree: Path) -> Iterator[Path]:
    yield tree
    for path in tree.rglob("*"):
        if not path.is_symlink():
            yield path

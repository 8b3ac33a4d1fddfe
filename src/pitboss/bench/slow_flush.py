"""A small library, loaded before the server's own, that makes each of its flushes take longer.

It stands for slower disks and for a synchronous standby: what they add is time in which a commit
waits and the processor is free, and that is what this adds.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_DELAY = "PITBOSS_FLUSH_DELAY_MICROS"
_PRELOAD = "LD_PRELOAD"
_COMPILER_SECONDS_MAX = 60

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_a_little(void) {
    static long micros = -1;
    if (micros < 0) {
        const char *text = getenv("PITBOSS_FLUSH_DELAY_MICROS");
        micros = text ? atol(text) : 0;
    }
    struct timespec left = {micros / 1000000, (micros % 1000000) * 1000};
    while (micros && nanosleep(&left, &left) != 0) {}
}

int fdatasync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int)) dlsym(RTLD_NEXT, "fdatasync");
    wait_a_little();
    return real(file);
}

int fsync(int file) {
    static int (*real)(int);
    if (!real) real = (int (*)(int)) dlsym(RTLD_NEXT, "fsync");
    wait_a_little();
    return real(file);
}
"""


def build(folder: Path) -> Path | None:
    """Compile the library into this folder; None where that cannot be done."""
    compiler = shutil.which("cc")
    if compiler is None or platform.system() != "Linux":
        return None
    source, library = folder / "slow_flush.c", folder / "slow_flush.so"
    source.write_text(_SOURCE)
    done = subprocess.run(  # noqa: S603 - a compiler from the path, our own source, no shell
        [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"],
        capture_output=True,
        timeout=_COMPILER_SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        return None
    # The server may run as another user than we do.
    folder.chmod(0o755)
    library.chmod(0o644)
    return library


@contextlib.contextmanager
def preloaded(library: Path, flush_ms: float) -> Iterator[None]:
    """Have programs that are started meanwhile load the library first."""
    before = os.environ.get(_PRELOAD)
    os.environ[_PRELOAD] = f"{library}:{before}" if before else str(library)
    os.environ[_DELAY] = str(round(flush_ms * 1000))
    try:
        yield
    finally:
        del os.environ[_DELAY]
        if before is None:
            del os.environ[_PRELOAD]
        else:
            os.environ[_PRELOAD] = before

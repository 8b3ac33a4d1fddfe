"""The door of the process, run as a file by an interpreter that knows no other place than this.

`python -I -S -B -X utf8 -X pycache_prefix=/dev/null .../pitboss/rng/__main__.py WORDS`: without
site packages, without anything from the environment, and without compiled code beside the sources.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# OpenSSL would do what its variables and its file of settings say, and SHA-256 is its: nothing of
# it is loaded yet, and it finds neither.
os.environ.clear()
os.environ["OPENSSL_CONF"] = "/dev/null"

PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
if PACKAGE_PARENT not in sys.path:
    sys.path.append(PACKAGE_PARENT)

from pitboss.rng.process import main  # noqa: E402 - only now there is a pitboss

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

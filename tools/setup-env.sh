#!/bin/sh
# Make .venv with what requirements.lock says, and pitboss itself in it as an editable install.
#
# Uses uv if it is on the PATH, else Python's own venv and pip.  Asks nothing, may be repeated,
# and returns at once if nothing has changed.  PYTHON names the interpreter to use.
#
# The distribution's own Python is preferred: it is compiled with a profile of itself, which what
# version managers compile is not by default, and one that is not costs about a fifth more processor.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/setup.stamp
# The place is part of it, because the scripts of an environment do not survive a move.
place="checkout $PWD"
wanted="$place
$(cat pyproject.toml requirements.lock tools/setup-env.sh tools/fetch_pip.py | cksum)"

say() {
    echo "setup: $*" >&2
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-/usr/bin/python3 python3 python3.14 python3.13 python3.12 \
        python3.11 python}; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    say "Python 3.11 or later is needed; PYTHON=/path/to/python3 says where it is"
    return 1
}

install_with_uv() {
    # Where there is none that is new enough, uv fetches one.
    [ -x .venv/bin/python ] ||
        uv venv --quiet --python "$(find_python 2>/dev/null || echo '>=3.11')" .venv
    uv pip install --python .venv --require-hashes -r requirements.lock
    uv pip install --python .venv --no-deps --no-build-isolation -e .
}

install_with_pip() {
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        make_venv
    fi
    # The lock is complete, so there is nothing to resolve.
    .venv/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
}

make_venv() {
    python=$(find_python)
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv --clear .venv
        return
    fi
    # Debian ships Python without ensurepip unless python3-venv is installed too.
    "$python" -m venv --clear --without-pip .venv
    wheel=$(.venv/bin/python tools/fetch_pip.py .venv) || {
        say "this Python cannot install pip; please install python3-venv or uv"
        return 1
    }
    .venv/bin/python "$wheel/pip" install --quiet --no-deps "$wheel"
}

if [ -x .venv/bin/pitboss ] && .venv/bin/python -c '' 2>/dev/null &&
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

if ! .venv/bin/python -c '' 2>/dev/null ||
    { [ -f "$stamp" ] && [ "$(head -n 1 "$stamp")" != "$place" ]; }; then
    rm -rf .venv
fi
rm -f "$stamp"
if command -v uv >/dev/null 2>&1; then
    say "making .venv with uv"
    install_with_uv
else
    say "making .venv with pip; this takes a minute or two the first time"
    install_with_pip
fi
echo "$wanted" >"$stamp"

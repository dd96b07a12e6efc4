#!/bin/sh
# Create the virtual environment, or say which system package is missing.
set -eu
python=$1 venv=$2
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "affouage needs Python 3.11 or later; '$python' is not one. Try: make PYTHON=python3.12 ..." >&2
    exit 2
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    else
        echo "This Python has no venv module. On Debian or Ubuntu: sudo apt install python3-venv" >&2
        exit 2
    fi
fi
"$python" -m venv --clear "$venv"  # --clear: over what an interrupted set-up left

#!/bin/sh
# All the tests, in two runs. Most of them wait for something: they run several at a time, a file to a worker (pages: a
# way of looking at them, see tests/conftest.py). Those marked `alone` measure time, or take the whole machine: one at a
# time. Ends with 1 unless both runs passed.
# TEST_WORKERS: how many at a time; 4 suits two processors, for a worker waits more than half of its time.
set -u
cd "$(dirname "$0")/.."
pytest="${1:-.venv/bin/python} -m pytest"
# Hundreds of programs are started: each finds what the first one compiled.
unset PYTHONDONTWRITEBYTECODE
failed=0
# A worker that dies fails its test and is replaced, twice at most; the order stays, fast ones first.
$pytest -m "not alone and not long and not rpc" --numprocesses "${TEST_WORKERS:-4}" --dist loadgroup \
    --no-loadscope-reorder --max-worker-restart 2 || failed=1
$pytest -m "alone and not long and not rpc" || failed=1
exit $failed

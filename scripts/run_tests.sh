#!/bin/sh
# All the tests, in three runs. Most of them wait for something: they run several at a time, a file to a worker (pages: a
# way of looking at them, see tests/conftest.py). Those marked `alone` measure time, or take the whole machine: one at a
# time. Ends with 1 unless all runs passed.
# TEST_WORKERS: how many at a time; 4 suits two processors, for a worker waits more than half of its time.
set -u
cd "$(dirname "$0")/.."
pytest="${1:-.venv/bin/python} -m pytest"
# Hundreds of programs are started: each finds what the first one compiled.
unset PYTHONDONTWRITEBYTECODE
failures=$(mktemp -d)
trap 'rm -rf "$failures"' EXIT
disturbed=0

# A test of real processes may be disturbed by what else the machine does. At most three that failed are tried once more,
# with nothing beside them, and named at the end: a test that fails twice, or a fourth one, fails the whole.
run() {
    rm -f "$failures/list"
    FAILED_TESTS_FILE="$failures/list" $pytest "$@" && return 0
    [ $? = 1 ] && [ -s "$failures/list" ] || return 1
    count=$(wc -l <"$failures/list")
    [ "$count" -le 3 ] || return 1
    echo "Tried once more, with nothing beside: $count test(s)"
    $pytest -m "" "@$failures/list" || return 1
    cat "$failures/list" >>"$failures/disturbed"
    disturbed=$((disturbed + count))
}

failed=0
# A worker that dies fails its test and is replaced, twice at most; the order stays, fast ones first.
run -m "not alone and not long and not rpc" --numprocesses "${TEST_WORKERS:-4}" --dist loadgroup \
    --no-loadscope-reorder --max-worker-restart 2 || failed=1
run -m "alone and not long and not rpc" || failed=1
# Some of the first ones again, with the books on a PostgreSQL server: see tests/postgres.py. A server for each worker.
export AFFOUAGE_TEST_DATABASE=postgresql
# shellcheck disable=SC2046
run -m "both_databases and not alone and not long" --numprocesses 2 --dist loadgroup --no-loadscope-reorder \
    --max-worker-restart 2 $(grep -l "mark.both_databases" -r tests --include "test_*.py") || failed=1
if [ "$disturbed" -gt 0 ]; then
    echo "Passed at the second try only, $disturbed test(s):"
    cat "$failures/disturbed"
fi
exit $failed

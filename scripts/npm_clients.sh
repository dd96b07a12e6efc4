#!/bin/sh
# The npm clients that the tests speak with, into .cache/npm-clients: exact versions with hashes, nothing of theirs run.
# `--lock` rewrites the lock (without addresses), nothing younger than a week.
set -eu
cd "$(dirname "$0")/.."
from=tests/interop/npm
if ! command -v npm >/dev/null; then
    echo "npm is missing: the tests of its clients are skipped (on CI, they fail)." >&2
    exit 0
fi
if [ "${1:-}" = --lock ]; then
    cd "$from"
    exec npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --ignore-scripts \
        --before "$(date -u -d '7 days ago' +%Y-%m-%d)"
fi
into=.cache/npm-clients
if cmp -s "$from/package-lock.json" "$into/package-lock.json" && [ -e "$into/.made" ]; then
    exit 0
fi
echo "Fetching the npm clients that the tests speak with (some seconds, once) ..."
rm -rf "$into"
mkdir -p "$into"
cp "$from/package.json" "$from/package-lock.json" "$into"
cd "$into"
npm ci --silent --no-audit --no-fund --ignore-scripts --cache "$PWD/.npm"
rm -rf .npm
touch .made

#!/bin/sh
# Rewrite the locks: exact versions with hashes, no address of any index, nothing younger than a week.
set -eu
cd "$(dirname "$0")/.."
cutoff=$(date -u -d '7 days ago' +%Y-%m-%d)
lock() {
    "${UV:-uv}" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-header --no-annotate --exclude-newer "$cutoff" --output-file "$@"
}
lock requirements.txt pyproject.toml
lock requirements-pool.txt --extra pool --constraint requirements.txt pyproject.toml
lock requirements-dev.txt --group dev --constraint requirements-pool.txt pyproject.toml
# An oracle of the tests, in an environment of its own: it pins the web libraries that the commons itself uses.
printf '%s\n' 'boaviztapi==2.5.0' | lock requirements-oracle.txt -
printf '%s\n' 'hatchling==1.27.0' 'editables' | lock requirements-build.txt -

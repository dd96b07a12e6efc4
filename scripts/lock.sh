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
lock requirements-desk.txt --extra desk --constraint requirements.txt pyproject.toml
# torch is left out: which build of it suits depends on the machine (see the Makefile). What it needs besides is named.
unless='torch ; sys_platform == "never"'
needs='sympy networkx filelock fsspec jinja2 setuptools'
printf '%s\n' "$unless" >.torch-elsewhere.txt
# shellcheck disable=SC2086
printf '%s\n' $needs | lock requirements-training.txt --extra training --no-emit-package torch \
    --override .torch-elsewhere.txt --constraint requirements-pool.txt --constraint requirements-desk.txt pyproject.toml -
rm .torch-elsewhere.txt
lock requirements-dev.txt --group dev --constraint requirements-pool.txt --constraint requirements-desk.txt \
    --constraint requirements-training.txt pyproject.toml
# An oracle of the tests, in an environment of its own: it pins the web libraries that the commons itself uses.
printf '%s\n' 'boaviztapi==2.5.0' | lock requirements-oracle.txt -
# Another, of the counts of votes: its numerical stack is of another age.
printf '%s\n' 'pref-voting==1.18.2' | lock requirements-oracle-votes.txt -
# Clients of others, for tests/interop: beside what the tests have, never instead of it. LiteLLM asks for a client of
# Amazon's, which asks for another age of the date library: it does without.
echo 'python-dateutil' >.any-date.txt
printf '%s\n' 'langchain-openai' 'litellm==1.110.2' 'mcp' 'openapi-spec-validator' |
    lock requirements-interop.txt --constraint requirements-dev.txt --override .any-date.txt --no-emit-package boto3 \
        --no-emit-package botocore --no-emit-package s3transfer --no-emit-package jmespath \
        --no-emit-package python-dateutil -
rm .any-date.txt
printf '%s\n' 'hatchling==1.27.0' 'editables' | lock requirements-build.txt -

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
lock requirements-postgresql.txt --extra postgresql --constraint requirements.txt pyproject.toml
# torch is left out: which build of it suits depends on the machine (see the Makefile). What it needs besides is named.
unless='torch ; sys_platform == "never"'
needs='sympy networkx filelock fsspec jinja2 setuptools'
printf '%s\n' "$unless" >.torch-elsewhere.txt
# shellcheck disable=SC2086
printf '%s\n' $needs | lock requirements-training.txt --extra training --no-emit-package torch \
    --override .torch-elsewhere.txt --constraint requirements-pool.txt --constraint requirements-desk.txt pyproject.toml -
rm .torch-elsewhere.txt
lock requirements-dev.txt --group dev --constraint requirements-pool.txt --constraint requirements-desk.txt \
    --constraint requirements-postgresql.txt --constraint requirements-training.txt pyproject.toml
# An oracle of the tests, in an environment of its own: it pins the web libraries that the commons itself uses.
printf '%s\n' 'boaviztapi==2.5.0' | lock requirements-oracle.txt -
# Another, of the counts of votes: its numerical stack is of another age.
printf '%s\n' 'pref-voting==1.18.2' | lock requirements-oracle-votes.txt -
# Clients of others, for tests/interop: beside what the tests have, never instead of it. LiteLLM asks for a client of
# Amazon's, which asks for another age of the date library: it does without.
echo 'python-dateutil' >.any-date.txt
printf '%s\n' 'langchain-openai' 'litellm==1.110.2' 'mcp' 'openapi-spec-validator' 'schemathesis' |
    lock requirements-interop.txt --constraint requirements-dev.txt --override .any-date.txt --no-emit-package boto3 \
        --no-emit-package botocore --no-emit-package s3transfer --no-emit-package jmespath \
        --no-emit-package python-dateutil -
rm .any-date.txt
# Open WebUI, for `make interop-open-webui`. It asks for PyTorch and OpenCV, to read documents by itself: here it does
# without. Python 3.11 or 3.12 only: its own bound.
printf '%s ; sys_platform == "never"\n' torch opencv-python-headless >.without.txt
printf '%s\n' 'open-webui==0.12.4' | lock requirements-open-webui.txt --override .without.txt -
rm .without.txt
# Whether a hole was published in what is installed, and the form of a bill of materials.
printf '%s\n' 'pip-audit' | lock requirements-audit.txt --constraint requirements-interop.txt -
# What `make fuzz` adds, in an environment of its own.
printf '%s\n' 'atheris==3.0.0' | lock requirements-fuzz.txt -
# What the bench compares with. Never litellm 1.82.7 or 1.82.8: they were malicious. The packages after it: without them
# it is slower, and the comparison would be unfair.
fast='httptools ; sys_platform != "win32"\nuvloop ; sys_platform != "win32"'
printf "$fast\n%s\n%s\n%s\n" 'fastapi' 'httpx' 'uvicorn' | lock requirements-bench.txt --constraint requirements-dev.txt -
printf "$fast\n%s\n%s\n%s\n%s\n" 'litellm[proxy]==1.106.2' 'opentelemetry-api' 'opentelemetry-sdk' \
    'opentelemetry-exporter-otlp' | lock requirements-litellm.txt -
# What builds the documentation site, in an environment of its own.
printf '%s\n' 'sphinx' 'myst-parser' 'furo' | lock requirements-site.txt -
printf '%s\n' 'hatchling==1.27.0' 'editables' | lock requirements-build.txt -

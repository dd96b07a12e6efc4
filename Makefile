# Two commands matter: `make up` (the commons, serving, one question answered) and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Without pip's cache: nothing is written outside this folder.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-cache-dir

.DEFAULT_GOAL := help
.PHONY: help pool install install-dev up check test faults bench clean lock

help:
	@echo "make up       set everything up, serve the commons on this machine and answer one question"
	@echo "make test     set up and run all the tests"
	@echo "make install  set up only; the command line is then .venv/bin/affouage"
	@echo "make pool     set up with what a pool needs: to open one, or to lend a machine"
	@echo "make check    style, types and layers"
	@echo "make faults   kill, stop and cut everything that can fail, for some minutes"
	@echo "make bench    measure the gateway against the engine called directly"
	@echo "make clean    remove what was built here (not the data in AFFOUAGE_HOME)"

# Not $(BIN)/python: that is there long before the environment is whole, and set-up may be cut at any moment.
$(VENV)/.made:
	@sh scripts/make_venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/.runtime: requirements.txt requirements-build.txt pyproject.toml | $(VENV)/.made
	@echo "Fetching the locked packages (about a minute, once) ..."
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-build.txt
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@# By a relative path: Python reads that file in the locale's encoding, and the folder's name may hold an accent.
	@echo ../../../../src | tee $(VENV)/lib/python*/site-packages/_editable_impl_affouage.pth >/dev/null
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Fetching the packages for tests (about a minute, once) ..."
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-dev.txt
	@touch $@

# BoaviztAPI, an oracle of the tests, apart: it pins other versions of what the commons uses.
$(VENV)/.oracle: requirements-oracle.txt $(VENV)/.dev
	@echo "Fetching the tests' oracle (about a minute, once) ..."
	@sh scripts/make_venv.sh "$(PYTHON)" "$(VENV)/oracle"
	@$(VENV)/oracle/bin/python -m pip install --disable-pip-version-check --no-cache-dir --quiet --require-hashes \
		--only-binary :all: -r requirements-oracle.txt
	@touch $@

# What a pool needs besides: on the commons that opens one, and on each machine that is lent.
$(VENV)/.pool: requirements-pool.txt $(VENV)/.runtime
	@echo "Fetching the packages of a pool (some seconds, once) ..."
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-pool.txt
	@touch $@

pool: $(VENV)/.pool
install: $(VENV)/.runtime
install-dev: $(VENV)/.dev

up: install
	@exec $(BIN)/affouage up

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: install-dev $(VENV)/.oracle
	@sh scripts/system_packages.sh
	@# Here rather than in a test: 1.1 GB has no place under a test's deadline. Without it, tests skip (on CI, fail).
	@-AFFOUAGE_HOME=.cache $(BIN)/affouage models pull qwen2.5-coder-1.5b-instruct
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest

faults: install-dev
	@sh scripts/system_packages.sh
	$(BIN)/python -m pytest -m long tests/faults

bench: install-dev
	$(BIN)/python -m tests.bench

lock:
	sh scripts/lock.sh

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

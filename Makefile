# Two commands matter: `make up` (the commons, serving, one question answered) and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Without pip's cache: nothing is written outside this folder.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-cache-dir

.DEFAULT_GOAL := help
.PHONY: help pool desk postgresql training install install-dev up check check-style check-types check-layers test test-postgresql \
	system-packages npm-clients starter-model faults soak bench clean lock dist site interop-open-webui fuzz audit sbom

help:
	@echo "make up       set everything up, serve the commons on this machine and answer one question"
	@echo "make test     set up and run all the tests"
	@echo "make install  set up only; the command line is then .venv/bin/affouage"
	@echo "make pool     set up with what a pool needs: to open one, or to lend a machine"
	@echo "make desk     set up with what a desk is better with: sheets found by meaning, rare words explained"
	@echo "make postgresql  set up with what speaks with a PostgreSQL server, for several gateways on the same books"
	@echo "make training set up with what training a model needs (PyTorch)"
	@echo "make check    style, types and layers"
	@echo "make faults   kill, stop and cut everything that can fail, for some minutes"
	@echo "make soak     leave a commons under a light load for two hours (MINUTES): does anything grow?"
	@echo "make fuzz     give every parser what nobody would send, for some minutes"
	@echo "make audit    are the locked packages whole, and is a hole in one of them known?"
	@echo "make sbom     write what affouage is made of (CycloneDX), in dist/"
	@echo "make bench    measure how fast it is: beside other gateways, before a model, alone, and as things grow"
	@echo "make site     build the documentation site, in build/site"
	@echo "make dist     build the wheel and the archive of the sources, in dist/"
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
	@# Said before 1.1 GB are fetched. A bare Debian has no OpenMP library.
	@$(BIN)/python -c "import xllamacpp" 2>/dev/null || \
		echo "The engine cannot be loaded: sudo apt install libgomp1 (what else it may be: $(BIN)/affouage doctor)" >&2
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

# pref-voting, another, apart from it too: both pin numpy, not the same.
$(VENV)/.oracle-votes: requirements-oracle-votes.txt $(VENV)/.dev
	@echo "Fetching the tests' oracle of votes (about a minute, once) ..."
	@sh scripts/make_venv.sh "$(PYTHON)" "$(VENV)/oracle-votes"
	@$(VENV)/oracle-votes/bin/python -m pip install --disable-pip-version-check --no-cache-dir --quiet --require-hashes \
		--only-binary :all: -r requirements-oracle-votes.txt
	@touch $@

# Clients of others that the tests speak with, apart: one of them would add itself to every run of pytest. What they share
# with the tests is not fetched again: it is found in the first environment, by PYTHONPATH, here and in the tests.
$(VENV)/.interop: requirements-interop.txt $(VENV)/.dev
	@echo "Fetching the clients that the tests speak with (some seconds, once) ..."
	@$(BIN)/python -m venv --clear --without-pip "$(VENV)/interop"
	@# All is in the lock but what LiteLLM does without (scripts/lock.sh): so, no dependencies.
	@PYTHONPATH="$$(echo $(CURDIR)/$(VENV)/lib/python*/site-packages)" $(VENV)/interop/bin/python -m pip install \
		--disable-pip-version-check --no-cache-dir --quiet --no-compile --no-deps --require-hashes --only-binary :all: \
		-r requirements-interop.txt
	@touch $@

# What builds the documentation site, apart: nothing of it is needed to run or to test the commons.
$(VENV)/.site: requirements-site.txt | $(VENV)/.made
	@echo "Fetching what builds the site (some seconds, once) ..."
	@sh scripts/make_venv.sh "$(PYTHON)" "$(VENV)/site"
	@$(VENV)/site/bin/python -m pip install --disable-pip-version-check --no-cache-dir --quiet --require-hashes \
		--only-binary :all: -r requirements-site.txt
	@touch $@

# Whether a hole was published in what is installed (pip-audit), and the form of a bill of materials (CycloneDX).
$(VENV)/.audit: requirements-audit.txt $(VENV)/.dev
	@echo "Fetching what audits the packages (some seconds, once) ..."
	@$(BIN)/python -m venv --clear --without-pip "$(VENV)/audit"
	@$(PIP) --python $(VENV)/audit/bin/python install --quiet --no-compile --no-deps --require-hashes \
		--only-binary :all: -r requirements-audit.txt
	@touch $@

# What `make fuzz` adds to the tests' own packages, which it finds by PYTHONPATH. A wheel for Linux on x86_64 and aarch64.
$(VENV)/.fuzz: requirements-fuzz.txt $(VENV)/.dev
	@echo "Fetching what fuzzes (some seconds, once) ..."
	@$(BIN)/python -m venv --clear --without-pip "$(VENV)/fuzz"
	@$(PIP) --python $(VENV)/fuzz/bin/python install --quiet --no-deps --require-hashes --only-binary :all: \
		-r requirements-fuzz.txt
	@touch $@

# A whole front end of others, apart (1.5 GB on the disk), for `make interop-open-webui` alone.
$(VENV)/.open-webui: requirements-open-webui.txt | $(VENV)/.made
	@echo "Fetching Open WebUI (some minutes, once) ..."
	@sh scripts/make_venv.sh "$(PYTHON)" "$(VENV)/open-webui"
	@# All is in the lock but what it does without here (scripts/lock.sh): so, no dependencies.
	@$(VENV)/open-webui/bin/python -m pip install --disable-pip-version-check --no-cache-dir --quiet --no-compile \
		--no-deps --require-hashes --only-binary :all: -r requirements-open-webui.txt
	@touch $@

# What the bench compares with, each apart: a proxy as anybody writes it first, and LiteLLM (800 MB on the disk; without
# it, it is left out, visibly).
$(VENV)/.bench: requirements-bench.txt $(VENV)/.dev
	@sh scripts/make_venv.sh "$(PYTHON)" "$(VENV)/bench"
	@$(VENV)/bench/bin/python -m pip install --disable-pip-version-check --no-cache-dir --quiet --require-hashes \
		--only-binary :all: -r requirements-bench.txt
	@touch $@

$(VENV)/.litellm: requirements-litellm.txt $(VENV)/.dev
	@echo "Fetching LiteLLM, to compare with (some minutes, once) ..."
	@sh scripts/make_venv.sh "$(PYTHON)" "$(VENV)/litellm"
	@$(VENV)/litellm/bin/python -m pip install --disable-pip-version-check --no-cache-dir --quiet --require-hashes \
		--only-binary :all: -r requirements-litellm.txt
	@touch $@

# What a pool needs besides: on the commons that opens one, and on each machine that is lent.
$(VENV)/.pool: requirements-pool.txt $(VENV)/.runtime
	@echo "Fetching the packages of a pool (some seconds, once) ..."
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-pool.txt
	@touch $@

# What speaks with a PostgreSQL server.
$(VENV)/.postgresql: requirements-postgresql.txt $(VENV)/.runtime
	@echo "Fetching the packages that speak with PostgreSQL (some seconds, once) ..."
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-postgresql.txt
	@touch $@

# What the desk is better with: sheets found by meaning, rare words explained.
$(VENV)/.desk: requirements-desk.txt $(VENV)/.runtime
	@echo "Fetching the packages of a desk (110 MB, once) ..."
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-desk.txt
	@touch $@

# The training device. torch by version, not by hash: which build suits depends on the machine's cards. The registry's
# own is the one for NVIDIA cards on Linux (3 GB); TORCH_INDEX may hold the address of PyTorch's index of builds for
# processors (0.2 GB), which their site gives.
TORCH := torch==2.13.0
$(VENV)/.training: requirements-training.txt $(VENV)/.runtime
	@echo "Fetching the packages of the training device (200 MB and PyTorch, once) ..."
	@$(PIP) install --quiet --no-deps --require-hashes --only-binary :all: -r requirements-training.txt
	@$(if $(TORCH_INDEX),PIP_INDEX_URL='$(TORCH_INDEX)') $(PIP) install --quiet --only-binary :all: $(TORCH)
	@touch $@

pool: $(VENV)/.pool
desk: $(VENV)/.desk
postgresql: $(VENV)/.postgresql
training: $(VENV)/.training
install: $(VENV)/.runtime
install-dev: $(VENV)/.dev

up: install
	@exec $(BIN)/affouage up

check: check-style check-types check-layers
check-style: install-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
check-types: install-dev
	@$(BIN)/mypy
check-layers: install-dev
	@$(BIN)/lint-imports

# Several at a time: each of these waits for a network, a disk or one processor.
test: install-dev
	@$(MAKE) --no-print-directory -j4 $(VENV)/.training $(VENV)/.oracle $(VENV)/.oracle-votes system-packages \
		npm-clients
	@$(MAKE) --no-print-directory -j4 check starter-model $(VENV)/.interop $(VENV)/.audit $(VENV)/.site
	@sh scripts/run_tests.sh $(BIN)/python

# Every test of the books, of votes, of the desk ... with the books on a PostgreSQL server: half an hour.
test-postgresql: install-dev
	@sh scripts/system_packages.sh
	AFFOUAGE_TEST_DATABASE=postgresql $(BIN)/python -m pytest -m "not alone and not long and not rpc and not starter" \
		--numprocesses "$${TEST_WORKERS:-4}" --dist loadgroup --no-loadscope-reorder \
		tests/integration tests/journeys

system-packages:
	@sh scripts/system_packages.sh

# Without npm the tests of its clients skip (on CI, fail).
npm-clients:
	@-sh scripts/npm_clients.sh

# Here rather than in a test: 1.1 GB has no place under a test's deadline. Without it, tests skip (on CI, fail).
starter-model: install-dev
	@-AFFOUAGE_HOME=.cache $(BIN)/affouage models pull qwen2.5-coder-1.5b-instruct

faults: install-dev
	@sh scripts/system_packages.sh
	$(BIN)/python -m pytest -m long tests/faults

# The result in .cache/soak.json, written anew at every sample.
MINUTES ?= 120
soak: install-dev
	@sh scripts/system_packages.sh
	@mkdir -p .cache
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --pool --out .cache/soak.json

interop-open-webui: install-dev $(VENV)/.open-webui
	$(BIN)/python -m pytest -m long tests/interop/test_open_webui.py

# BENCH="--full --write": more rounds, and docs/performance.md written anew. On a machine that does nothing else.
bench: install-dev $(VENV)/.bench
	@sh scripts/system_packages.sh
	@-$(MAKE) --no-print-directory $(VENV)/.litellm
	$(BIN)/python -m tests.bench $(BENCH)

# From the Markdown files, as they stand; a link that leads nowhere is an error.
site: $(VENV)/.site
	@$(VENV)/site/bin/python -m sphinx -W --keep-going --quiet -j auto -b html -d build/site-read -c docs/site . build/site
	@echo "The site is in build/site: open build/site/index.html"

# FUZZ_SECONDS: for each target.
fuzz: install-dev $(VENV)/.fuzz
	@PYTHONPATH="$(CURDIR):$$(echo $(CURDIR)/$(VENV)/lib/python*/site-packages):$(CURDIR)/src" \
		$(VENV)/fuzz/bin/python -m tests.fuzz --seconds $(or $(FUZZ_SECONDS),20)

audit: install-dev $(VENV)/.audit
	@$(BIN)/python -m scripts.audit

# With every extra: what is really installed is in `metadata.component` and the lists of what needs what.
sbom: install-dev
	@$(BIN)/python -m scripts.sbom pool desk postgresql training --output dist/affouage.cdx.json

lock:
	sh scripts/lock.sh

# The wheel and the sources as one file each, in dist/.
dist: install
	@$(BIN)/python -m hatchling build -d dist

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

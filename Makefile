# Everything runs in .venv, made from the locked requirements (what only tests need: requirements-dev.lock); nothing outside
# this folder is touched.
# The first that really runs: a pyenv shim on the PATH may lead nowhere.
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
  $$p -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock clean

help: ## what can be done here
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

.venv/ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Tend needs CPython 3.11 or 3.12 with venv; name one with: make PYTHON=/path/to/python3.12 demo" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/tests: .venv/ready requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: .venv/ready ## two agencies at work on this machine: http://127.0.0.1:8000
	@$(BIN)/tend demo

test: .venv/tests ## every test, against servers of its own (or TEND_DATABASE_URL and TEND_REDIS_URL)
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal -m "not alone"
	@$(BIN)/python -m pytest -m alone

check: .venv/tests ## what CI runs: format, lint, types, contracts, schema, models, then the tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/tend schema --check
	@$(MAKE) --no-print-directory test

bench: .venv/tests ## the numbers, as ratios measured in one run; table here, JSON in .tend/bench.json
	@$(BIN)/python -m infra.bench

PIP_COMPILE := .tend/locking/bin/pip-compile --quiet --generate-hashes --allow-unsafe --no-header \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

lock: ## write both locks anew from pyproject.toml
	@$(PYTHON) -m venv .tend/locking
	@.tend/locking/bin/pip install --quiet pip-tools
	@$(PIP_COMPILE) --extra install --output-file requirements.lock pyproject.toml
	@$(PIP_COMPILE) --extra install,dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean: ## forget the environment and all embedded data
	@rm -rf .venv .tend

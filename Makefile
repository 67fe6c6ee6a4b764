# The two commands of the README, and what they are made of. Everything is installed into .venv.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
SITE_BIN := .venv-site/bin
SITE_STAMP := .venv-site/.installed
COMMAND := .venv/.command
PYTEST_FLAGS ?= -n auto --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help site site-test demo test lint types imports tests long installed bench schemas docs-problems clean

help:  ## Show this list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv .venv

$(STAMP): $(BIN)/python pyproject.toml plugins/records/pyproject.toml plugins/telemetry/pyproject.toml plugins/asgi/pyproject.toml plugins/appi/pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[cli]" --editable "plugins/records[notify,postgresql]" --editable plugins/telemetry --editable plugins/asgi --editable plugins/appi --group dev
	@touch $(STAMP)

$(SITE_STAMP): pyproject.toml
	$(PYTHON) -m venv .venv-site
	$(SITE_BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(SITE_BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group site
	@touch $(SITE_STAMP)

$(COMMAND): $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[cli]"
	@touch $(COMMAND)

demo: $(COMMAND)  ## Evaluate a month of events against the reference policy.
	@bash examples/demo.sh $(BIN)/policyengine

test: lint types imports tests  ## Lint, types, import rules, tests, and the code blocks of the docs.

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports --no-cache

tests: $(STAMP)
	$(BIN)/pytest $(PYTEST_FLAGS) tests rules plugins/records/tests plugins/telemetry/tests plugins/asgi/tests plugins/appi/tests

long: $(STAMP)  ## The tests for as long as one likes: many more examples, new ones every time, and longer races.
	HYPOTHESIS_PROFILE=thorough $(BIN)/pytest $(PYTEST_FLAGS) $(or $(TESTS),tests)

installed:  ## Build, install into empty environments (all Pythons found, lowest versions), and begin a policy there.
	bash .ci/installed $(PYTHONS)

bench: $(STAMP)  ## Measure speed, as ratios in one run.
	$(BIN)/python benchmarks/run.py

schemas: $(STAMP)  ## Write the JSON Schemas under schemas/ anew.
	$(BIN)/policyengine schema policy --built-in > schemas/policy.schema.json
	$(BIN)/policyengine schema suite > schemas/suite.schema.json
	$(BIN)/policyengine schema event > schemas/event.schema.json
	$(BIN)/policyengine schema decision > schemas/decision.schema.json
	$(BIN)/policyengine schema configuration --built-in > schemas/configuration.schema.json

docs-problems: $(STAMP)  ## Write docs/problems.md and docs/problems.ja.md anew.
	$(BIN)/python docs/make_problems.py

site: $(SITE_STAMP)  ## Build the site under build/site: documentation and playground. Needs Node.js 20 or newer, and npm.
	$(SITE_BIN)/python site/build_docs.py build/site
	$(SITE_BIN)/python site/build_play.py build/site/play

site-test: site  ## Build the site, and try it in Chromium.
	node --test --test-concurrency=1 site/play/tests/*.test.mjs

clean:  ## Remove everything that was made.
	rm -rf .venv .venv-site site/play/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

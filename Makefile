# Every target sets itself up from nothing but Python 3.11+, git and make.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Quarterdeck needs Python 3.11 or newer; $$($(PYTHON) --version) was found. Try: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

playground: $(READY) ## A Slack, a GitHub and two clusters on this machine, with the bot in them; Ctrl-C stops
	$(BIN)/quarterdeck playground

# Whatever the caller prefers: without byte code, each process of the tests compiles all of it, and each program they start.
test test-all: export PYTHONDONTWRITEBYTECODE =

test: $(READY) ## The default test suite (under 4 minutes on 2 cores)
	$(BIN)/python -m pytest -q -m "not slow" -n auto --dist loadgroup

test-all: $(READY) ## The slow lanes too, and properties tried more thoroughly
	$(BIN)/python -m pytest -q -n auto --dist loadgroup --hypothesis-profile thorough

lint: $(READY) ## ruff, mypy strict, import-linter, hadolint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

bench: $(READY) ## Speeds, as ratios against the obvious alternative (docs/performance.md)
	$(BIN)/python -m bench

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

.PHONY: playground test test-all lint bench help

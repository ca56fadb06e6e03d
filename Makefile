# The hospital operations centre. `make help` lists what there is.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# SIMULATE=0 starts without the simulator of the demo province.
SIMULATE ?= 1
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# A start is three times as fast where the packages were compiled by whoever installed them: the service's user may not
# write here. These are large and no process loads them, or only while setting up.
NEVER_RUN := '/(plotly|_plotly_utils|pip|setuptools|fontTools|pygments/lexers|tests)/'
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-compile

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## set everything up and start the centre (SIMULATE=0: without the simulator)
	@IOC_SIMULATE=$(SIMULATE) exec $(BIN)/ioc run

.PHONY: test
test: setup-dev ## set everything up and run every test
	@$(BIN)/python -m pytest -n logical --no-loadscope-reorder $(ARGS)

.PHONY: lint
lint: setup-dev ## style, types and import directions
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

.PHONY: format
format: setup-dev ## put the code into its usual form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

.PHONY: docs
docs: setup-dev ## write the generated pages of docs/ again
	@$(BIN)/python -m ioc.config.docs > docs/settings.md
	@$(BIN)/python -m ioc.catalogue.docs > docs/metrics.md
	@$(BIN)/python -m ioc.commands.docs > docs/cli.md

.PHONY: messages
messages: setup-dev ## collect the texts of the pages for translation
	@$(BIN)/pybabel -q extract -F babel.cfg --no-location --sort-output -o dashboards/translations/messages.pot . \
	&& $(BIN)/pybabel -q update -i dashboards/translations/messages.pot -d dashboards/translations --no-fuzzy-matching

.PHONY: bench
bench: setup-dev ## measure what the README quotes (some minutes)
	@for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

.PHONY: lock
lock: setup-dev ## write the lock files again from pyproject.toml
	@$(PIP) uv && $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
		--no-emit-index-url pyproject.toml -o requirements.lock \
	&& $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
		--no-emit-index-url --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

.PHONY: clean
clean: ## remove the environment and what was generated; the data directory stays
	@rm -rf $(VENV) build *.egg-info dashboards/static/fonts .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find dashboards/translations -name '*.mo' -delete

.PHONY: setup setup-dev
setup: $(VENV)/.ready
	@$(BIN)/python -m compileall -q ioc alerts collectors dashboards
	@$(BIN)/python -m dashboards.assets

setup-dev: $(VENV)/.ready-dev setup

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed. On Debian 12, Ubuntu 24.04 or newer: sudo apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing. Mend it with: sudo apt install python3-venv" >&2; exit 1; }
	@test -w . || { echo "This folder cannot be written to. Mend it with: sudo chown -R $$(id -un) $(CURDIR)" >&2; exit 1; }
	@echo "[1/3] making the Python environment in $(VENV)" >&2
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/.ready: $(VENV)/.made requirements.lock pyproject.toml
	@echo "[2/3] installing the locked packages (the first time downloads about 70 MB)" >&2
	@$(PIP) --require-hashes --only-binary :all: -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -j 0 -x $(NEVER_RUN) $(VENV)/lib
	@echo "[3/3] fonts and translations" >&2
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@echo "[+] installing the packages for the tests" >&2
	@$(PIP) --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

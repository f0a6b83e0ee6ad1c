# Two commands: `make run` opens the school, `make test` checks it. `make help` lists the rest.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
WORKERS ?= 1
export PORT WORKERS
ARGS ?=

.PHONY: help run test lint clean
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.runtime ## everything at http://127.0.0.1:$(PORT), until Ctrl-C (PORT=, WORKERS=)
	@$(BIN)/python manage.py serve --prepare --port $(PORT) --workers $(WORKERS)

test: $(VENV)/.dev ## the tests (ARGS= goes to pytest)
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev ## ruff, its formatter, and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .

clean: ## remove the virtual environment (data stays)
	rm -rf $(VENV)

# The stamps are newer than the lists that they were installed from, so a second start installs nothing.
$(VENV)/.runtime: requirements.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=...)"; exit 2; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "Installing what the service needs (once, a few minutes) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing what the tests need (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

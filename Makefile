# `make run` starts the service, `make test` tests it; `make help` lists all targets.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
WORKERS ?= 1
HOST ?= 127.0.0.1
export PORT WORKERS
ARGS ?=

.PHONY: help run test lint clean
help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.runtime ## start everything at http://127.0.0.1:$(PORT), until Ctrl-C (PORT=, WORKERS=, HOST=0.0.0.0 for phones)
	@$(BIN)/python manage.py serve --prepare --host $(HOST) --port $(PORT) --workers $(WORKERS)

test: $(VENV)/.dev ## run the tests, a file a core at a time (ARGS= is passed to pytest)
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.dev ## run ruff, its formatter, and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .

clean: ## remove the virtual environment (data stays)
	rm -rf $(VENV)

# Each stamp is newer than the list of requirements that was installed, so that a second start installs nothing.
$(VENV)/.runtime: requirements.txt requirements-web.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=...)"; exit 2; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "Installing the requirements of the service (once, a few minutes) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing the requirements of the tests (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

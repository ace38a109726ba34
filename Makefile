# The commands of the project. `make` alone lists them.
# Without make (Windows): the three lines in the README do the same as `make app`.

# The first Python in range that really runs (a shim that exists may still fail); make PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	>/dev/null 2>&1 && { command -v "$$p"; break; }; done)
VENV ?= .venv
ADDRESS ?= 127.0.0.1
PORT ?= 8501
# Workers of pytest: one a core, two at most by default (each holds a region in memory).
WORKERS ?= 2
PYTEST_ARGS ?=
PIP_ARGS ?= -q

# What `make` was asked for must never depend on what a user's shell or pip profile adds.
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PYTHONUTF8 = 1

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install $(PIP_ARGS) -c constraints.txt
SOURCES := gunmane $(wildcard app_pages app.py)

.DEFAULT_GOAL := help
.PHONY: database help setup app lint format test test-all bench screenshots bundle lock clean browser

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=… chooses the interpreter (3.11, 3.12 or 3.13); PORT=… and ADDRESS=… where make app serves."

setup: $(VENV)/.runtime ## Create .venv with the gunmane command, nothing else

$(VENV)/.packages: requirements.txt constraints.txt
	@test -n "$(PYTHON)" || { echo "gunmane needs Python 3.11, 3.12 or 3.13, and none was found. Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -c pass 2>/dev/null || { echo "Creating $(VENV) with $(PYTHON)"; "$(PYTHON)" -m venv --clear $(VENV); }
	@echo "Installing the pinned packages into $(VENV) (one to three minutes the first time)"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.runtime: $(VENV)/.packages pyproject.toml
	@$(PIP) --no-deps -e .
	@touch $@

$(VENV)/.tests: $(VENV)/.runtime requirements-test.txt
	@echo "Installing what the checks need"
	@$(PIP) -r requirements-test.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.runtime requirements-bench.txt
	@echo "Installing the libraries to compare with"
	@$(PIP) -r requirements-bench.txt
	@touch $@

app: $(VENV)/.runtime ## Serve the app on http://localhost:8501 (set up first if needed)
	@$(BIN)/python -m streamlit run app.py --server.address $(ADDRESS) --server.port $(PORT)

lint: $(VENV)/.tests ## Check style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports

format: $(VENV)/.tests ## Let ruff put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browser:
	@bash tools/install_chromium.sh

database:
	@bash tools/install_postgis.sh

test: $(VENV)/.tests browser database ## Install what the tests need and run them, without the slow ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow" $(PYTEST_ARGS)

test-all: $(VENV)/.tests browser database ## Run everything, slow tests too, on each Python of 3.11-3.13 that is here
	@PYTHON="$(PYTHON)" WORKERS="$(WORKERS)" bash tools/test_all.sh $(PYTEST_ARGS)

bench: $(VENV)/.bench ## Measure speed and memory beside networkx, osmnx and spopt
	$(BIN)/python -m bench $(BENCH_ARGS)

screenshots: $(VENV)/.tests browser ## Take the pictures of every page, Japanese and English, from a fresh server
	$(BIN)/python tools/screenshots.py

bundle: $(VENV)/.tests ## Pack dist/bundle for a closed network: wheels, checksums, offline install
	$(BIN)/python tools/make_bundle.py

lock: ## Rewrite constraints.txt (needs Python 3.11, the oldest supported)
	@bash tools/lock.sh

clean: ## Remove the environment, built files and caches
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

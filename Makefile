# Two commands matter: `make demo` shows callbridge at work on a real Asterisk, `make test` proves it.
# Everything they need is put into .venv/ and the user's cache; nothing is installed on the machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO_STAMP := $(VENV)/.installed-demo

# Tests mostly wait, for phones and timers; each process has an Asterisk and a browser of its own.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ $$n -gt 4 ] && echo 4 || { [ $$n -lt 2 ] && echo 2 || echo $$n; })

# The agents' page. What it is built from is compared by content, so a touched file costs nothing.
DESKTOP := src/callbridge/desktop
PAGE := $(DESKTOP)/dist/sources.sha256
PAGE_SOURCES := $(shell find $(DESKTOP)/page -name node_modules -prune -o -type f -print)

.PHONY: help demo test check screens page page-check page-types explore diagrams golden mutants chaos clean

help:
	@echo "make demo          two stories on a private real Asterisk, then a playground (ONCE=1: only the stories; PORT=N)"
	@echo "make test          all tests, on a private real Asterisk (ARGS=... goes to pytest; WORKERS=N)"
	@echo "make check         ruff, mypy, import-linter; the page: types, style, unit tests"
	@echo "make screens       pictures of each screen of the page, into build/screens"
	@echo "make page          the agents' page, where its sources have changed; page-types: its types from the API's document"
	@echo "make explore       every order of events around the engine, for nine minutes (ARGS=... ; ARGS=--help)"
	@echo "make diagrams      draws the state diagrams into README.md"
	@echo "make golden        writes the golden records of what each cell of the tables emits anew; review the difference"
	@echo "make mutants       breaks the domain in 400 places, one at a time: do its tests notice? (ARGS=... ; ARGS=--help)"
	@echo "make chaos         each fault at each step of a call, on a private real Asterisk, for an hour (ARGS=... ; ARGS=--help)"
	@echo "make clean         removes .venv and build"

# The demo has a part of it, so that a fresh clone has something to show sooner.
$(DEMO_STAMP): INTO = .[demo]
$(STAMP): INTO = .[demo,postgresql,test,check]
$(DEMO_STAMP) $(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "callbridge needs Python 3.11 or newer, and $(PYTHON) is not; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Installing callbridge and what it needs into $(VENV) (done once) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "$(VENV) cannot be made; remove it, look at the message above and try again" >&2; exit 1; }
	@CALLBRIDGE_PAGE_LATER=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '$(INTO)' || { echo "The packages cannot be installed; check the network and the proxy, then try again" >&2; exit 1; }
	@touch $@ $(DEMO_STAMP)

$(PAGE): $(PAGE_SOURCES) | $(DEMO_STAMP)
	@echo "Building the agents' page (done once) ..."
	@$(BIN)/python -m callbridge.desktop.bundle || { echo "The agents' page cannot be built; look at the message above and try again" >&2; exit 1; }

page: $(PAGE)

page-check: $(DEMO_STAMP)
	@$(BIN)/python -m callbridge.desktop.bundle run --silent check
	@$(BIN)/python -m callbridge.desktop.bundle run --silent test

page-types: $(DEMO_STAMP)
	@PYTHONPATH=src $(BIN)/python tests/desktop/page_types.py

demo: $(DEMO_STAMP) $(PAGE)
	@$(BIN)/python -m callbridge demo $(if $(filter-out 0 no,$(ONCE)),--once) $(if $(PORT),--port $(PORT))

test: $(STAMP) $(PAGE)
	@$(if $(ARGS),,$(BIN)/python tests/provision.py)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

screens: $(STAMP) $(PAGE)
	@CALLBRIDGE_PICTURES=1 $(BIN)/python -m pytest -q tests/browser/test_screens.py

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory page-check

explore: $(STAMP)
	@PYTHONPATH=src:tests $(BIN)/python -m explorer $(ARGS)

diagrams: $(STAMP)
	@PYTHONPATH=src $(BIN)/python tests/domain/diagram.py

golden: $(STAMP)
	@PYTHONPATH=src $(BIN)/python tests/domain/golden_records.py

mutants: $(STAMP)
	@PYTHONPATH=src:tests $(BIN)/python -m mutants $(ARGS)

chaos: $(STAMP)
	@PYTHONPATH=src:tests:tests/live $(BIN)/python -m chaos $(ARGS)

clean:
	rm -rf $(VENV) build $(DESKTOP)/dist $(DESKTOP)/page/node_modules

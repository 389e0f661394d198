# Two commands matter: `make demo` shows callbridge at work on a real Asterisk, `make test` proves it.
# Everything they need is put into .venv/ and the user's cache; nothing is installed on the machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test check clean

help:
	@echo "make demo          a story on a private real Asterisk, then a playground (ONCE=1: only the story)"
	@echo "make test          all tests, on a private real Asterisk (ARGS=... goes to pytest)"
	@echo "make check         ruff, mypy, import-linter"
	@echo "make clean         removes .venv and build"

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "callbridge needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing callbridge and what it needs into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo,postgresql,test,check]'
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/python -m callbridge demo $(if $(ONCE),--once)

test: $(STAMP)
	@$(BIN)/python -m pytest $(ARGS)

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build

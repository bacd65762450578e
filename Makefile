# Two commands matter: `make accept` judges the homework offline, `make test` tests this project.
# Both make the virtual environment they need; PYTHON chooses the interpreter (3.11 to 3.13).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# `make test` runs what was seen green on a quiet machine; the rest takes its minutes and is `make prove`'s.
UNIT := $(wildcard $(addprefix tests/unit/test_,catalogue.py clusters.py grading*.py isolation.py ledger.py steps.py waiting.py workstation.py))
QUICK := $(UNIT) $(addprefix tests/,plugins hosts engine faults)
LONG := $(addprefix tests/,unit offline kmeans material reports student torture weather rehearsal)

.PHONY: accept test unit lint bench prove torture images parity clean

accept: $(STAMP)
	$(BIN)/python -m pytest

test: $(STAMP) lint unit
	$(BIN)/python -m pytest -p no:randomly

unit: $(STAMP)
	$(BIN)/python -m pytest $(QUICK) -p no:randomly

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The tests that take their minutes, every fault of the table and every right homework, and edits of the document.
prove: $(STAMP)
	$(BIN)/python -m pytest $(LONG) -n 2 -p no:randomly
	$(BIN)/python -m tests.faults
	$(BIN)/python -m bench.material

# A run killed at every call that changes something, and at moments that nobody chose, and swept; then AWS's worst days.
torture: $(STAMP)
	$(BIN)/python -m bench.torture
	$(BIN)/python -m bench.stormy

bench: $(STAMP)
	$(BIN)/python -m bench

# What an instance is with --hosts=docker, built once; what is up to date is left alone.
images: $(STAMP)
	$(BIN)/python -m harness images

# Both kinds of hosts side by side: a table of behaviours, and the acceptance run.
parity: $(STAMP)
	$(BIN)/python -m bench.parity

clean:
	rm -rf $(VENV) .runs .pytest_cache .mypy_cache .ruff_cache .coverage

$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11 to 3.13 is needed, this is %s; name another: make PYTHON=python3.12" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $(STAMP)

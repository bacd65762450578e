# Two commands matter: `make accept` judges the homework offline, `make test` tests this project.
# Both make the virtual environment they need; PYTHON chooses the interpreter (3.11 to 3.13).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: accept test own coverage lint bench prove torture images parity clean

accept: $(STAMP)
	$(BIN)/python -m pytest

test: $(STAMP) lint own
	$(BIN)/python -m pytest

# One process, in the order of the files: a room that leaves something behind is seen by the next.
own: $(STAMP)
	$(BIN)/python -m pytest tests --ignore=tests/homework -p no:randomly

# The same with every statement counted, by the acceptance run as well; it takes half as long again.
coverage: $(STAMP)
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest tests --ignore=tests/homework -p no:randomly --cov --cov-report= --cov-fail-under=0
	$(BIN)/python -m pytest --cov --cov-append

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Every fault of the table and every right homework, and edits of the document: what `make test` has a sample of.
prove: $(STAMP)
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

# Two commands matter: `make accept` judges the homework offline, `make test` tests this project.
# Both make the virtual environment they need; PYTHON chooses the interpreter (3.11 to 3.13).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: accept test unit lint bench prove clean

accept: $(STAMP)
	$(BIN)/python -m pytest

test: $(STAMP) lint unit
	$(BIN)/python -m pytest -p no:randomly

unit: $(STAMP)
	$(BIN)/python -m pytest tests --ignore=tests/homework --cov --cov-report=term:skip-covered

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Every fault of the table and every right homework, each in an offline cloud of its own: minutes, not seconds.
prove: $(STAMP)
	$(BIN)/python -m tests.faults

bench: $(STAMP)
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) .runs .pytest_cache .mypy_cache .ruff_cache .coverage

$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11 to 3.13 is needed, this is %s; name another: make PYTHON=python3.12" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $(STAMP)

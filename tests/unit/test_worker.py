"""A program in a process of its own answers each request, and is given up when it does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.worker import Worker

ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
SILENT = "import sys\nfor line in sys.stdin: pass"
SPENT = "import sys\nsys.stdin.readline()"


@pytest.fixture
def program():
    workers = []

    def started(code: str) -> Worker:
        argv = [sys.executable, "-c", code]
        workers.append(Worker(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)))
        return workers[-1]

    yield started
    for worker in workers:
        worker.close()


def test_each_request_gets_its_answer(program):
    echo = program(ECHO)
    assert [echo.ask({"number": number}, 20) for number in range(3)] == [{"number": number} for number in range(3)]


def test_a_program_that_ended_answers_nothing_any_more(program):
    spent = program(SPENT)
    assert spent.ask({}, 20) is None
    assert spent.ask({}, 20) is None


def test_a_program_that_does_not_answer_in_time_is_ended(program):
    silent = program(SILENT)
    with pytest.raises(TimeoutError):
        silent.ask({}, 0.01)
    assert silent.ask({}, 20) is None


def test_closing_ends_the_program(program):
    echo = program(ECHO)
    echo.close()
    assert echo.ask({}, 20) is None

"""The suite's own plugins on small homeworks: a run that several processes share."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from xdist.remote import Producer

import fixtures.distribution
import fixtures.run
from fixtures.options import SETTINGS

pytest_plugins = ["pytester"]

CONFTEST = """
import contextlib, pathlib, sys
sys.path.insert(0, {root!r})
directory = pathlib.Path({directory!r})

import harness.sweep
from harness import catalogue
from harness.cloud import OFFLINE, Cloud
from harness.workstation import Workstation

known = catalogue.load(directory / "homework.toml")
catalogue.load = lambda: known
harness.sweep.sweep_run = lambda _: []

@contextlib.contextmanager
def empty(settings):
    with (directory / "opened").open("a") as mark:
        mark.write(".")
    yield Cloud("moto", "embedded", "123456789012", settings.region or "us-east-1", OFFLINE), Workstation(directory, {{}})

def pytest_plugin_registered(plugin):
    if hasattr(plugin, "HOMEWORK"):
        plugin.HOMEWORK = directory / "tests" / "homework"
    if hasattr(plugin, "open_cloud"):
        plugin.open_cloud = empty

pytest_plugins = ["fixtures." + name for name in "options isolation requirements cloud run verdicts report".split()]
"""
DISTRIBUTED = CONFTEST.replace(" run ", " run distribution ")


def in_two_workers(homework, *run_dir: str, plugins: str = CONFTEST) -> pytest.RunResult:
    """Run the homework by two workers, in a process that loads the plugins itself."""
    root = str(Path(fixtures.run.__file__).parents[1])
    homework.pytester.makeconftest(plugins.format(directory=str(homework.pytester.path), root=root))
    homework.pytester.plugins = []
    where = run_dir or (f"--run-dir={homework.run_dir}",)
    return homework.pytester.runpytest_subprocess(
        "-n2", "-p", "xdist", "-p", "no:pytest11.testinfra", *where, timeout=60
    )


def test_workers_judge_one_run_together(homework) -> None:
    homework.write(ssh="advise('t3 will do.')", turn_in="assert False, 'not handed in — Hand it in today.'")
    assert in_two_workers(homework).ret == 1
    report = homework.report
    assert [item["verdict"] for item in report["requirements"]] == ["met", "met", "not met"]
    assert homework.judged("bastion.ssh")["hint"] == "t3 will do."
    assert homework.judged("final.turn-in")["hint"] == "Hand it in today."
    assert (report["is_grade"], report["score"], report["possible"]) == (True, 5.0, 10.0)
    assert (homework.pytester.path / "opened").read_text() == "."


def test_workers_find_the_run_directory_however_it_is_written(homework) -> None:
    homework.write(ssh="pass", turn_in="pass")
    elsewhere = homework.pytester.path.parent / "elsewhere"  # without settings beside it, and there once they start
    result = in_two_workers(homework, "--run-dir", str(elsewhere), plugins=DISTRIBUTED)
    assert result.ret == 0, result.stdout.str() + result.stderr.str()
    assert (elsewhere / "report.json").exists()


def test_tests_that_are_not_there_are_said_to_be_missing(homework) -> None:
    homework.write(ssh="pass", turn_in="pass")
    result = in_two_workers(homework, f"--run-dir={homework.run_dir}", "test_nowhere.py", plugins=DISTRIBUTED)
    assert result.ret == 4
    assert "ERROR: file or directory not found: test_nowhere.py" in result.stderr.str()
    assert not homework.run_dir.exists()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["tests/homework/test_all.py::test_nope"], "ERROR: not found: "),
        (["-k", "ssh and"], "ERROR: Wrong expression "),
    ],
)
def test_what_workers_cannot_collect_is_said(homework, asked, sentence) -> None:
    homework.write(ssh="pass", turn_in="pass")
    result = in_two_workers(homework, f"--run-dir={homework.run_dir}", *asked, plugins=DISTRIBUTED)
    assert result.ret == 4
    assert sentence in result.stderr.str()
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


def test_worker_that_is_killed_is_replaced_and_the_run_ends(homework) -> None:
    """Also where one test is left: xdist's own replacement waits for a second one for ever."""
    homework.write(ssh="import os; os.kill(os.getpid(), 9)", turn_in="pass")
    assert in_two_workers(homework, plugins=DISTRIBUTED).ret == 1
    assert homework.judged("final.turn-in")["verdict"] == "met"
    assert homework.report["is_grade"] is False


class Worker:
    """What the scheduler sees of a worker: the tests that it was told to run, in order, and whether more may come."""

    def __init__(self, name: str) -> None:
        self.gateway, self.told, self.shutting_down = SimpleNamespace(id=name), [], False

    def send_runtest_some(self, indexes: list[int]) -> None:
        self.told += [NODEIDS[index] for index in indexes]

    def shutdown(self) -> None:
        self.shutting_down = True


STAGES = ("bastion", "bastion", "bastion", "bastion", "kmeans", "account", "account", "final", "final")
NODEIDS = [f"tests/homework/test_{stage}.py::test_{number}" for number, stage in enumerate(STAGES)]


@pytest.fixture
def scheduler(monkeypatch):
    monkeypatch.setattr(fixtures.distribution, "judges_homework", lambda _: True)
    config = SimpleNamespace(
        stash={SETTINGS: SimpleNamespace(subject="reference")},
        option=SimpleNamespace(),
        getvalue=lambda _: ["popen"] * 2,
    )
    return fixtures.distribution.pytest_xdist_make_scheduler(config, Producer("test", enabled=False))


@pytest.mark.parametrize("done", [0, 3], ids=["early", "late"])
def test_dead_workers_tests_are_run_before_what_waits_for_everything(scheduler, done) -> None:
    """Behind it, in the one worker left, they were waited for until the time was up: minutes, and hours on AWS."""
    first, second, third = (Worker(name) for name in ("gw0", "gw1", "gw2"))
    for worker in (first, second):
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, NODEIDS)
    scheduler.schedule()
    for index in (4, 5, 6)[:done]:
        scheduler.mark_test_complete(second, index)
    assert scheduler.remove_node(first) == NODEIDS[0]
    for index in (4, 5, 6)[done:]:
        scheduler.mark_test_complete(second, index)
    scheduler.add_node(third)
    scheduler.add_node_collection(third, NODEIDS)
    scheduler.schedule()
    for worker in (second, third):
        stages = [stage_of(id) for id in worker.told]
        assert "final" not in stages or "bastion" not in stages[stages.index("final") :]
        assert worker.shutting_down
    assert sorted(second.told + third.told) == sorted(NODEIDS[1:])


def stage_of(nodeid: str) -> str:
    return Path(nodeid.partition("::")[0]).stem.removeprefix("test_")

"""The suite's own plugins, run by pytest on small homeworks: collection, verdicts, reports and exit codes."""

from __future__ import annotations

import contextlib
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import fixtures.cloud
import fixtures.isolation
import fixtures.options
import fixtures.report
import fixtures.requirements
import fixtures.run
import fixtures.verdicts
import harness.grading.reportjson
import harness.grading.terminal
import harness.sweep
from harness import catalogue
from harness.cloud import OFFLINE, Cloud
from harness.ledger import Ledger
from harness.workstation import Workstation

pytest_plugins = ["pytester"]

PLUGINS = [
    fixtures.options, fixtures.isolation, fixtures.requirements, fixtures.cloud, fixtures.run, fixtures.verdicts,
    fixtures.report,
]  # fmt: skip
CATALOGUE = """
[[requirement]]
id = "account.cli"
points = 2
phase = "live"
statement = "The command line is set up."
clause = "c"
hint = "Configure it."
[[requirement]]
id = "bastion.ssh"
points = 3
phase = "live"
statement = "One can log in."
clause = "c"
hint = "Check the key."
[[requirement]]
id = "final.turn-in"
points = 5
phase = "final"
statement = "It was handed in."
clause = "c"
hint = "Hand it in."
"""
INI = """
[pytest]
testpaths = tests/homework
markers =
    requirement(id): the one requirement of the catalogue that this test judges
addopts = --import-mode=importlib -p no:cacheprovider
strict = true
"""
TESTS = """
import pytest
from harness.errors import *
from harness.evidence import Evidence

@pytest.fixture
def fact():
    {fixture}

@pytest.mark.requirement("account.cli")
def test_cli():
    pass

@pytest.mark.requirement("bastion.ssh")
def test_ssh(fact, advise):
    {ssh}

@pytest.mark.requirement("final.turn-in")
def test_turn_in():
    {turn_in}
"""
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


class Homework:
    """A small homework in a directory of its own, and how its runs end."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.run_dir = pytester.path / "run"
        self.tests = pytester.path / "tests" / "homework"
        self.tests.mkdir(parents=True)
        self.leftovers: list[str] = []

    def write(self, *, fixture: str = "return 1", ssh: str = "pass", turn_in: str = "pass") -> None:
        (self.tests / "test_all.py").write_text(TESTS.format(fixture=fixture, ssh=ssh, turn_in=turn_in))

    def run(self, *arguments: str, code: int) -> pytest.RunResult:
        result = self.pytester.runpytest_inprocess(
            f"--run-dir={self.run_dir}", *arguments, plugins=PLUGINS, no_reraise_ctrlc=True
        )
        assert result.ret == code, result.stderr.str()[-3000:]
        return result

    @property
    def report(self) -> dict:
        return json.loads((self.run_dir / "report.json").read_text())

    def judged(self, id: str) -> dict:
        return next(item for item in self.report["requirements"] if item["id"] == id)


@pytest.fixture
def homework(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Homework:
    """Put a small catalogue and an empty cloud in the place of the real ones."""
    small = Homework(pytester)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # loading them takes longer than the run
    pytester.makeini(INI)
    path = pytester.path / "homework.toml"
    path.write_text(catalogue.HOMEWORK.read_text().partition("[[requirement]]")[0] + CATALOGUE)
    known = catalogue.load(path)
    monkeypatch.setattr(catalogue, "load", lambda: known)
    monkeypatch.setattr(fixtures.requirements, "HOMEWORK", small.tests)
    monkeypatch.setattr(fixtures.run, "HOMEWORK", small.tests)
    monkeypatch.setattr(
        fixtures.run, "open_cloud", lambda settings: empty_cloud(pytester.path, settings.region or "us-east-1")
    )
    monkeypatch.setattr(harness.sweep, "sweep_run", lambda _: small.leftovers)
    small.write()
    return small


@contextlib.contextmanager
def empty_cloud(directory: Path, region: str) -> Iterator[tuple[Cloud, Workstation]]:
    (directory / "opened").write_text(".")
    yield Cloud("moto", "embedded", "123456789012", region, OFFLINE), Workstation(directory, {})
    (directory / "closed").write_text("")


def test_a_run_with_everything_met(homework: Homework) -> None:
    result = homework.run(code=0)
    report = homework.report
    assert [(item["id"], item["verdict"]) for item in report["requirements"]] == [
        ("account.cli", "met"), ("bastion.ssh", "met"), ("final.turn-in", "met"),
    ]  # fmt: skip
    assert (report["score"], report["possible"], report["is_grade"]) == (10.0, 10.0, True)
    assert (report["aws"], report["subject"], report["phase"], report["leaks"]) == ("moto", "reference", "all", [])
    result.stdout.fnmatch_lines(["homework: cloud moto, hosts embedded, subject reference*"])
    result.stdout.fnmatch_lines(["Grade: 10 of 10 points.", f"report: {homework.run_dir}/report.html"])
    assert (homework.run_dir / "junit.xml").exists()
    assert (homework.pytester.path / "closed").exists()


@pytest.mark.parametrize(
    ("ssh", "verdict", "cause", "message", "hint"),
    [
        ("assert fact == 2, 'is 1, expected 2 — Make it 2.'", "not met", None, "is 1, expected 2", "Make it 2."),
        ("assert fact == 2, 'is 1, expected 2'", "not met", None, "is 1, expected 2", "Check the key."),
        ("raise Unmet('bastion.ssh', 'no login', 'Use the key.')", "not met", None, "no login", "Use the key."),
        ("raise Unmet('bastion.ssh', 'no login')", "not met", None, "no login", "Check the key."),
        ("raise Unmet('account.cli', 'no region')", "not judged", "missing", "account.cli", ""),
        ("raise CloudTrouble('no capacity')", "not judged", "cloud", "no capacity", ""),
        ("raise TimedOut('it runs', 3, 'pending')", "not judged", "cloud", "waited 3 s until it runs", ""),
        ("raise KeyError('x')", "not judged", "suite", "KeyError: 'x'", ""),
        ("pytest.skip('not today')", "not judged", "suite", "not today", ""),
        ("pytest.fail('by hand')", "not judged", "suite", "by hand", ""),
        ("raise ConnectionError('later') from CloudTrouble('throttled')", "not judged", "cloud", "throttled", ""),
    ],
)
@pytest.mark.parametrize("where", ["ssh", "fixture"])
def test_what_ends_a_test_decides_the_verdict(homework, ssh, verdict, cause, message, hint, where) -> None:
    homework.write(**{where: f"fact = 1; {ssh}"})
    homework.run(code=1)
    judged = homework.judged("bastion.ssh")
    assert (judged["verdict"], judged["cause"]) == (verdict, cause)
    assert message in judged["message"]
    assert judged["hint"] == hint
    assert homework.report["score"] == 7.0
    assert homework.report["is_grade"] == (verdict == "not met")


def test_an_assertion_without_a_sentence_is_not_met_with_the_catalogues_hint(homework) -> None:
    homework.write(ssh="assert fact == 2")
    homework.run(code=1)
    judged = homework.judged("bastion.ssh")
    assert judged["verdict"] == "not met"
    assert "\n" not in judged["message"]
    assert judged["hint"] == "Check the key."


def test_advice_and_evidence_reach_the_report(homework) -> None:
    facts = "return type('Facts', (), {'evidence': (Evidence('ssh', 'uname', 'token=abcdef123'),)})()"
    homework.write(fixture=facts, ssh="advise('t3 will do.')")
    result = homework.run(code=0)
    judged = homework.judged("bastion.ssh")
    assert judged["hint"] == "t3 will do."
    assert judged["evidence"] == [{"kind": "ssh", "what": "uname", "saw": "token=[masked: secret]"}]
    result.stdout.fnmatch_lines(["*Advice: t3 will do."])


def test_every_offender_against_the_catalogue_is_named_in_one_message(homework) -> None:
    (homework.tests / "test_all.py").write_text(
        textwrap.dedent("""
        import pytest

        @pytest.mark.requirement("account.cli")
        def test_one(): pass

        @pytest.mark.requirement("account.cli")
        def test_two(): pass

        def test_none(): pass

        @pytest.mark.requirement("account.cli")
        @pytest.mark.requirement("bastion.ssh")
        def test_both(): pass

        @pytest.mark.requirement("bastion.telnet")
        def test_unknown(): pass
        """)
    )
    result = homework.run(code=4)
    message = next(line for line in result.stderr.lines + result.stdout.lines if line.startswith("ERROR: "))
    for offender in (
        "test_none has no requirements",
        "test_both has 2 requirements",
        "test_unknown names bastion.telnet",
        "account.cli is judged by 2 tests: tests/homework/test_all.py::test_one, tests/homework/test_all.py::test_two",
        "bastion.ssh has no test",
        "final.turn-in has no test",
    ):
        assert offender in message
    assert not (homework.run_dir / "report.json").exists()


def test_no_secret_and_no_control_character_of_a_host_is_printed(homework) -> None:
    token = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"
    homework.write(ssh=f"print('{token}'); assert fact == 2, 'the log said \\x1b[2J{token}'")
    result = homework.run("-vv", "--show-capture=all", code=1)
    printed = result.stdout.str() + (homework.run_dir / "junit.xml").read_text() + json.dumps(homework.report)
    assert "the log said" in printed
    assert "x1b[2J[masked: token]" in printed
    assert "\x1b" not in printed
    assert token not in printed


def test_a_parametrized_test_is_two_tests_of_one_requirement(homework) -> None:
    path = homework.tests / "test_all.py"
    path.write_text(
        path.read_text().replace("def test_cli():", "@pytest.mark.parametrize('x', [1, 2])\ndef test_cli(x):")
    )
    result = homework.run(code=4)
    assert "account.cli is judged by 2 tests" in result.stderr.str() + result.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--aws=reel"], "invalid choice: 'reel'"),
        (["--hosts=cloud"], "invalid choice: 'cloud'"),
        (["--phase=dead"], "invalid choice: 'dead'"),
        (["--max-cost=much"], "invalid float value: 'much'"),
        (["--submission=nowhere"], "there is no such directory"),
        (["--hosts=docker", "--aws=real"], "on AWS an instance is what EC2 makes it"),
        (["--subject=student"], "the offline cloud has no account of a student's; add --aws=real"),
        (["--subject=student", "--aws=real"], "with --submission DIR"),
        (["--aws=real", "--ssh-key=nowhere.pem"], "there is no such file"),
    ],
)
def test_bad_options_are_a_usage_error_in_a_sentence(homework, arguments, sentence) -> None:
    result = homework.run(*arguments, code=4)
    printed = result.stderr.str() + result.stdout.str()
    assert sentence in printed
    assert "Traceback" not in printed


def test_help_shows_the_options(homework) -> None:
    homework.run("--help", code=0).stdout.fnmatch_lines(["cloud homework:", "*--aws=*", "*--phase=*", "*--keep*"])


@pytest.mark.parametrize(("phase", "ids"), [("live", ["account.cli", "bastion.ssh"]), ("final", ["final.turn-in"])])
def test_a_phase_is_a_grade_of_that_phase(homework, phase, ids) -> None:
    homework.run(f"--phase={phase}", code=0)
    report = homework.report
    assert [item["id"] for item in report["requirements"]] == ids
    assert (report["phase"], report["is_grade"]) == (phase, True)
    assert report["possible"] == report["score"] < 10


def test_a_selection_is_no_grade(homework) -> None:
    result = homework.run("-k", "ssh", code=0)
    assert not homework.report["is_grade"]
    assert [item["id"] for item in homework.report["requirements"]] == ["bastion.ssh"]
    result.stdout.fnmatch_lines(["Not a grade: 3 of 3 points; 2 not selected."])


def test_what_must_be_last_is_last_whatever_the_order_of_the_files(homework) -> None:
    path = homework.tests / "test_all.py"
    head, cli, rest = path.read_text().partition('@pytest.mark.requirement("account.cli")')
    ssh, turn_in = rest.partition('@pytest.mark.requirement("bastion.ssh")')[::2]
    login, _, last = turn_in.partition('@pytest.mark.requirement("final.turn-in")')
    late = '@pytest.mark.requirement("final.turn-in")' + last
    early = cli + ssh + '@pytest.mark.requirement("bastion.ssh")' + login
    path.write_text(f"{head}\n{late}\n{early}")
    result = homework.run("-v", code=0)
    result.stdout.fnmatch_lines(["*test_cli PASSED*", "*test_ssh PASSED*", "*test_turn_in PASSED*"])


@pytest.mark.parametrize("where", ["ssh", "fixture"])
def test_an_interrupted_run_still_reports(homework, where) -> None:
    homework.write(**{where: "raise KeyboardInterrupt"})
    homework.run(code=2)
    assert homework.judged("account.cli")["verdict"] == "met"
    for id in ("bastion.ssh", "final.turn-in"):
        assert (homework.judged(id)["verdict"], homework.judged(id)["cause"]) == ("not judged", "suite")
    assert not homework.report["is_grade"]
    assert (homework.pytester.path / "closed").exists()


def test_a_run_that_stops_at_the_first_failure_says_what_it_did_not_reach(homework) -> None:
    homework.write(ssh="assert False, 'no'")
    homework.run("-x", code=1)
    assert homework.judged("final.turn-in")["message"] == "the run ended before this was judged"


def test_a_leak_is_a_red_run(homework) -> None:
    homework.leftovers = ["volume vol-1 in us-east-1: it is stuck"]
    result = homework.run(code=1)
    assert homework.report["leaks"] == homework.leftovers
    assert not homework.report["is_grade"]
    result.stdout.fnmatch_lines(
        ["Left behind", "  volume vol-1 in us-east-1: it is stuck", "Not a grade: *1 left behind."]
    )


def test_an_impossible_request_found_late_is_a_usage_error(homework) -> None:
    homework.write(fixture="raise UsageError('there is no answers file; write one.')")
    result = homework.run(code=4)
    assert "there is no answers file; write one." in result.stdout.str() + result.stderr.str()


def test_a_kept_run_says_what_it_kept_and_how_to_sweep_it(homework) -> None:
    homework.write(
        ssh=f"from harness.ledger import Ledger\n"
        f"    with Ledger(__import__('pathlib').Path({str(homework.run_dir)!r}) / 'ledger.jsonl')"
        f".creating('volume', 'us-east-1') as made: made.id = 'vol-1'"
    )
    result = homework.run("--keep", code=0)
    result.stdout.fnmatch_lines(["kept: volume vol-1", f"*python -m harness sweep --run-dir {homework.run_dir}"])
    assert [entry.state for entry in Ledger(homework.run_dir / "ledger.jsonl").entries()] == ["kept"]


def test_collecting_opens_nothing(homework) -> None:
    homework.run("--collect-only", code=0)
    assert not homework.run_dir.exists()
    assert not (homework.pytester.path / "opened").exists()


def test_a_run_directory_is_used_once(homework) -> None:
    homework.run_dir.mkdir()
    (homework.run_dir / "ledger.jsonl").write_text("")
    result = homework.run(code=4)
    assert "another run is recorded there" in result.stderr.str() + result.stdout.str()


def test_a_run_records_where_it_takes_place(homework) -> None:
    homework.run("--region=eu-west-1", code=0)
    record = json.loads((homework.run_dir / "run.json").read_text())
    assert (record["aws"], record["account"], record["region"]) == ("moto", "123456789012", "eu-west-1")
    assert record["run_id"] == homework.report["run_id"]


def test_the_projects_own_tests_are_no_homework(homework) -> None:
    own = homework.pytester.path / "tests" / "test_own.py"
    own.write_text("def test_own():\n    pass\n")
    result = homework.run(str(own), code=0)
    assert not homework.run_dir.exists()
    assert "Grade" not in result.stdout.str()


def test_workers_judge_one_run_together(homework) -> None:
    homework.write(ssh="advise('t3 will do.')", turn_in="assert False, 'not handed in — Hand it in today.'")
    directory, root = str(homework.pytester.path), str(Path(fixtures.run.__file__).parents[1])
    homework.pytester.makeconftest(CONFTEST.format(directory=directory, root=root))
    homework.pytester.plugins = []
    result = homework.pytester.runpytest_subprocess(
        "-n2", "-p", "xdist", "-p", "no:pytest11.testinfra", f"--run-dir={homework.run_dir}", timeout=60
    )
    assert result.ret == 1
    report = homework.report
    assert [item["verdict"] for item in report["requirements"]] == ["met", "met", "not met"]
    assert homework.judged("bastion.ssh")["hint"] == "t3 will do."
    assert homework.judged("final.turn-in")["hint"] == "Hand it in today."
    assert (report["is_grade"], report["score"], report["possible"]) == (True, 5.0, 10.0)
    assert (homework.pytester.path / "opened").read_text() == "."


def test_workers_find_the_run_directory_however_it_is_written(homework) -> None:
    directory, root = str(homework.pytester.path), str(Path(fixtures.run.__file__).parents[1])
    plugins = CONFTEST.replace(" run ", " run distribution ")
    homework.pytester.makeconftest(plugins.format(directory=directory, root=root))
    homework.write(ssh="pass", turn_in="pass")
    homework.pytester.plugins = []
    elsewhere = homework.pytester.path.parent / "elsewhere"  # without settings beside it, and there once they start
    result = homework.pytester.runpytest_subprocess(
        "-n2", "-p", "xdist", "-p", "no:pytest11.testinfra", "--run-dir", str(elsewhere), timeout=60
    )
    assert result.ret == 0, result.stdout.str() + result.stderr.str()
    assert (elsewhere / "report.json").exists()


def test_worker_that_is_killed_is_replaced_and_the_run_ends(homework) -> None:
    """Also where one test is left: xdist's own replacement waits for a second one for ever."""
    directory, root = str(homework.pytester.path), str(Path(fixtures.run.__file__).parents[1])
    homework.pytester.makeconftest(
        CONFTEST.replace(" run ", " run distribution ").format(directory=directory, root=root)
    )
    homework.write(ssh="import os; os.kill(os.getpid(), 9)", turn_in="pass")
    homework.pytester.plugins = []
    result = homework.pytester.runpytest_subprocess(
        "-n2", "-p", "xdist", "-p", "no:pytest11.testinfra", f"--run-dir={homework.run_dir}", timeout=60
    )
    assert result.ret == 1
    assert homework.judged("final.turn-in")["verdict"] == "met"
    assert homework.report["is_grade"] is False

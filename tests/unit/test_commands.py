"""The commands say what they did by their exit code, and what is wrong in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.__main__ import main
from harness.catalogue import load
from harness.grading.grade import grade
from harness.grading.reportjson import Report, Run, write
from harness.verdict import Judgement

ROOT = Path(__file__).parents[2]
HOMEWORK = load()
COMMANDS = ("cloud", "sweep", "report", "requirements")


def recorded(directory: Path, run_id: str, phase: str, *different: Judgement, account: str = "123456789012") -> Path:
    """Write a run's report, everything met but what is given."""
    judgements = {r.id: Judgement(r.id, "met") for r in HOMEWORK.requirement if phase in ("all", r.phase)}
    judgements |= {judgement.requirement: judgement for judgement in different}
    times = ("2026-11-20T10:00:00+00:00", "2026-11-20T10:30:00+00:00")
    run = Run(run_id, "moto", "embedded", "reference", phase, account, "us-east-1", *times)
    write(directory / run_id, Report(run, grade(judgements.values(), HOMEWORK, phase=phase)))
    return directory / run_id


def failure(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Return what a command that is to exit with 2 says on stderr."""
    assert main([str(argument) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def test_a_path_that_is_of_no_use_is_named(tmp_path, capsys) -> None:
    (tmp_path / "taken").write_text("a file")
    said = failure(capsys, "cloud", "--state", tmp_path / "taken")
    assert said == f"harness cloud: {tmp_path / 'taken'}: File exists; name another path, or mend this one.\n"


@pytest.mark.parametrize("limit", ["0", "nan", "inf"])
def test_a_time_limit_that_is_none_is_a_sentence(tmp_path, capsys, limit) -> None:
    roster = tmp_path / "class.csv"
    roster.write_text(f"student,submission,profile\nann,{tmp_path},ann\n")
    said = failure(capsys, "cohort", roster, "--output", tmp_path / "cohort", f"--time-limit={limit}")
    assert said.startswith(f"harness cohort: --time-limit {limit}: name the minutes")


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_every_command_helps(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert "usage: python -m harness" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["grade"],
        ["requirements", "--format", "yaml"],
        ["requirements", "extra"],
        ["report"],
        ["sweep"],
        ["cloud", "--port", "70000"],
        ["cloud", "--port", "http"],
        ["cloud", "--hosts", "none"],
    ],
)
def test_bad_usage_exits_with_2(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_requirements_as_text_hold_every_id_once(capsys) -> None:
    assert main(["requirements"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(": 64 requirements, 100 points and 1 bonus")
    assert sorted(line.split()[0] for line in lines if line.startswith("  ")) == sorted(HOMEWORK.requirements)


def test_requirements_as_json_are_the_catalogue(capsys) -> None:
    assert main(["requirements", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["possible"] == 100
    assert [item["id"] for item in data["requirements"]] == list(HOMEWORK.requirements)
    assert data["requirements"][0]["stage"] == "account"


def test_requirements_as_markdown_are_tables(capsys) -> None:
    assert main(["requirements", "--format", "markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) == 64
    assert {line.count(" | ") for line in rows} == {4}
    assert len([line for line in lines if line.startswith("## ")]) == len(HOMEWORK.stage)


def test_a_pipe_that_closes_early_is_no_error() -> None:
    command = [sys.executable, "-m", "harness", "requirements", "--format", "json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_report_writes_a_recorded_report_again(tmp_path, capsys) -> None:
    run = recorded(tmp_path, "k3f9qz", "all")
    before = (run / "report.json").read_bytes()
    assert main(["report", str(run)]) == 0
    assert (run / "report.json").read_bytes() == before
    printed = capsys.readouterr().out
    assert "Grade: 100 of 100 points and 1 bonus." in printed
    assert printed.endswith(f"report: {run / 'report.html'}\n")


@pytest.mark.parametrize(
    "judgement", [Judgement("bastion.ssh", "not met"), Judgement("bastion.ssh", "not judged", "cloud", "throttled")]
)
def test_report_exits_with_1_when_something_is_not_met(tmp_path, judgement) -> None:
    assert main(["report", str(recorded(tmp_path, "k3f9qz", "all", judgement))]) == 1


def test_report_merges_live_and_final_into_a_directory_of_its_own(tmp_path, capsys) -> None:
    live, final = recorded(tmp_path, "live01", "live"), recorded(tmp_path, "final1", "final")
    before = [(run / "report.json").read_bytes() for run in (live, final)]
    assert main(["report", str(live), str(final)]) == 0
    merged = json.loads((tmp_path / "live01+final1" / "report.json").read_text())
    assert (merged["phase"], merged["score"], merged["is_grade"]) == ("all", 100.0, True)
    assert [(run / "report.json").read_bytes() for run in (live, final)] == before
    assert "Grade: 100 of 100" in capsys.readouterr().out


def test_report_goes_where_it_is_told(tmp_path) -> None:
    runs = recorded(tmp_path, "live01", "live"), recorded(tmp_path, "final1", "final")
    assert main(["report", *map(str, runs), "--output", str(tmp_path / "grade")]) == 0
    assert (tmp_path / "grade" / "report.json").exists()


def test_report_of_nothing_is_a_sentence(tmp_path, capsys) -> None:
    assert "no report can be read there" in failure(capsys, "report", tmp_path)


def test_report_of_a_broken_file_is_a_sentence(tmp_path, capsys) -> None:
    (tmp_path / "report.json").write_text("{")
    assert "this is not JSON" in failure(capsys, "report", tmp_path)


def test_report_of_two_students_is_a_sentence(tmp_path, capsys) -> None:
    runs = recorded(tmp_path, "live01", "live"), recorded(tmp_path, "final1", "final", account="210987654321")
    assert "their account is 123456789012 and 210987654321" in failure(capsys, "report", *runs)


def test_report_that_cannot_be_written_is_a_sentence(tmp_path, capsys) -> None:
    run = recorded(tmp_path, "k3f9qz", "all")
    (tmp_path / "file").write_text("")
    assert "file" in failure(capsys, "report", run, "--output", tmp_path / "file" / "below")


def test_a_broken_catalogue_is_a_sentence(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setattr("harness.commands.requirements.load", lambda: load(tmp_path / "homework.toml"))
    assert "the catalogue cannot be read" in failure(capsys, "requirements")


def test_ctrl_c_is_no_traceback(monkeypatch, capsys) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.commands.requirements.load", interrupted)
    assert "interrupted" in failure(capsys, "requirements")


def test_an_interruption_before_a_command_is_known_is_said_too(monkeypatch, capsys) -> None:
    """Importing them takes most of a second."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.__main__.parser", interrupted)
    assert main(["requirements"]) == 2
    assert capsys.readouterr().err == "harness: interrupted\n"


@pytest.mark.parametrize("arguments", [("cloud", "--hosts", "docker"), ("images",)])
def test_an_absent_engine_is_a_sentence(capsys, monkeypatch, tmp_path, arguments) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    assert "no Docker engine answers at" in failure(capsys, *arguments)

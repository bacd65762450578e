"""The suite's own plugins on small homeworks: collection, options, ends, and exit codes."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from fixtures import options
from harness.ledger import Ledger

pytest_plugins = ["pytester"]


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


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--aws=reel"], "invalid choice: 'reel'"),
        (["--hosts=cloud"], "invalid choice: 'cloud'"),
        (["--phase=dead"], "invalid choice: 'dead'"),
        (["--max-cost=much"], "'much' is no amount of US dollars"),
        (["--max-cost=nan"], "'nan' is no amount of US dollars"),
        (["--max-cost=-1"], "'-1' is no amount of US dollars"),
        (["--run-dir="], "argument --run-dir: it has no value"),
        (["--region="], "argument --region: it has no value"),
        (["--submission=nowhere"], "there is no such directory"),
        (["--hosts=docker", "--aws=real"], "on AWS an instance is what EC2 makes it"),
        (["--subject=student"], "the offline cloud has no account of a student's; add --aws=real"),
        (["--subject=student", "--aws=real"], "with --submission DIR"),
        (["--aws=real", "--ssh-key=nowhere.pem"], "there is no such file"),
        (["--account=123456789012"], "--account: it is for real runs, and this one would be offline; add --aws=real"),
        (["--max-cost=0"], "--max-cost: it is for real runs"),
        (["--ssh-key=nowhere.pem"], "--ssh-key: it is for real runs"),
        (["--ssh-config=nowhere"], "--ssh-config: it is for real runs"),
        (["--junitxml=/proc/no/junit.xml"], "--junitxml /proc/no/junit.xml: nothing can be written there ("),
    ],
)
def test_bad_options_are_a_usage_error_in_a_sentence(homework, arguments, sentence) -> None:
    result = homework.run(*arguments, code=4)
    printed = result.stderr.str() + result.stdout.str()
    assert sentence in printed
    assert "Traceback" not in printed


def test_a_run_that_never_began_leaves_no_directory(homework) -> None:
    result = homework.run("-k", "nothing_of_the_kind", code=5)
    assert str(homework.run_dir / "junit.xml") not in result.stdout.str()
    assert not homework.run_dir.exists()
    homework.run_dir.mkdir()
    homework.run("-k", "nothing_of_the_kind", code=5)
    assert homework.run_dir.exists(), "it was there before"


def test_an_ssh_configuration_of_a_cloud_that_ended_is_a_sentence(homework, monkeypatch) -> None:
    monkeypatch.setenv("ACCEPTANCE_SSH_CONFIG", "/nonexistent/ssh_config")
    result = homework.run("--aws=real", code=4)
    assert "ACCEPTANCE_SSH_CONFIG is /nonexistent/ssh_config" in result.stderr.str() + result.stdout.str()
    homework.run(code=0)


def test_help_shows_the_options(homework) -> None:
    homework.run("--help", code=0).stdout.fnmatch_lines(["cloud homework:", "*--aws=*", "*--phase=*", "*--keep*"])


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


def test_a_path_that_the_user_may_not_look_at_is_a_sentence(tmp_path) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(pytest.UsageError, match=f"^--submission {tmp_path}: Permission denied; name one that you may"):
        options._check_path("--submission", tmp_path, refuse, "there is none")


def test_a_key_that_the_user_may_not_read_is_a_sentence(homework, monkeypatch) -> None:
    """Before anything is begun: it would be missed in the middle of a graded run."""
    key = homework.pytester.path / "key.pem"
    key.write_text("")
    opened = Path.open

    def refuse(path: Path, *arguments: object, **others: object) -> object:
        if path == key:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **others)

    monkeypatch.setattr(Path, "open", refuse)
    result = homework.run("--aws=real", f"--ssh-key={key}", code=4)
    assert f"--ssh-key {key}: Permission denied; name one that you may read." in result.stderr.str()


@pytest.mark.parametrize("where", ["taken", "taken/below", "x" * 300, "link"])
@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n2")], ids=["alone", "shared"])
def test_a_run_directory_that_cannot_be_written_to_is_a_sentence(homework, where, arguments) -> None:
    (homework.pytester.path / "taken").write_text("a file")
    (homework.pytester.path / "link").symlink_to("taken/below")
    homework.run_dir = homework.pytester.path / where
    result = homework.run(*arguments, code=4)
    printed = result.stderr.str() + result.stdout.str()
    assert f"ERROR: --run-dir {homework.run_dir}: nothing can be written there (" in printed
    assert "Traceback" not in printed
    assert not (homework.pytester.path / "opened").exists()


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

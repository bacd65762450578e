"""The suite's own plugins on small homeworks: what becomes of each requirement, and of the grade."""

from __future__ import annotations

import json

import pytest

pytest_plugins = ["pytester"]


def test_a_run_with_everything_met(homework) -> None:
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
    assert not homework.run_dir.exists()


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

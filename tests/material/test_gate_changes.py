"""What was known before: a baseline, waivers with their dates, and clauses that somebody accepted."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from harness import catalogue
from harness.__main__ import main
from harness.errors import UsageError
from harness.material import gate, records, waivers
from harness.material.finding import Finding
from tests.material.gating import TODAY, edited, text

WRONG = ("-p 8003:80", "-p 80:8003")
WAIVER = '[[waiver]]\nrule = "PT002"\nreason = "the image is ours"\nexpires = {date}\n'


def written(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def gated(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = main(["gate", *map(str, arguments)])
    return code, capsys.readouterr().out


def finding(rule: str = "PT002", context: str = "docker run") -> Finding:
    return Finding("homework.md", 3, 1, "error", rule, "m", "r", context=context)


def test_only_what_is_new_since_an_older_edition_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = written(tmp_path / "before.md", edited(*WRONG))
    now = written(tmp_path / "homework.md", "\n\n" + before.read_text().replace("chmod 400", "chmod 644"))
    code, out = gated(capsys, now, "--baseline", before)
    assert code == 1
    assert "LG005" in out
    assert "PT002" not in out
    assert gated(capsys, before, "--baseline", before) == (0, "")


def test_a_report_serves_as_the_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = written(tmp_path / "homework.md", edited(*WRONG))
    _, report = gated(capsys, document, "--format", "json")
    known = written(tmp_path / "known.json", report)
    assert gated(capsys, document, "--baseline", known) == (0, "")


def test_the_same_finding_once_more_is_new() -> None:
    again = [finding(), finding()]
    assert gate.without(again, [finding().known]) == [finding()]


@pytest.mark.parametrize(
    ("before", "now", "stays"),
    [
        (
            "aws ec2 describe-vpcs --filters Name=tag,Values=x",
            "aws ec2 describe-vpcs --filters=Name=tag,Values=x",
            True,
        ),
        ("aws ec2 run-instances --image-id ami-1 --key-name K", "    --image-id ami-1 \\", True),
        ("docker run httpd", "aws ec2 terminate-instances --instance-ids X", False),
    ],
)
def test_a_finding_in_a_line_that_was_edited_is_known_and_in_another_line_new(before, now, stays) -> None:
    known = [finding(context=before).known]
    assert gate.without([finding(context=now)], known) == ([] if stays else [finding(context=now)])
    other = finding(rule="PT003", context=now)
    assert gate.without([other], known) == [other]
    assert gate.without([finding(context=now)] * 2, known) == [finding(context=now)] * (1 if stays else 2)


def test_a_finding_that_names_another_line_stays_known_when_both_move(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = written(
        tmp_path / "before.md",
        text()
        .replace("exit\n```\n\n### Delete", "```\n\n### Delete")
        .replace("On your workstation:", "Then:")
        .replace("```sh workstation\naws ec2 term", "```sh\naws ec2 term"),
    )
    now = written(tmp_path / "homework.md", "\n" + before.read_text())
    assert " by line " in gated(capsys, before)[1]
    assert " by line " not in gated(capsys, now, "--baseline", before)[1]


@pytest.mark.parametrize("content", ["{", "[]", '{"findings": [1]}', "[" * 5_000])
def test_a_baseline_that_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    known = written(tmp_path / "known.json", content)
    assert main(["gate", str(written(tmp_path / "homework.md", "# T\n")), "--baseline", str(known)]) == 2


def test_what_is_missing_stays_known_when_the_line_is_reworded_that_it_was_missed_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without = text().replace("Run a cell in it", "Look at it").replace("run a cell in it, such as\n`6*7`", "look at it")
    before = written(tmp_path / "before.md", without)
    (found,) = [one for one in gate.check(gate.load(before, catalogue.load(), TODAY)) if one.rule == "RQ012"]
    lines = without.split("\n")
    lines[found.line - 1] += " Mind the gap."
    now = written(tmp_path / "homework.md", "\n".join(lines))
    assert "RQ012" not in gated(capsys, now, "--baseline", before)[1]


def test_a_waiver_holds_until_its_date_and_is_an_error_after_it(tmp_path: Path) -> None:
    path = written(tmp_path / "homework.waivers.toml", WAIVER.format(date="2026-11-23"))
    found = waivers.read(path)
    assert found.apply([finding()], TODAY) == []
    late = found.apply([finding()], TODAY + datetime.timedelta(days=1))
    assert [(one.rule, one.severity, one.line) for one in late] == [("PT002", "error", 3), ("WV001", "error", 1)]


def test_a_waiver_is_about_its_line_only_and_says_when_it_is_idle(tmp_path: Path) -> None:
    content = WAIVER.format(date="2027-01-01") + 'text = "httpd"\n'
    found = waivers.read(written(tmp_path / "homework.waivers.toml", content))
    assert found.apply([finding(context="docker run httpd")], TODAY) == []
    assert [one.rule for one in found.apply([finding()], TODAY)] == ["PT002", "WV002"]


@pytest.mark.parametrize(
    "content",
    ["[[waiver]]\nrule = 'PT002'\n", WAIVER.format(date='"soon"'), "x = 1\n", "[", WAIVER.replace("PT002", "ZZ9").format(date="2027-01-01"),
     WAIVER.format(date="2027-01-01T00:00:00"), WAIVER.replace("the image is ours", " ").format(date="2027-01-01")],
)  # fmt: skip
def test_a_broken_waiver_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UsageError):
        waivers.read(written(tmp_path / "homework.waivers.toml", content))


def test_a_named_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    document = written(tmp_path / "homework.md", text())
    assert main(["gate", str(document), "--waivers", str(tmp_path / "none.toml")]) == 2
    assert main(["gate", str(document), "--accept", "--clauses", str(tmp_path / "no" / "where.toml")]) == 2


def test_the_command_takes_the_waivers_beside_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = written(tmp_path / "homework.md", edited(*WRONG))
    assert "PT002" in gated(capsys, document)[1]
    written(tmp_path / "homework.waivers.toml", WAIVER.format(date="2999-01-01"))
    assert "PT002" not in gated(capsys, document)[1]


def test_a_change_is_shown_until_it_is_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = written(tmp_path / "homework.md", edited("needs little memory.", "needs little memory. Use 12 of them."))
    code, out = gated(capsys, document)
    assert code == 1
    assert "CL00" in out
    assert main(["gate", str(document), "--accept"]) == 0
    assert (tmp_path / "homework.clauses.toml").is_file()
    capsys.readouterr()
    assert gated(capsys, document) == (0, "")
    written(document, text())
    assert "CL00" in gated(capsys, document)[1]


def test_a_clause_that_vanished_and_a_step_that_is_new_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = edited("### Raise the quota\n", "### Ask for more\n")
    added = moved.replace(
        "### Turn in\n", "### Rest\n\nRun `docker info` and write down what it says.\n\n### Turn in\n"
    )
    _, out = gated(capsys, written(tmp_path / "homework.md", added))
    assert "CL003" in out
    assert "CL004" in out


def test_what_was_accepted_is_read_as_it_was_written(tmp_path: Path) -> None:
    document = written(tmp_path / "homework.md", text())
    material = gate.load(document, catalogue.load(), TODAY)
    path = gate.accept(material)
    read = records.read(path)
    assert read is not None
    assert read.accepted == TODAY
    assert any(clause.requirements for clause in read.section)
    written(path, "accepted = 1\n")
    with pytest.raises(UsageError):
        records.read(path)

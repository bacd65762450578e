"""The forms in which findings are printed, and the commands that CI runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from harness.__main__ import main
from harness.material.finding import Finding
from harness.material.formats import FORMATS
from tests.material.gating import edited, text

FINDING = Finding("a b/homework.md", 3, 7, "warning", "PT002", "100 % wrong: a, b\nand c", "write\x1b c", context="x")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "homework.md"
    path.write_text(edited("-p 8003:80", "-p 80:8003"), encoding="utf-8")
    return path


def gate(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = main(["gate", *map(str, arguments)])
    return code, capsys.readouterr().out


def test_a_line_begins_with_its_place(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = gate(capsys, document)
    assert code == 1
    lines = [line for line in out.splitlines() if not line.startswith("    ")]
    assert all(
        re.match(rf"{re.escape(str(document))}:\d+:\d+: (?:error|warning|note) [A-Z]{{2}}\d{{3}} ", line)
        for line in lines
    )
    assert any(":314:" in line and "PT002" in line for line in lines)


def test_a_clean_document_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "elsewhere.md"
    path.write_text(text(), encoding="utf-8")
    assert gate(capsys, path) == (0, "")


def test_an_edition_that_lies_elsewhere_is_compared_with_the_suites_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    path = tmp_path / "elsewhere.md"
    path.write_text(edited("    k=10,", "    k=12,"), encoding="utf-8")
    code, out = gate(capsys, path)
    assert code == 1
    assert "CL001" in out
    assert "was: " in out
    assert "now: " in out


def test_annotations_are_those_of_github() -> None:
    printed = FORMATS["github"]([FINDING])
    assert (
        printed == "::warning file=a b/homework.md,line=3,col=7,title=PT002::100 %25 wrong: a, b and c (write\\x1b c)\n"
    )


def test_json_counts_and_names_everything(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = gate(capsys, document, "--format", "json")
    data = json.loads(out)
    assert code == 1
    assert data["schema"] == 1
    assert sum(data["counts"].values()) == len(data["findings"])
    wanted = {"path", "line", "col", "severity", "rule", "message", "repair", "context", "fingerprint"}
    assert all(wanted <= set(finding) for finding in data["findings"])


def test_sarif_is_valid(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = gate(capsys, document, "--format", "sarif")
    run = Sarif.model_validate_json(out).runs[0]
    assert code == 1
    assert run.results
    rules = [rule.id for rule in run.tool.driver.rules or ()]
    assert all(rules[result.ruleIndex] == result.ruleId for result in run.results)  # type: ignore[index]


@pytest.mark.parametrize("change", [{"level": "bad"}, {"levle": "note"}, {"message": 1}])
def test_the_schema_refuses_what_is_not_valid(change: dict[str, object]) -> None:
    data = json.loads(FORMATS["sarif"]([FINDING]))
    data["runs"][0]["results"][0] |= change
    with pytest.raises(ValueError, match="validation error"):
        Sarif.model_validate(data)


def test_an_unreadable_document_is_a_sentence_and_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", str(tmp_path / "none.md")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1


def test_the_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = gate(capsys, "--rules")
    lines = out.splitlines()
    assert code == 0
    assert len(lines) > 100
    assert all(re.match(r"[A-Z]{2}\d{3}  (?:error|warning|note) +[A-Z`].+[.)]$", line) for line in lines), lines

"""Secrets, planted wherever a run can see one, are in no file that a run or a command writes, and on no terminal."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest

from harness import costs, timeline
from harness.__main__ import main
from harness.evidence import Evidence
from harness.grading import bundle, outputs, terminal
from harness.grading.recording import Raised, Recording
from harness.timeline import Span
from harness.verdict import Judgement
from tests.reports.support import CANARIES, HOMEWORK, RECORDED, report_of, seen

ALL = "\n".join(printed for printed, _ in CANARIES.values())

# Words of the suite's own, of which a fact takes no other.
WORDS = ("answered", "refused", "silent", "admitted", "unreachable", "api", "ssh", "http", "docker", "file")


def planted(value: Any) -> Any:
    """Return a fact in which every text also has all the secrets."""
    if isinstance(value, str):
        return value if value in WORDS else f"{value} {ALL}"
    if dataclasses.is_dataclass(value):
        fields = {field.name: planted(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
        return dataclasses.replace(value, **fields)
    if isinstance(value, tuple):
        return tuple(planted(inner) for inner in value)
    return {f"{key} {ALL}": planted(inner) for key, inner in value.items()} if isinstance(value, dict) else value


# The run's own programs write these, of names in their code and of price lists; the page takes them for anybody's.
OURS = ("cost.json", "timeline.json", ".tar")
# Numbers and times that the page computes with are written by AWS's own services, and by no host.
COMPUTED = {"default_vpc", "public_group", "private_group", "web_group", "private_door", "prices", "spot_options"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write everything that can be written of a run full of secrets; return it by name."""
    home = tmp_path_factory.mktemp("canaries")
    run, merged = home / "run", home / "merged"
    run.mkdir()
    facts = {name: fact if name in COMPUTED else planted(fact) for name, fact in seen().facts.items()}
    facts["hop"] = Raised("unmet", ALL, "private.agent-forwarding", ALL)
    facts["cli"] = Raised("fault", ALL)
    costs.write(run, [costs.Item(ALL, ALL, 1.0, ALL, ALL)])
    timeline.write(run, (Span("step", f"a.{ALL}", 0.0, 5.0, ALL), Span("test", ALL, 0.0, 5.0)))
    evidence = tuple(Evidence(kind, ALL, ALL) for kind in ("api", "ssh", "http", "docker", "file"))
    judged = [
        Judgement("bastion.ssh", "not met", None, ALL, ALL, evidence),
        Judgement("docker.engine", "met", None, ALL, evidence=evidence, hints=(ALL, ALL)),
        Judgement("kmeans.trained", "not judged", "cloud", ALL, ALL, evidence),
    ]
    report = report_of(*judged, leaks=(ALL,))
    outputs.record(run, Recording(report.run, tuple(HOMEWORK.requirements), (ALL,), facts))
    outputs.write(run, report, HOMEWORK)
    screen = io.StringIO()
    terminal.show(report.grade, HOMEWORK, terminal.PlainScreen(screen), 100)
    with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
        main(["bundle", str(run)])
        main(["report", str(run), str(run), "--output", str(merged)])
        main(["regrade", str(run / f"evidence-{report.run.run_id}.tar"), "--output", str(home / "again")])
    files = {path.relative_to(home).as_posix(): path for path in home.rglob("*") if path.is_file()}
    return {"terminal": screen.getvalue(), **{name: _text(path) for name, path in files.items()}}


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("name", CANARIES)
def test_no_output_shows_a_secret(written, name) -> None:
    _, secret = CANARIES[name]
    others = {file: text for file, text in written.items() if not file.endswith(OURS)}
    assert {file for file, text in others.items() if secret in text or secret in json.dumps(text)} == set()


def test_all_outputs_were_looked_at_and_had_something_to_hide(written) -> None:
    names = {"facts.json", "report.json", "report.html", "gradescope.json", "timeline.json", "cost.json", "seal.json"}
    assert {f"run/{name}" for name in names} <= set(written)
    assert {f"again/{name}" for name in names - {"cost.json"}} <= set(written)
    assert {f"merged/{name}" for name in names - {"seal.json"}} <= set(written)
    assert any(name.endswith(".tar") for name in written)
    for name in ("run/facts.json", "run/report.json", "run/report.html", "run/gradescope.json", "terminal"):
        assert "[masked" in written[name], name


def test_canaries_would_be_seen() -> None:
    assert all(secret in printed for printed, secret in CANARIES.values())
    assert all(secret in json.dumps([planted(seen().facts["bastion"]).id]) for _, secret in CANARIES.values())
    assert (RECORDED / bundle.PICTURES).is_dir()

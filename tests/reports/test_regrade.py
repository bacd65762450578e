"""What was recorded is judged again as it was then, by the tests of today, without a cloud and in no time."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.facts.network import Rule
from harness.grading import bundle, recording
from harness.grading.recording import Raised, Recording
from tests.reports.support import recorded_run, seen

ROOT = Path(__file__).parents[2]


def packed(directory: Path, change: Callable[[Recording], Recording] | None = None) -> Path:
    """Return the bundle of the recorded run, or of one that saw something else."""
    recorded_run(directory)
    if change is not None:
        recording.write(directory, change(seen()))
        bundle.seal(directory, "m9bnn4")
    return bundle.pack(directory).path


def with_facts(**facts: object) -> Callable[[Recording], Recording]:
    return lambda recorded: replace(recorded, facts={**recorded.facts, **facts})


def regrade(*arguments: object, code: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "regrade", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
        check=False, env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def verdicts(directory: Path) -> dict[str, tuple[str, str | None]]:
    report = json.loads((directory / "report.json").read_text())
    return {item["id"]: (item["verdict"], item["cause"]) for item in report["requirements"]}


def test_a_run_of_100_points_has_100_again_and_costs_seconds(tmp_path) -> None:
    path = packed(tmp_path / "run")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    said = regrade(path, "--output", tmp_path / "out", "--gradescope", tmp_path / "results.json", code=0)

    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
    )  # of the processor: the rest is others'
    assert "Grade: 100 of 100 points and 1 bonus." in said
    assert "judged again: as it was then." in said
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    run = seen().run
    assert (report["run_id"], report["account"], report["started"]) == (run.run_id, run.account, run.started)
    assert json.loads((tmp_path / "results.json").read_text())["score"] == 101.0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert 'id="timeline"' in page
    assert bundle.key_of(tmp_path / "run") in page.replace("&#43;", "+")


def test_what_was_seen_decides_and_not_what_was_judged_then(tmp_path) -> None:
    group = seen().facts["web_group"]
    closed = replace(group, rules=(Rule("tcp", 22, 22, ("0.0.0.0/0",), ()),))

    said = regrade(packed(tmp_path / "run", with_facts(web_group=closed)), "--output", tmp_path / "out", code=1)

    wrong = {id for id, (verdict, _) in verdicts(tmp_path / "out").items() if verdict != "met"}
    assert wrong == {"network.public-8003", "network.public-8800"}
    assert "it was 100 of 100 then" in said


def test_what_was_raised_then_means_the_same_now(tmp_path) -> None:
    facts = with_facts(
        web_server=Raised("unmet", "there is no container my-apache-app", "httpd.container", "Start it."),
        prices=Raised("trouble", "pricing: throttled"),
        gpu_quota=Raised("fault", "KeyError: 'Quota'"),
    )

    regrade(packed(tmp_path / "run", facts), "--output", tmp_path / "out", code=1)

    after = verdicts(tmp_path / "out")
    assert after["httpd.container"] == ("not met", None)
    assert after["spot.price"] == after["spot.cheaper"] == after["spot.options"] == ("not judged", "cloud")
    assert after["quota.gpu-vcpus"] == ("not judged", "suite")
    report = (tmp_path / "out" / "report.json").read_text()
    assert "there is no container my-apache-app" in report
    assert "\"KeyError: 'Quota'\"" in report


def test_a_test_of_today_that_needs_more_than_was_seen_judges_nothing(tmp_path) -> None:
    def forget(recorded: Recording) -> Recording:
        kept = {name: fact for name, fact in recorded.facts.items() if name not in ("quality", "turn_in")}
        return replace(recorded, facts=kept, selected=tuple(id for id in recorded.selected if id != "final.turn-in"))

    said = regrade(packed(tmp_path / "run", forget), "--output", tmp_path / "out", code=1)

    after = verdicts(tmp_path / "out")
    assert after["kmeans.quality"] == ("not judged", "missing")
    assert "saw nothing of quality" in said
    assert "final.turn-in" not in after


def test_live_and_final_phase_make_one_grade(tmp_path) -> None:
    final = {"private.terminated", "private.volumes-deleted", "jupyter.removed", "sagemaker.cleaned", "spot.terminated"}

    def only(phase: str, finished: str) -> Callable[[Recording], Recording]:
        def change(recorded: Recording) -> Recording:
            chosen = [id for id in recorded.selected if (id in final or id.startswith("final.")) == (phase == "final")]
            return replace(recorded, run=replace(recorded.run, phase=phase, finished=finished), selected=tuple(chosen))

        return change

    live = packed(tmp_path / "live", only("live", "2026-11-23T10:00:00+00:00"))
    last = packed(tmp_path / "final", only("final", "2026-11-24T10:00:00+00:00"))

    assert "Grade: 100 of 100 points" in regrade(last, live, "--output", tmp_path / "out", code=0)
    assert len(verdicts(tmp_path / "out")) == 64
    assert "Grade: 88 of 88 points" in regrade(live, code=0)


def test_leaks_of_then_are_leaks_now(tmp_path) -> None:
    said = regrade(packed(tmp_path / "run", lambda r: replace(r, leaks=("volume vol-1 in us-east-1",))), code=1)
    assert "Left behind" in said
    assert "volume vol-1 in us-east-1" in said


def test_a_changed_bundle_is_refused_in_a_sentence(tmp_path) -> None:
    path = packed(tmp_path / "run")
    data = bytearray(path.read_bytes())
    data[data.index(b"t2.large")] ^= 1
    path.write_bytes(data)
    said = regrade(path, code=2)
    assert re.search(r"refused, facts\.json changed since the run sealed it", said)


def test_only_the_expected_key_is_accepted(tmp_path) -> None:
    path = packed(tmp_path / "run")
    assert "refused, it is sealed by SHA256:" in regrade(path, "--key", "SHA256:other", code=2)
    regrade(path, "--key", "SHA256:other", "--key", bundle.key_of(tmp_path / "run"), code=0)


@pytest.mark.parametrize("text", ["", "not json", '{"schema": 1}'])
def test_option_wants_a_recording(tmp_path, text) -> None:
    (tmp_path / "facts.json").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/homework", "-q", "--recorded", tmp_path / "facts.json"], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert "--recorded" in done.stderr
    assert "INTERNALERROR" not in done.stdout + done.stderr

"""The autograder folders: an archive as Gradescope wants it, and results whatever was handed in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.grading import bundle
from tests.reports.support import recorded_run

ROOT = Path(__file__).parents[2]
AUTOGRADER = ROOT / "autograder"
SUBMISSION = {
    "CLASSROOM": "cloud", "ASSIGNMENT": "hw02", "SUBMISSION_TAG": "submit/2026-11-23T10-00-00Z-a1b2c3d",
    "COMMIT_URL": "https://example.org/commit/a1b2c3d", "RELEASE_URL": "https://example.org/releases/1",
}  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "autograder.zip"
    subprocess.run([sys.executable, AUTOGRADER / "gradescope/build.py", path], check=True)
    return path


@pytest.fixture
def place(archive: Path, tmp_path: Path) -> Path:
    """Lay the archive out as Gradescope does, with this Python in the place of the one that setup.sh makes."""
    python = tmp_path / "source/.venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (tmp_path / "submission").mkdir()
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "source")
    shutil.copy(tmp_path / "source/run_autograder", tmp_path / "run_autograder")
    (tmp_path / "run_autograder").chmod(0o755)
    return tmp_path


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle.pack(recorded_run(tmp_path_factory.mktemp("run"))).path


def results(place: Path) -> dict:
    environment = os.environ | {"AUTOGRADER_ROOT": str(place)}
    subprocess.run([place / "run_autograder"], cwd=place, env=environment, check=True, capture_output=True)
    return json.loads((place / "results/results.json").read_text())


def test_archive_has_its_programs_in_its_root_and_no_cloud(archive) -> None:
    with zipfile.ZipFile(archive) as packed:
        modes = {info.filename: info.external_attr >> 16 for info in packed.infolist()}
    assert modes["setup.sh"] & 0o111
    assert modes["run_autograder"] & 0o111
    assert "suite/tests/homework/test_network.py" in modes
    assert not [name for name in modes if "harness/offline" in name or "__pycache__" in name]
    assert archive.stat().st_size < 20 * 2**20


def test_setup_installs_what_the_suite_pins() -> None:
    script = (AUTOGRADER / "gradescope/setup.sh").read_text()
    (names,) = [line for line in script.splitlines() if line.startswith("grep -E")]
    pinned = {line.partition("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines()}
    wanted = names.partition("(")[2].partition(")")[0].split("|")
    assert set(wanted) <= pinned
    subprocess.run(["bash", "-n", AUTOGRADER / "gradescope/setup.sh"], check=True)


def test_evidence_is_judged(place, evidence) -> None:
    (place / "submission/hw").mkdir()
    shutil.copy(evidence, place / "submission/hw")
    said = results(place)
    assert (said["score"], len(said["tests"])) == (101.0, 64)
    assert said["output"] == "Grade: 100 of 100 points and 1 bonus."


def test_nothing_handed_in_is_said_with_what_to_do(place) -> None:
    said = results(place)
    assert said["score"] == 0
    assert "python -m harness bundle RUN_DIR" in said["output"]


def test_changed_evidence_is_refused(place, evidence) -> None:
    data = bytearray(evidence.read_bytes())
    data[2000] ^= 1
    (place / "submission/evidence-x.tar").write_bytes(data)
    said = results(place)
    assert said["score"] == 0
    assert "refused" in said["output"]
    assert "Traceback" not in said["output"]


def test_only_keys_that_the_course_has_seen_count_where_it_lists_them(place, evidence) -> None:
    shutil.copy(evidence, place / "submission")
    (place / "source/keys.txt").write_text("SHA256:another\n")
    assert "refused, it is sealed by" in results(place)["output"]
    (place / "source/keys.txt").write_text(f"SHA256:another\n{bundle.unpack(evidence).key}\n")
    assert results(place)["score"] == 101.0


def test_classroom50_gets_its_result(tmp_path, evidence) -> None:
    shutil.copy(evidence, tmp_path)
    environment = os.environ | SUBMISSION | {"SUITE": str(ROOT)}
    program = AUTOGRADER / "classroom50/autograder.py"
    subprocess.run([sys.executable, program], cwd=tmp_path, env=environment, check=True)

    said = json.loads((tmp_path / "result.json").read_text())
    assert said["schema"] == "classroom50/result/v1"
    assert (said["classroom"], said["assignment"], said["submission"]) == (
        "cloud",
        "hw02",
        SUBMISSION["SUBMISSION_TAG"],
    )
    assert said["review"] == said["commit"] == SUBMISSION["COMMIT_URL"]
    assert (said["score"], said["max-score"]) == (101, 100)
    assert all(isinstance(test["score"], int) and isinstance(test["passed"], bool) for test in said["tests"])
    assert sum(test["max-score"] for test in said["tests"]) == said["max-score"]
    assert "Grade: 100 of 100 points" in (tmp_path / "release-body.md").read_text()


def test_classroom50_gets_a_result_without_evidence_too(tmp_path) -> None:
    environment = os.environ | SUBMISSION | {"SUITE": str(ROOT)}
    subprocess.run(
        [sys.executable, AUTOGRADER / "classroom50/autograder.py"], cwd=tmp_path, env=environment, check=True
    )
    said = json.loads((tmp_path / "result.json").read_text())
    assert (said["score"], said["max-score"], said["tests"]) == (0, 0, [])
    assert "harness bundle" in (tmp_path / "release-body.md").read_text()

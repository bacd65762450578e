"""The hook and the workflow of the README, run in a scratch repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.material.gating import edited, text

ROOT = Path(__file__).parents[2]
IDENTITY = ("-c", "user.name=Course", "-c", "user.email=course@example.org", "-c", "commit.gpgsign=false")


def fenced(language: str, beginning: str) -> str:
    """Return the block of the README in a language that begins so."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    (block,) = (block for block in blocks if block.startswith(beginning))
    return str(block)


class Repository:
    """A course's repository with the hook of the README."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        (path.parent / "scratch").mkdir()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "SUITE": str(ROOT), "PYTHON": sys.executable, "PYTHONPATH": str(ROOT), "HOME": str(path.parent), "TMPDIR": str(path.parent / "scratch"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "GIT_CONFIG_NOSYSTEM": "1",
        }  # fmt: skip
        self.git("init", "--quiet", "--initial-branch=main")
        hook = path / ".git" / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(fenced("sh", "#!/bin/sh"), encoding="utf-8")
        hook.chmod(0o755)

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(argv, cwd=self.path, env=self.environment, capture_output=True, text=True, check=False)

    def git(self, *arguments: str) -> str:
        done = self.run("git", *IDENTITY, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def commit(self, content: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Try to commit the homework with that content."""
        (self.path / "homework.md").write_text(content, encoding="utf-8")
        self.git("add", "homework.md")
        return self.run("git", *IDENTITY, "commit", "--quiet", "-m", "x", *options)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "course")


def test_the_hook_stops_new_findings_only(repository: Repository, tmp_path: Path) -> None:
    old = edited("-p 8003:80", "-p 80:8003")
    assert repository.commit(text()).returncode == 0, "a clean document is committed"
    assert repository.commit(old, "--no-verify").returncode == 0
    stopped = repository.commit(old.replace("chmod 400", "chmod 644"))
    assert stopped.returncode == 1
    assert "homework.md:59:7: error LG005" in stopped.stdout + stopped.stderr
    assert "PT002" not in stopped.stdout + stopped.stderr, "what was there before is no reason to stop"
    assert repository.commit(old.replace("Plan for three", "Reckon with three")).returncode == 0
    assert not list((tmp_path / "scratch").iterdir())


def test_the_hook_looks_at_what_is_staged_and_at_nothing_else(repository: Repository) -> None:
    assert repository.commit(text()).returncode == 0
    (repository.path / "notes.txt").write_text("x", encoding="utf-8")
    (repository.path / "homework.md").write_text(edited("chmod 400", "chmod 644"), encoding="utf-8")
    repository.git("add", "notes.txt")
    assert repository.run("git", *IDENTITY, "commit", "--quiet", "-m", "x").returncode == 0


def test_the_workflow_gates_what_a_pull_request_changes(repository: Repository, tmp_path: Path) -> None:
    workflow = yaml.safe_load(fenced("yaml", "name: material"))
    steps = {step.get("name", ""): step["run"] for step in workflow["jobs"]["gate"]["steps"] if "run" in step}
    repository.environment |= {"GITHUB_BASE_REF": "main", "RUNNER_TEMP": str(tmp_path)}
    repository.commit(edited("-p 8003:80", "-p 80:8003"), "--no-verify")
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD")
    repository.commit(edited("chmod 400", "chmod 644").replace("-p 8003:80", "-p 80:8003"), "--no-verify")
    assert repository.run("bash", "-e", "-c", steps["the edition before"]).returncode == 0
    annotated = repository.run("bash", "-e", "-c", steps["annotations"])
    assert annotated.returncode == 1
    assert "::error file=homework.md,line=59,col=7,title=LG005::" in annotated.stdout
    assert "PT002" not in annotated.stdout
    scanned = repository.run("bash", "-e", "-c", steps["code scanning"])
    assert scanned.returncode == 0, scanned.stderr
    assert '"PT002"' in (repository.path / "gate.sarif").read_text(encoding="utf-8")

"""Grade evidence bundles in Classroom 50: put this beside the unpacked suite into CLASSROOM/autograders/ASSIGNMENT/.

Its runner calls this in the student's checkout. Every ``evidence-*.tar`` there is judged again, and ``result.json`` is
written as "Advanced Autograding" of the wiki of foundation50/classroom50 has it (schema ``classroom50/result/v1``). A
bonus requirement is a test whose score has no maximum. Exit code 0 says that a result was written; anything else is
trouble of the infrastructure, and Classroom 50 then says so itself.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SUITE = Path(os.environ.get("SUITE", Path(__file__).parent / "suite"))
TIME = 480


def main() -> int:
    """Judge what was handed in, and write the result."""
    bundles = sorted(str(path.resolve()) for path in Path().rglob("evidence-*.tar"))
    with tempfile.TemporaryDirectory() as output:
        said, tests = "No evidence-RUN.tar was handed in; make it with: python -m harness bundle RUN_DIR", []
        if bundles:
            command = [sys.executable, "-m", "harness", "regrade", *bundles, "--output", output]
            done = subprocess.run(command, cwd=SUITE, capture_output=True, text=True, timeout=TIME, check=False)
            said = (done.stdout + done.stderr).strip()
            if done.returncode not in (0, 1, 2):
                sys.stderr.write(said)
                return 1
            report = Path(output, "report.json")
            tests = _tests(json.loads(report.read_text(encoding="utf-8"))) if report.exists() else []
    result = _result(tests)
    Path("result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    Path("release-body.md").write_text(_body(result, said), encoding="utf-8")
    return 0


def _tests(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "test-name": f"{one['id']}: {one['statement']}",
            "passed": one["verdict"] == "met",
            "score": int(one["points"]) if one["verdict"] == "met" else 0,
            "max-score": 0 if one["bonus"] else int(one["points"]),
            "verdict": one["verdict"],
            "message": one["message"],
            "hint": one["hint"],
        }
        for one in _with_bonus(report)
    ]


def _with_bonus(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the requirements with the word whether they are bonus, which the catalogue knows."""
    command = [sys.executable, "-m", "harness", "requirements", "--format", "json"]
    said = subprocess.run(command, cwd=SUITE, capture_output=True, text=True, timeout=TIME, check=True).stdout
    bonus = {one["id"] for one in json.loads(said)["requirements"] if one["bonus"]}
    return [{**one, "bonus": one["id"] in bonus} for one in report["requirements"]]


def _result(tests: list[dict[str, Any]]) -> dict[str, Any]:
    given = os.environ
    return {
        "schema": "classroom50/result/v1",
        "classroom": given["CLASSROOM"],
        "assignment": given["ASSIGNMENT"],
        "submission": given["SUBMISSION_TAG"],
        "commit": given["COMMIT_URL"],
        "release": given["RELEASE_URL"],
        "review": given.get("REVIEW_URL") or given["COMMIT_URL"],
        "datetime": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }


def _body(result: dict[str, Any], said: str) -> str:
    fence = "`" * 8  # longer than any that a text may hold; what it says is masked already
    lines = said.replace(fence, "")[-20_000:]
    return f"**{result['score']} of {result['max-score']} points**\n\n{fence}text\n{lines}\n{fence}\n"


if __name__ == "__main__":
    sys.exit(main())

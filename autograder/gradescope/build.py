"""Make the archive that Gradescope takes: ``python autograder/gradescope/build.py autograder.zip [keys.txt]``.

It holds ``setup.sh`` and ``run_autograder`` in its root and the suite below ``suite/``. ``keys.txt`` is optional: where
it is given, only bundles sealed by one of its keys are judged (a fingerprint per line, as the run has printed it).
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SUITE = ("conftest.py", "pytest.ini", "requirements.txt", "LICENSE", "harness", "fixtures", "tests/homework")
LEFT_OUT = ("__pycache__", "harness/offline", "harness/subjects/reference/course")


def main(arguments: list[str]) -> int:
    """Write the archive; return 2 where it was not said which."""
    if len(arguments) not in (1, 2):
        sys.stderr.write(f"usage: {Path(__file__).name} ARCHIVE.zip [keys.txt]\n")
        return 2
    with zipfile.ZipFile(arguments[0], "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("setup.sh", "run_autograder"):
            program = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            program.external_attr = 0o100755 << 16
            archive.writestr(program, (HERE / name).read_bytes())
        for path in _files():
            archive.write(path, f"suite/{path.relative_to(ROOT).as_posix()}")
        if len(arguments) == 2:
            archive.write(arguments[1], "keys.txt")
    return 0


def _files() -> list[Path]:
    """Return the suite's files, without the offline cloud, which judging does not need."""
    found = [path for name in SUITE for path in ((ROOT / name).rglob("*") if (ROOT / name).is_dir() else [ROOT / name])]
    return sorted(path for path in found if path.is_file() and not _is_left_out(path.relative_to(ROOT).as_posix()))


def _is_left_out(name: str) -> bool:
    return any(f"/{part}/" in f"/{name}" for part in LEFT_OUT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Write the index of a directory of wheels as PyPI's simple repository has it (PEP 503)."""

from __future__ import annotations

import hashlib
import html
import re
import sys
from pathlib import Path


def main(root: Path) -> None:
    """Write a page for each project below ``root/simple``; the files are in ``root/files``."""
    projects: dict[str, list[Path]] = {}
    for wheel in sorted((root / "files").glob("*.whl")):
        name = re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()
        projects.setdefault(name, []).append(wheel)
    for name, wheels in projects.items():
        page = root / "simple" / name
        page.mkdir(parents=True, exist_ok=True)
        lines = [f'<a href="/files/{_quoted(wheel)}#sha256={_digest(wheel)}">{wheel.name}</a><br>' for wheel in wheels]
        (page / "index.html").write_text("<!DOCTYPE html>\n<html><body>\n" + "\n".join(lines) + "\n</body></html>\n")


def _quoted(wheel: Path) -> str:
    return html.escape(wheel.name.replace("+", "%2B"))


def _digest(wheel: Path) -> str:
    with wheel.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

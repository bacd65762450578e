"""Documents that somebody made to hurt: nothing of them is executed, and time and memory are bounded."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMORY = 2 * 1024**3
SECONDS = 30
"""Seconds of computing within which every document is through; the gate itself gives up after 20."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    out: str
    err: str


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def run(*argv: str, directory: Path) -> Ended:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *argv], cwd=directory, env=environment, capture_output=True, check=False, timeout=300,
        preexec_fn=bounded,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def gate(path: Path, content: bytes) -> Ended:
    path.write_bytes(content)
    return run("harness", "gate", path.name, directory=path.parent)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return tmp_path / "homework.md"


REFUSED = {
    "a NUL character": (b"# T\n\na\0b\n", "homework.md:3: a NUL character"),
    "bytes that are not UTF-8": (b"# T\n\n\xff\xfe\n", "homework.md:3: not UTF-8"),
    "a line of ten megabytes": (b"# T\n\n" + b"a" * 10_000_000, "larger than"),
    "a long line": (b"# T\n\n" + b"a" * 10_000 + b"\n", "homework.md:3: a line of 10,000 characters"),
    "binary": (bytes(range(256)) * 64, "homework.md:2: not UTF-8"),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_document_is_refused_in_one_sentence(document: Path, content: bytes, sentence: str) -> None:
    ended = gate(document, content)
    assert ended.exit_code == 2
    assert ended.out == ""
    assert sentence in ended.err
    assert ended.err.count("\n") == 1


DEEP = {
    "lists": "".join(f"{'  ' * depth}- a\n" for depth in range(400)),
    "quotes": ">" * 2_000 + " a\n",
    "brackets": "[" * 3_000 + "a" + "](b)" * 200 + "\n",
    "emphasis": "*a _b " * 500 + "\n",
    "fences": "```sh workstation\naws ec2 describe-vpcs\n```\n\n" * 1_000,
    "open fences": "```sh\n~~~\n" * 1_000,
    "headings": "".join(f"{'#' * (1 + n % 6)} Title {n}\n\nText.\n\n" for n in range(2_000)),
    "shell": "```sh workstation\n" + "$(" * 1_500 + ")" * 1_500 + "\n```\n",
    "shell braces": "```sh workstation\n" + "{ " * 1_500 + "\n" + "if true; then\n" * 300 + "```\n",
    "JSON": "Write this to `a.json`:\n\n```json workstation a.json\n" + "[" * 3_900 + "\n```\n",
    "Python": "```python notebook\nx = " + "(" * 3_000 + "\n```\n",
    "a Dockerfile": "```dockerfile bastion Dockerfile\nFROM ubuntu\n" + "RUN a && \\\n" * 2_000 + "```\n",
    "placeholders": "`YOUR_" + "A_" * 1_900 + "`\n" + "YOUR_A_B " * 400 + "\n",
    "a query": "```sh workstation\naws ec2 describe-vpcs --query '" + "[" * 3_000 + "'\n```\n",
    "links": "<https://a.b/c?d=e#f>\n" * 4_000,
    "addresses": "[a](http://[b) <http://[> ![c](http://]:x) [d](//[e)\n",
    "words": "thier " * 600 + "\n",
}  # fmt: skip


@pytest.mark.parametrize("content", DEEP.values(), ids=DEEP)
def test_what_is_deep_or_much_is_looked_at_in_bounded_time_and_memory(document: Path, content: str) -> None:
    ended = gate(document, f"# T\n\n{content}".encode())
    assert ended.exit_code in (1, 2), ended.err[-400:]
    assert "Traceback" not in ended.err
    assert ended.out or ended.err.count("\n") == 1


def test_nothing_of_a_document_is_executed(document: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    lines = [
        f"echo $(touch {mark})", f"echo `touch {mark}`", f"touch {mark}", f"aws ec2 describe-vpcs > {mark}",
        f"cat <(touch {mark})", f"bash -c 'touch {mark}'", f"python3 -c \"open('{mark}', 'w')\"", f": > {mark}",
        f"aws ec2 describe-vpcs --query '$(touch {mark})'", f"docker run -v $(touch {mark}):/x httpd",
    ]  # fmt: skip
    fence = "\n".join(lines)
    content = (
        f"# T $(touch {mark})\n\n```sh workstation\n{fence}\n```\n\n```python notebook\nopen('{mark}', 'w')\n```\n"
    )
    ended = gate(document, f"{content}\n```dockerfile\nFROM ubuntu\nRUN touch {mark}\n```\n".encode())
    assert ended.exit_code == 1
    assert not mark.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["homework.md"]


@pytest.mark.parametrize("name", ["missing.md", "../missing.md", ".", "/dev/zero", "pipe"])
def test_a_path_that_is_no_document_is_refused(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    ended = run("harness", "gate", name, directory=tmp_path)
    assert (ended.exit_code, ended.err.count("\n")) == (2, 1), ended.err


def test_files_that_a_document_names_outside_of_it_are_left_alone(document: Path, tmp_path: Path) -> None:
    secret = tmp_path / "outside" / "secret.json"
    secret.parent.mkdir()
    secret.write_text('{"MaxPrice": "the secret"}', encoding="utf-8")
    line = "aws ec2 run-instances --instance-market-options file://outside/secret.json --image-id file:///etc/passwd"
    ended = gate(
        document, f"# T\n\n[a](../../etc/passwd) ![b](outside/secret.json)\n\n```sh workstation\n{line}\n```\n".encode()
    )
    assert ended.exit_code == 1
    assert "the secret" not in ended.out + ended.err
    assert "root:" not in ended.out + ended.err


def test_what_a_document_says_cannot_steer_a_terminal_or_an_annotation(document: Path) -> None:
    document.write_text("# T\n\n```sh workstation\naws ec2 x\x1b[2J::error::y\n```\n", encoding="utf-8")
    for form in ("text", "github"):
        ended = run("harness", "gate", document.name, "--format", form, directory=document.parent)
        assert ended.exit_code == 1
        assert "\x1b" not in ended.out
        assert all(line.startswith(("homework.md:", "::")) for line in ended.out.splitlines() if line.strip())


@pytest.mark.parametrize("content", [b"# T\n\na\0b\n", b"a" * 10_000_000], ids=["NUL", "large"])
def test_following_refuses_what_is_no_document_before_it_begins(document: Path, content: bytes) -> None:
    document.write_bytes(content)
    options = ("-q", "--subject=material", f"--material={document}", f"--run-dir={document.parent / 'run'}")
    ended = run(
        "pytest",
        *options,
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        f"--rootdir={ROOT}",
        str(ROOT / "tests/homework"),
        directory=ROOT,
    )
    assert ended.exit_code == 4, ended.out[-2000:] + ended.err[-2000:]
    assert "homework.md" in ended.err + ended.out
    assert not (document.parent / "run").exists()

"""The engine's parts that need no engine."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from harness.offline.engine import distributions, library, packages
from harness.offline.engine.build import dockerfile
from harness.offline.engine.cli import ignore, options, output, templates
from harness.offline.engine.cli.client import Failed, query
from harness.offline.engine.cli.running import TABLE, _ports
from harness.offline.engine.errors import ApiError
from harness.offline.engine.events import matches
from harness.offline.engine.files import View, lay_over
from harness.offline.engine.logs import Log, select
from harness.offline.engine.model import Mount
from harness.offline.engine.naming import Reference, new_id, parse_moment, parse_reference
from harness.offline.engine.streams import DetachKeys, frame, parse_detach_keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ubuntu", Reference("docker.io", "library/ubuntu", "latest")),
        ("me/mine:1", Reference("docker.io", "me/mine", "1")),
        ("localhost:5000/x", Reference("localhost:5000", "x", "latest")),
        ("ghcr.io/a/b@sha256:" + "0" * 64, Reference("ghcr.io", "a/b", None, "sha256:" + "0" * 64)),
    ],
)
def test_references(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize("text", ["Ubuntu", "ubuntu:", "a//b", "ubuntu:no tag", "", "ubuntu@sha256:12"])
def test_bad_references(text: str) -> None:
    with pytest.raises(ApiError, match="invalid"):
        parse_reference(text)


def test_ids_are_no_numbers() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", new_id())
    assert parse_moment("2026-01-01T00:00:00.5Z") == pytest.approx(1767225600.5)


def test_library_knows_the_images_of_the_homework() -> None:
    for name in ("ubuntu", "ubuntu:22.04", "httpd", "httpd:2.4", "hello-world"):
        image = library.find(parse_reference(name))
        assert image.config["Cmd"]
    assert library.find(parse_reference("httpd")).id == library.find(parse_reference("httpd:2.4")).id
    with pytest.raises(ApiError, match="manifest for httpd:9 not found: manifest unknown"):
        library.find(parse_reference("httpd:9"))
    with pytest.raises(
        ApiError, match="pull access denied for nginx, repository does not exist or may require 'docker login'"
    ):
        library.find(parse_reference("nginx"))


# Detaching


def test_detach_keys_are_found_across_chunks() -> None:
    keys = DetachKeys(parse_detach_keys("ctrl-p,ctrl-q"))
    assert keys.feed(b"ls\x10") == (b"ls", False)
    assert keys.feed(b"\x11more") == (b"", True)


def test_half_a_sequence_is_passed_on() -> None:
    keys = DetachKeys(b"\x10\x11")
    assert keys.feed(b"\x10x") == (b"\x10x", False)


def test_frames() -> None:
    assert frame(2, b"abc") == b"\x02\x00\x00\x00\x00\x00\x00\x03abc"


# Dockerfiles


def test_dockerfile_with_continuations_and_comments() -> None:
    text = "# first\nFROM ubuntu AS base\nRUN apt-get update \\\n  # why\n  && true\nENV A=1 \\\n    B=2\n"
    found = dockerfile.parse(text)
    assert [(one.name, one.line) for one in found] == [("FROM", 2), ("RUN", 3), ("ENV", 6)]
    assert "&& true" in found[1].value
    assert "why" not in found[1].value
    assert dockerfile.pairs(found[2], {}) == [("A", "1"), ("B", "2")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM ubuntu\nRNU x\n", "dockerfile parse error on line 2: unknown instruction: RNU"),
        ("FROM ubuntu\nRUN\n", "dockerfile parse error on line 2: RUN requires at least one argument"),
        ("FROM a b\n", "FROM requires either one or three arguments"),
        ("FROM ubuntu\nCOPY one\n", "COPY requires at least two arguments, but only one was provided"),
        ("FROM ubuntu\nSHELL bash\n", "SHELL requires the arguments to be in JSON form"),
        ("# nothing\n", "file with no instructions"),
        ("", "cannot be empty"),
        ("nonsense\n", "dockerfile parse error on line 1: unknown instruction: NONSENSE"),
    ],
)
def test_dockerfile_errors(text: str, said: str) -> None:
    with pytest.raises(ApiError) as refused:
        dockerfile.parse(text)
    assert said in refused.value.message
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [("$A-${B}", "1-2"), ("${C:-x y}", "x y"), ("${A:+set}", "set"), (r"\$A", "$A"), ("'$A'", "$A"), ('"$A b"', "1 b")],
)
def test_variables(text: str, expected: str) -> None:
    assert dockerfile.expand(text, {"A": "1", "B": "2"}) == expected


# What RUN lines install


@pytest.mark.parametrize(
    ("script", "apt", "pip"),
    [
        ("apt-get update && apt-get install -y --no-install-recommends curl git=1.2 && rm -rf /x", ["curl", "git"], []),
        ("pip3 install h5py 'pandas>=2' scikit_learn", [], ["h5py", "pandas", "scikit-learn"]),
        ("python3 -m pip install --break-system-packages -i https://x jupyter", [], ["jupyter"]),
        ("sudo A=1 apt install -y python3-pip; pip install --upgrade -I setuptools", ["python3-pip"], ["setuptools"]),
        ("pip install 'ipython<6' git+https://x/y.git ./local requests[socks]==2", [], ["ipython", "requests"]),
        ("echo pip install nothing; apt-get update", [], []), ("pip install a \\\n  b", [], ["a", "b"]),
    ],
)  # fmt: skip
def test_what_is_installed(script: str, apt: list[str], pip: list[str]) -> None:
    found = packages.recorded(script.replace("\\\n", ""))
    assert (found.apt, found.pip) == (apt, pip)


def test_shell_errors_are_found_without_running(tmp_path: Path) -> None:
    assert packages.syntax_error(["/bin/sh", "-c"], f"touch {tmp_path}/made") is None
    assert "rror" in str(packages.syntax_error(["/bin/sh", "-c"], "if true; then"))
    assert list(tmp_path.iterdir()) == []


def test_distributions_bring_what_they_require() -> None:
    found, recorded = distributions.closure(["pandas", "seaborn"])
    names = {one.name for one in found}
    assert {"pandas", "numpy", "matplotlib", "python-dateutil"} <= names
    assert "boto3" not in names
    assert recorded == (["seaborn"] if distributions.installed("seaborn") is None else [])
    assert distributions.module_name("scikit-learn") == "sklearn"


# Paths


def test_view_follows_links_as_the_container_does(tmp_path: Path) -> None:
    root, data = tmp_path / "root", tmp_path / "data"
    (root / "etc").mkdir(parents=True)
    data.mkdir()
    (root / "up").symlink_to("../../../../etc")
    (root / "absolute").symlink_to("/etc")
    (root / "loop").symlink_to("/loop")
    (data / "out").symlink_to("/etc/passwd")
    view = View(root, [Mount("bind", "/srv", data, "/mnt/data", read_only=True)])
    assert view.real("/up/passwd") == root / "etc/passwd"
    assert view.real("/absolute/../etc/x") == root / "etc/x"
    assert view.real("/mnt/data/file") == data / "file"
    assert view.real("/mnt/data/out") == root / "etc/passwd"
    assert view.real("/../../..") == root
    with pytest.raises(OSError, match="too many links"):
        view.real("/loop/x")
    with pytest.raises(OSError, match="Read-only"):
        view.writable("/mnt/data/file")
    with pytest.raises(OSError, match="Read-only"):
        view.writable("/.machine/usr/bin/env")


def test_layers_write_through_no_link(tmp_path: Path) -> None:
    root, layer, outside = tmp_path / "root", tmp_path / "layer", tmp_path / "outside"
    for folder in (root / "usr/bin", layer / "usr/bin", layer / "etc", outside):
        folder.mkdir(parents=True)
    (outside / "cat").write_text("machine's")
    (root / "usr/bin/cat").symlink_to(outside / "cat")
    (root / "bin").symlink_to("usr/bin")
    (layer / "usr/bin/cat").write_text("layer's")
    (layer / "etc/evil").symlink_to(outside)
    lay_over(layer, root)
    assert (outside / "cat").read_text() == "machine's"
    assert (root / "usr/bin/cat").read_text() == "layer's"
    assert (root / "etc/evil").is_symlink()
    (layer / "etc/evil").unlink()
    (layer / "etc/evil").mkdir()
    (layer / "etc/evil/planted").touch()
    lay_over(layer, root)
    assert sorted(path.name for path in outside.iterdir()) == ["cat"]


# Logs and events


def test_log_keeps_lines_and_tells_followers(tmp_path: Path) -> None:
    async def follow() -> list[bytes]:
        log, ended = Log(tmp_path / "log"), asyncio.Event()
        log.write(1, b"one\ntw")

        async def go_on() -> None:
            log.write(2, b"bad\n")
            log.write(1, b"o\nrest")
            log.flush()
            ended.set()
            log.tell()

        task = asyncio.ensure_future(go_on())
        found = [entry.data async for entry in log.follow(0, ended)]
        await task
        return found

    assert asyncio.run(follow()) == [b"one\n", b"bad\n", b"two\n", b"rest"]
    entries, _ = Log(tmp_path / "log").read()
    assert [entry.data for entry in select(entries, {1}, 0, float("inf"), 2)] == [b"two\n", b"rest"]


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        ({}, True), ({"type": ["container"], "event": ["die", "start"]}, True), ({"event": ["stop"]}, False),
        ({"container": ["web"]}, True), ({"container": ["other"]}, False), ({"label": ["a=1"]}, True),
        ({"label": ["a=2"]}, False), ({"image": ["httpd"]}, True), ({"type": ["image"]}, False),
    ],
)  # fmt: skip
def test_event_filters(filters: dict[str, list[str]], passes: bool) -> None:
    attributes = {"name": "web", "image": "httpd:2.4", "a": "1"}
    event = {"Type": "container", "Action": "die", "Actor": {"ID": "f" * 64, "Attributes": attributes}}
    assert matches(event, filters) is passes


# The command


def test_options_as_docker_takes_them() -> None:
    values, operands = options.Options("run", TABLE, interspersed=False).parse(
        ["-ti", "-p8003:80", "--name=x", "-e", "A=1", "-eB=2", "--rm", "ubuntu", "bash", "-c", "ls"]
    )
    assert (values["tty"], values["interactive"], values["publish"], values["name"]) == (True, True, ["8003:80"], "x")
    assert (values["env"], values["rm"], operands) == (["A=1", "B=2"], True, ["ubuntu", "bash", "-c", "ls"])
    with pytest.raises(Failed, match="unknown shorthand flag: 'Z' in -tZ"):
        options.Options("run", TABLE).parse(["-tZ"])


def test_published_ports() -> None:
    exposed, bindings = _ports(["127.0.0.1:8000-8001:80-81", "53:53/udp", "9000"], [])
    assert sorted(exposed) == ["53/udp", "80/tcp", "81/tcp", "9000/tcp"]
    assert bindings["81/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "8001"}]
    assert bindings["9000/tcp"] == [{"HostIp": "", "HostPort": ""}]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{.A.B}}", "2"), ("{{json .L}}", "[1,2]"), ("{{range .L}}<{{.}}>{{end}}", "<1><2>"), ("{{len .L}}", "2"),
        ("{{range $k, $v := .A}}{{$k}}={{$v}};{{end}}", "B=2;"), ("{{if .T}}yes{{else}}no{{end}}", "yes"),
        ('{{index .A "B"}}', "2"), ("{{.T}}", "true"), ("{{.L}}", "[1 2]"), ("{{.N | upper}}", "NAME"),
        ("{{.A}}", "map[B:2]"), ('{{(index .P 0).X}}', "deep"), ('{{if eq .N "name"}}same{{end}}', "same"),
        ("a{{- .N -}} b", "anameb"), ('{{with .N}}{{.}}{{end}}', "name"), ("{{join .S \",\"}}", "x,y"),
    ],
)  # fmt: skip
def test_templates(template: str, expected: str) -> None:
    data = {"A": {"B": 2}, "L": [1, 2], "T": True, "N": "name", "P": [{"X": "deep"}], "S": ["x", "y"]}
    assert templates.render(template, data) == expected


def test_template_of_a_field_that_is_not_there() -> None:
    with pytest.raises(Failed, match='map has no entry for key "Nope"'):
        templates.render("{{.Nope}}", {"A": 1})


def test_dockerignore(tmp_path: Path) -> None:
    for name in ("a.log", "keep.log", "b.txt", "sub/c.log", "sub/d.txt", "out/deep/e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_text("# comment\n**/*.log\n!keep.log\nout\n")
    found = set(ignore.Ignore.of(str(tmp_path)).kept(str(tmp_path), always={".dockerignore"}))
    assert found == {".dockerignore", "keep.log", "b.txt", "sub", "sub/d.txt"}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (70, "About a minute"), (1800, "30 minutes"),
     (3700, "About an hour"), (7200, "2 hours"), (86400 * 3, "3 days"), (86400 * 21, "3 weeks")],
)  # fmt: skip
def test_durations(seconds: float, expected: str) -> None:
    assert output.duration(seconds) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0B"), (999, "999B"), (10_072, "10.1kB"), (78_000_000, "78MB"), (1.234e9, "1.23GB")]
)
def test_sizes(count: float, expected: str) -> None:
    assert output.size(count) == expected


def test_queries() -> None:
    parameters: dict[str, Any] = {"all": True, "none": None, "t": ["a:1", "b"], "filters": {"name": ["x"]}}
    assert query(parameters) == "?all=1&t=a:1&t=b&filters=%7B%22name%22:%20%5B%22x%22%5D%7D"

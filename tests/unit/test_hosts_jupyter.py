"""Jupyter from outside, against the real server: token, doors, kernel, imports."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from harness.hosts import http, jupyter
from harness.leash import Leash
from harness.waiting import until

HOST = "127.0.0.1"
SECONDS = 60
LINES = (
    "[I 2026-11-23 16:00:00.000 ServerApp] http://0a1b2c:8888/tree?token=378684ab93ca16a1348ba2cb874cb52dbc18362fe756648f",
    "        http://127.0.0.1:8888/tree?token=378684ab93ca16a1348ba2cb874cb52dbc18362fe756648f",
)


class Server:
    """A Jupyter server of our own."""

    def __init__(self, leash: Leash, *options: str) -> None:
        home = leash.directory("jupyter")
        with socket.create_server((HOST, 0)) as taken:
            self.port = taken.getsockname()[1]
        self._log = home / "log"
        names = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        argv = [sys.executable, "-m", "notebook", "--no-browser", "--allow-root", f"--port={self.port}", *options]
        with self._log.open("w") as log:
            leash.popen(argv, env=os.environ | dict.fromkeys(names, str(home)), cwd=home, stdout=log, stderr=log)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def until_up(self) -> None:
        until("Jupyter answers", lambda: http.get(HOST, self.port, "/api", timeout=5).is_ok, timeout=SECONDS)
        until("Jupyter says so", lambda: jupyter.is_announced(self.log), timeout=SECONDS)

    def knock(self, token: str | None):
        return jupyter.knock(HOST, self.port, token, timeout=SECONDS)


@pytest.fixture(scope="module")
def servers():
    with Leash() as leash:
        made = Server(leash), Server(leash, "--IdentityProvider.token=")
        for server in made:
            server.until_up()
        yield made


@pytest.fixture
def server(servers):
    return servers[0]


@pytest.fixture
def open_server(servers):
    """Return a server without token authentication."""
    return servers[1]


def test_token_opens_page_and_api(server):
    token = jupyter.token_in(server.log)
    inside = server.knock(token)

    assert inside.is_in, inside
    assert not inside.is_out
    assert token not in repr(inside)


@pytest.mark.parametrize("token", [None, "f" * 48])
def test_no_token_and_wrong_token_open_nothing(server, token):
    outside = server.knock(token)

    assert outside.is_out, outside
    assert not outside.is_in


def test_disabled_token_lets_everybody_in(open_server):
    assert jupyter.token_in(open_server.log) is None
    assert open_server.knock(None).is_in
    assert not open_server.knock(None).is_out


def test_nobody_there_is_neither_in_nor_out():
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    knocks = jupyter.knock(HOST, port, None, timeout=5)

    assert (knocks.is_in, knocks.is_out) == (False, False)


def test_kernel_computes_and_is_deleted(server):
    token = jupyter.token_in(server.log)
    execution = jupyter.execute(HOST, server.port, token, timeout=SECONDS)
    left = http.get(HOST, server.port, f"/api/kernels?token={token}", timeout=SECONDS)

    assert execution.is_right, execution
    assert execution.kernel == "python3"
    assert json.loads(left.body) == []


def test_without_token_no_kernel_is_started(server):
    execution = jupyter.execute(HOST, server.port, "wrong", timeout=SECONDS)

    assert not execution.is_right
    assert "403" in execution.problem


def test_kernel_computes_where_no_token_is_asked_for(open_server):
    execution = jupyter.execute(HOST, open_server.port, None, timeout=SECONDS)

    assert execution.is_right, execution


def test_error_in_the_cell_is_told(server, monkeypatch):
    request = jupyter._request
    monkeypatch.setattr(jupyter, "_request", lambda code: request("1/0"))
    execution = jupyter.execute(HOST, server.port, jupyter.token_in(server.log), timeout=SECONDS)

    assert not execution.is_right
    assert execution.problem == "ZeroDivisionError: division by zero"


def test_log_line_is_shown_without_its_token():
    shown = jupyter.masked_line("\n".join(LINES), "stderr")

    assert shown.line == "http://127.0.0.1:8888/tree?token=[masked]"
    assert jupyter.token_in("\n".join(LINES)).startswith("378684")


@pytest.mark.parametrize("log", ["", "http://127.0.0.1:8888/tree", "http://127.0.0.1:8888/tree?token=...", "token=abc"])
def test_log_without_token_shows_none(log):
    assert not jupyter.masked_line(log, "stderr").shows_token
    assert jupyter.token_in(log) is None


@pytest.mark.parametrize(
    ("words", "token"),
    [
        ("jupyter notebook --ip=0.0.0.0 --NotebookApp.token=letmein", "letmein"),
        ("/bin/sh -c jupyter lab --IdentityProvider.token='let-me-in' --allow-root", "let-me-in"),
        ("jupyter notebook --ServerApp.token letmein", "letmein"),
        ("jupyter notebook PATH=/usr/bin JUPYTER_TOKEN=letmein", "letmein"),
        ("jupyter notebook --NotebookApp.token= --allow-root", None),
        ("jupyter notebook --NotebookApp.token='' --allow-root", None),
        ("jupyter notebook PATH=/usr/bin", None),
    ],
)
def test_token_that_jupyter_was_told_is_found(words, token):
    assert jupyter.token_given(words.split(" ")) == token


@pytest.mark.parametrize(
    ("listed", "token"),
    [
        ('{"port": 8888, "token": ""}\n{"port": 8889, "token": "let-me-in"}\n', "let-me-in"),
        ('[W 10:00] deprecated\n{"token": "let-me-in"}', "let-me-in"),
        ('{"port": 8888}', None),
        ("sh: 1: jupyter: not found\n[1]\nnull", None),
        ("", None),
    ],
)
def test_token_of_a_listed_server_is_found(listed, token):
    assert jupyter.token_listed(listed) == token


def _import(*libraries: str):
    argv = jupyter.importing("mark", libraries)
    done = subprocess.run([sys.executable, *argv[1:]], capture_output=True, text=True, check=False)
    return jupyter.imported("mark", libraries, done.stdout + done.stderr, done.returncode)


def test_each_import_is_reported():
    found = _import("json", "no-such-library", "scikit-learn")

    assert [one.is_done for one in found.imports] == [True, False, True]
    assert found.missing == ["no-such-library (ModuleNotFoundError: No module named 'no_such_library')"]


def test_import_that_ends_the_interpreter_is_missing(tmp_path, monkeypatch):
    (tmp_path / "fatal.py").write_text("import os; print('other mark'); os._exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = _import("fatal", "json")

    assert [one.is_done for one in found.imports] == [False, False]
    assert "exit code 3" in found.missing[0]

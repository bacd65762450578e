"""Jupyter from the workstation: its token, its doors, and a kernel of it.

The messages are those of "Messaging in Jupyter" (jupyter_client's documentation), the addresses those of
"The REST API" (Jupyter Server's).
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import websocket

from harness.facts.httpd import Answer
from harness.facts.jupyter import Execution, Import, Knocks, Libraries, TokenLog
from harness.hosts import http

URL = re.compile(r"(https?://\S*?[?&]token=)([0-9A-Za-z_-]{8,})")
GIVEN = re.compile(r"""(?:--(?:\w+\.)?token[= ]|\bJUPYTER_TOKEN=)['"]?(?!-)([^\s'"]+)""")
"""A token that Jupyter was told, by an option or by its variable."""
LISTING = ["sh", "-c", "jupyter server list --json; jupyter notebook list --json"]
"""Asks for the servers that run in a container; those of notebook's sixth release know the second line only."""
ANNOUNCED = re.compile(r"https?://[^\s/]+:\d+/")
MODULES = {"scikit-learn": "sklearn", "pyyaml": "yaml", "pillow": "PIL", "beautifulsoup4": "bs4"}
"""Import names that differ from the distribution's by more than a dash."""
IMPORTING = """\
import gc, importlib, sys
gc.disable()
mark, *modules = sys.argv[1:]
for module in modules:
    try:
        importlib.import_module(module)
        problem = ""
    except BaseException as error:
        problem = f"{type(error).__name__}: {error}".replace("\\n", " ")[:200]
    print(f"\\n{mark} {module} {problem}", flush=True)
gc.freeze()
"""
"""Imports one library after another; a sixth quicker where nothing looks for garbage meanwhile and at the end."""
HOPS = 5
PROTOCOL = "5.3"
MESSAGE_LIMIT = 1024 * 1024


def token_in(log: str) -> str | None:
    """Return the last token of a log; it is a secret."""
    found = URL.findall(log)
    return found[-1][1] if found else None


def token_given(words: Sequence[str]) -> str | None:
    """Return the token that is among the words with which a container is run; it is a secret."""
    found = GIVEN.search(" ".join(words))
    return found[1] if found else None


def token_listed(listed: str) -> str | None:
    """Return the token of the first server that :data:`LISTING` has shown, a line of JSON each; it is a secret."""
    for line in listed.splitlines():
        with contextlib.suppress(ValueError, AttributeError):
            if token := json.loads(line).get("token"):
                return str(token)
    return None


def masked_line(log: str, stream: str) -> TokenLog:
    """Return the line of a log that shows the URL with the token, without the token."""
    for line in reversed(log.splitlines()):
        if URL.search(line):
            return TokenLog(URL.sub(r"\1[masked]", line).strip()[-200:], stream)
    return TokenLog("")


def is_announced(log: str) -> bool:
    """Say whether the server has written its URL, with a token or without one."""
    return ANNOUNCED.search(log) is not None


def importing(mark: str, libraries: Sequence[str]) -> list[str]:
    """Return the command that imports each library and says what came of it after ``mark``, which nobody can guess."""
    return ["python3", "-c", IMPORTING, mark, *(_module(library) for library in libraries)]


def imported(mark: str, libraries: Sequence[str], output: str, exit_code: int) -> Libraries:
    """Read what :func:`importing` printed; an import that was not reported did not come to its end."""
    reports = (line.split(" ", 2) for line in output.splitlines() if line.startswith(f"{mark} "))
    problems = {module: problem for _, module, problem in reports}
    lost = f"no report; exit code {exit_code}: {output.strip()[-200:]}"
    found = {library: problems.get(_module(library), lost) for library in libraries}
    return Libraries(tuple(Import(library, not problem, problem) for library, problem in found.items()))


def _module(library: str) -> str:
    return MODULES.get(library.lower(), library.replace("-", "_"))


def knock(host: str, port: int, token: str | None, *, timeout: float) -> Knocks:
    """Open the page as a browser does with the URL of the log, and ask the REST API with the token."""
    query = f"?token={quote(token)}" if token is not None else ""
    page = _browse(host, port, f"/{query}", timeout)
    api = http.get(host, port, f"/api/contents{query}", timeout=timeout)
    # Pages and redirections of Jupyter's repeat the token.
    return Knocks(replace(page, body="", headers={}), replace(api, body="", headers={}))


def execute(host: str, port: int, token: str | None, *, timeout: float) -> Execution:
    """Start a Python kernel, let it compute something that nobody can know before, and delete it.

    ``token`` is ``None`` for a server that asks for none.
    """
    left, right = secrets.randbelow(10**9) + 10**9, secrets.randbelow(10**9) + 10**9
    code, expected = f"print(sum(divmod({left} ** 3, {right})))", str(sum(divmod(left**3, right)))
    started = _api("POST", host, port, "/api/kernels", token, timeout, body=json.dumps({}))
    if started.status != 201:
        return Execution("", code, expected, "", f"no kernel was started: {started.line}")
    kernel = json.loads(started.body)
    kernel_id, name = str(kernel["id"])[:80], str(kernel.get("name"))[:80]
    try:
        printed, problem = _run(host, port, f"/api/kernels/{quote(kernel_id)}/channels", token, code, timeout)
    finally:
        _api("DELETE", host, port, f"/api/kernels/{quote(kernel_id)}", token, timeout)
    return Execution(name, code, expected, printed, problem)


def _browse(host: str, port: int, path: str, timeout: float) -> Answer:
    """Follow redirections on the same host; a token in the query is carried along as the server says."""
    for _ in range(HOPS):
        answer = http.get(host, port, path, timeout=timeout, headers={"Accept": "text/html"})
        location = answer.headers.get("Location")
        if answer.status not in (301, 302, 303, 307, 308) or location is None:
            break
        target = urlsplit(urljoin(path, location))
        path = target.path + (f"?{target.query}" if target.query else "")
    return answer


def _api(
    method: str, host: str, port: int, path: str, token: str | None, timeout: float, body: str | None = None
) -> Answer:
    return http.request(method, host, port, path, timeout=timeout, headers=_authorization(token), body=body)


def _authorization(token: str | None) -> dict[str, str]:
    """Return the header with the token or, without one, the pair by which a page of the server's own is known."""
    if token is not None:
        return {"Authorization": f"token {token}"}
    pair = secrets.token_hex(16)
    return {"Cookie": f"_xsrf={pair}", "X-XSRFToken": pair}


def _run(host: str, port: int, path: str, token: str | None, code: str, timeout: float) -> tuple[str, str]:
    """Return what the code printed, and the problem where it did not come to its end."""
    try:
        with _connected(f"ws://{host}:{port}{path}?session_id={uuid.uuid4().hex}", token, timeout) as channel:
            request = _request(code)
            channel.send(json.dumps(request))
            return _outcome(channel, request["header"]["msg_id"], timeout)
    except (OSError, ValueError, websocket.WebSocketException) as error:
        return "", f"{type(error).__name__}: {error}"[:300]


@contextlib.contextmanager
def _connected(url: str, token: str | None, timeout: float) -> Iterator[Any]:
    header = [f"{name}: {value}" for name, value in _authorization(token).items()]
    channel = websocket.create_connection(url, timeout=timeout, header=header, http_no_proxy=["*"])
    try:
        yield channel
    finally:
        channel.close(timeout=0)


def _request(code: str) -> dict[str, Any]:
    header = {
        "msg_id": uuid.uuid4().hex, "session": uuid.uuid4().hex, "username": "", "date": "", "version": PROTOCOL,
        "msg_type": "execute_request",
    }  # fmt: skip
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    return {
        "channel": "shell",
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
    }


def _outcome(channel: Any, request: str, timeout: float) -> tuple[str, str]:
    """Collect what belongs to our request until the kernel is idle again."""
    printed, problem, deadline = "", "", time.monotonic() + timeout
    while time.monotonic() < deadline:
        message = json.loads(channel.recv()[:MESSAGE_LIMIT])
        if (message.get("parent_header") or {}).get("msg_id") != request:
            continue
        kind, content = message.get("msg_type"), message.get("content") or {}
        printed += _printed(kind, content)
        if kind == "error":
            problem = f"{content.get('ename')}: {content.get('evalue')}"[:300]
        if kind == "status" and content.get("execution_state") == "idle":
            return printed[: http.LIMIT], problem
    return printed, f"the cell did not end within {timeout:.0f} s"


def _printed(kind: object, content: Mapping[str, Any]) -> str:
    return str(content.get("text")) if kind == "stream" and content.get("name") == "stdout" else ""

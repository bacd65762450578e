"""A client of the engine's API over its Unix socket: requests, streams, connections taken over."""

# Pathlib would double the time that the command takes to start.
# ruff: noqa: PTH119, PTH120

from __future__ import annotations

import json
import os
from _socket import AF_UNIX, socket  # the socket module takes three times as long to import

TYPE_CHECKING = False  # importing it from typing would lengthen the start
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

VERSION = "/v1.41"
"""The oldest version that has all that is asked for here."""
CHUNK = 65536
DEFAULT_HOST = "unix:///var/run/docker.sock"
_UNRESERVED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:,")


class Failed(Exception):
    """Ends the command: the message and the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Refused(Failed):
    """Is the engine's refusal, with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"Error response from daemon: {message}")
        self.status = status
        self.said = message


def quote(text: str) -> str:
    """Return text as it stands in a URL."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode())


def query(parameters: Mapping[str, Any]) -> str:
    """Return a query; what is ``None`` is left out, a list is repeated, a dictionary is JSON."""
    pairs = []
    for name, value in parameters.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        for one in values:
            text = (
                json.dumps(one)
                if isinstance(one, dict)
                else {True: "1", False: "0"}.get(one, one)
                if isinstance(one, bool)
                else one
            )
            pairs.append(f"{quote(name)}={quote(str(text)).replace('/', '%2F')}")
    return "?" + "&".join(pairs) if pairs else ""


def connect() -> socket:
    """Open a connection to the engine."""
    host = os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    path = host.removeprefix("unix://")
    handle = socket(AF_UNIX)
    try:
        if len(path) < 100:
            handle.connect(path)
        else:  # longer than a socket's address may be
            folder = os.open(os.path.dirname(path), os.O_RDONLY)
            handle.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
            os.close(folder)
    except OSError:
        shown = "unix:///var/run/docker.sock" if "HOST_ROOT" in os.environ else host
        raise Failed(f"Cannot connect to the Docker daemon at {shown}. Is the docker daemon running?") from None
    return handle


class Response:
    """An answer: its status, headers, and body to be read in pieces."""

    def __init__(self, handle: socket) -> None:
        self.handle = handle
        self.buffer = b""
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        self.status = int(head[0].split(" ", 2)[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}

    def _more(self) -> bool:
        data = self.handle.recv(CHUNK)
        self.buffer += data
        return bool(data)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if not self._more():
                raise Failed("error during connect: EOF")
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    def _exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not self._more():
                raise Failed("error during connect: unexpected EOF")
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it comes."""
        if self.status in {204, 304}:
            return
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self._until(b"\r\n").split(b";")[0], 16):
                yield self._exactly(size)
                self._exactly(2)
        elif "content-length" in self.headers:
            yield self._exactly(int(self.headers["content-length"]))
        else:
            yield self.buffer
            while data := self.handle.recv(CHUNK):
                yield data

    def read(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.pieces())

    def document(self) -> Any:
        """Return the body's JSON document."""
        return json.loads(self.read() or b"null")

    def documents(self) -> Iterator[Any]:
        """Yield the documents of a JSON stream as they come."""
        waiting = b""
        for piece in self.pieces():
            *lines, waiting = (waiting + piece).split(b"\n")
            for line in lines:
                if line.strip():
                    yield json.loads(line)


def request(
    method: str,
    path: str,
    parameters: Mapping[str, Any] | None = None,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send a request and return the answer, whatever its status; ``body`` is bytes or a JSON document."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
    lines = [
        f"{method} {VERSION}{path}{query(parameters or {})} HTTP/1.1",
        "Host: docker",
        f"Content-Length: {len(data)}",
    ]
    lines += [f"Content-Type: {kind}"] if body is not None else []
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    handle = connect()
    handle.sendall("\r\n".join([*lines, "", ""]).encode() + data)
    return Response(handle)


def call(method: str, path: str, parameters: Mapping[str, Any] | None = None, body: Any = None) -> Response:
    """Send a request and return the answer; raises :class:`Refused` for a status of 400 and above."""
    response = request(method, path, parameters, body)
    if response.status >= 400:
        raise Refused(response.status, message_of(response))
    return response


def message_of(response: Response) -> str:
    """Return what a refusal says."""
    text = response.read().decode(errors="replace")
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()


def get(path: str, **parameters: Any) -> Any:
    """Return a document."""
    return call("GET", path, parameters).document()


def take_over(path: str, parameters: Mapping[str, Any] | None = None, body: Any = None) -> tuple[socket, bytes]:
    """Send a request whose connection becomes a raw stream; returns it and what has already come."""
    response = request("POST", path, parameters, body, {"Connection": "Upgrade", "Upgrade": "tcp"})
    if response.status not in {101, 200}:
        raise Refused(response.status, message_of(response))
    return response.handle, response.buffer

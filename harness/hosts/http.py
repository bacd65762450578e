"""HTTP from the workstation to a host: answered, refused or silent, and nothing else.

The standard library's client is used because it knows no proxy, follows no redirect and keeps no cookies: what
is seen is what that one address and port does. What a host answers is not trusted: it is cut at :data:`LIMIT`.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from harness.cloud import Patience
from harness.errors import TimedOut
from harness.facts.httpd import Answer
from harness.waiting import until

LIMIT = 64 * 1024
"""Bytes of a body that are kept."""
FIRST = 10
"""How many times the time of a silent port a new server, or a new rule, may take to be noticed."""
HEADERS = ("Server", "Content-Type", "Content-Length", "Location", "Last-Modified")
"""The headers that are kept; cookies are not, they may be secrets."""


def get(host: str, port: int, path: str = "/", *, timeout: float, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask for a path and say what came back within ``timeout`` seconds."""
    return request("GET", host, port, path, timeout=timeout, headers=headers)


def request(
    method: str, host: str, port: int, path: str, *, timeout: float, headers: Mapping[str, str] | None = None,
    body: str | None = None, shown: str | None = None,
) -> Answer:  # fmt: skip
    """Make one request; ``shown`` is the path as reports show it, where the path itself holds a secret."""
    url = f"http://{host}:{port}{shown or path.partition('?')[0]}"
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    deadline = time.monotonic() + timeout
    try:
        connection.connect()
        with _cut_off(connection.sock, timeout):
            connection.request(method, path, body=body, headers=dict(headers or {}) | {"Connection": "close"})
            answer = _answered(url, connection)
        if time.monotonic() >= deadline:
            raise TimeoutError
    except PermissionError:  # this machine forbade it: not a word of the host's
        raise
    except (OSError, http.client.HTTPException) as error:
        return _unanswered(url, error, timeout, is_late=time.monotonic() >= deadline)
    finally:
        connection.close()
    return answer


def until_answered(who: str, ask: Callable[[float], Answer], patience: Patience, pace: Callable[[], float]) -> Answer:
    """Return the first answer, or what came in its place until a new server, or a new rule, must have been noticed.

    ``ask`` is given its seconds, which grow from those of a silent port: a busy host may need more for an answer, and a
    connection that was begun before the rule is not the one that is answered. ``pace`` says how many seconds the host
    needs for the least thing; one that needs more than a silent port is given is asked again at its own pace.
    """
    answer = _until_answered(who, ask, patience.silence, patience.poll)
    if answer.outcome == "silent" and (slow := pace()) > patience.silence:
        return _until_answered(who, ask, slow, patience.poll)
    return answer


def _until_answered(who: str, ask: Callable[[float], Answer], unit: float, poll: float) -> Answer:
    seconds = (unit * min(2**number, FIRST) for number in itertools.count())
    try:
        return until(
            f"{who} answers", lambda: ask(next(seconds)), timeout=FIRST * unit, every=poll,
            is_done=lambda answer: answer.outcome == "answered",
        )  # fmt: skip
    except TimedOut as late:
        return cast("Answer", late.last)


@contextlib.contextmanager
def _cut_off(connected: socket.socket, timeout: float) -> Iterator[None]:
    """Hang up after ``timeout`` seconds: a host may drip bytes for ever."""
    timer = threading.Timer(timeout, _hang_up, [connected])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _unanswered(url: str, error: Exception, timeout: float, *, is_late: bool) -> Answer:
    if is_late or isinstance(error, TimeoutError):
        return Answer(url, "silent", said=f"no answer within {timeout:g} s")
    if isinstance(error, ConnectionError | http.client.HTTPException):
        return Answer(url, "refused", said=str(error)[:200] or type(error).__name__)
    return Answer(url, "silent", said=str(error)[:200])


def _answered(url: str, connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    body = _read(response)
    return Answer(
        url=url,
        outcome="answered",
        status=response.status,
        reason=response.reason[:80],
        headers={name: value[:300] for name in HEADERS if (value := response.getheader(name))},
        body=body[:LIMIT].decode(errors="replace"),
        is_cut=len(body) > LIMIT,
    )


def _read(response: http.client.HTTPResponse) -> bytes:
    """Read the body up to the limit; a body that ends too early is kept as far as it came."""
    body = b""
    with contextlib.suppress(http.client.IncompleteRead):
        while len(body) <= LIMIT and (piece := response.read1(LIMIT)):
            body += piece
    return body

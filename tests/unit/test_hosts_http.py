"""The HTTP client of the suite: three outcomes, and nothing that a host can do to it."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from dataclasses import replace

import pytest

from harness import isolation
from harness.cloud import OFFLINE
from harness.facts.httpd import READ, Answer, Page
from harness.hosts import http as client

HOST = "127.0.0.1"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = {"/": b"hello", "/long": b"x" * (client.LIMIT + 5), "/bytes": b"\xff"}.get(self.path.partition("?")[0])
        self.send_response(200 if body else 404)
        self.send_header("Set-Cookie", "session=secret")
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    with http.server.ThreadingHTTPServer((HOST, 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def _listening(answer):
    """Accept one connection and let ``answer`` do with it what it likes."""
    with socket.create_server((HOST, 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.close()
        thread.join()


def test_answer_has_status_body_and_harmless_headers(port):
    answer = client.get(HOST, port, "/?token=secret", timeout=5)

    assert (answer.outcome, answer.status, answer.reason, answer.body) == ("answered", 200, "OK", "hello")
    assert answer.is_ok
    assert "secret" not in repr(answer)


def test_other_status_is_an_answer_too(port):
    answer = client.get(HOST, port, "/none", timeout=5)

    assert (answer.outcome, answer.is_ok, answer.line) == ("answered", False, "HTTP 404 Not Found")


def test_long_body_is_cut(port):
    answer = client.get(HOST, port, "/long", timeout=5)

    assert (len(answer.body), answer.is_cut) == (client.LIMIT, True)


def test_undecodable_body_is_replaced(port):
    assert client.get(HOST, port, "/bytes", timeout=5).body == "�"


def test_nobody_there_is_a_refusal():
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]

    answer = client.get(HOST, port, timeout=5)
    assert answer.outcome == "refused"
    assert "refused" in answer.line


def test_hanging_up_is_a_refusal():
    with _listening(lambda connection: connection.recv(1)) as port:
        assert client.get(HOST, port, timeout=5).outcome == "refused"


def test_something_else_than_http_is_a_refusal():
    with _listening(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n")) as port:
        assert client.get(HOST, port, timeout=5).outcome == "refused"


def test_accepting_and_saying_nothing_is_silence():
    with _listening(lambda connection: connection.recv(10_000) and connection.recv(1)) as port:
        answer = client.get(HOST, port, timeout=0.2)

    assert answer.outcome == "silent"
    assert answer.said == "no answer within 0.2 s"


def test_dripping_for_ever_is_silence_in_time():
    def drip(connection):
        with contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(300):  # six seconds, where nobody hangs up
                connection.sendall(b".")
                connection.settimeout(0.02)
                with contextlib.suppress(TimeoutError):
                    connection.recv(10_000)
            to_the_end.append(True)

    to_the_end: list[bool] = []
    with _listening(drip) as port:
        assert client.get(HOST, port, timeout=0.3).outcome == "silent"
    assert not to_the_end


def test_what_this_machine_forbids_is_no_word_of_the_host():
    with isolation.offline(), pytest.raises(isolation.OutsideError):
        client.get("192.0.2.1", 80, timeout=1)


def _page(file, body, *, is_cut=False):
    return Page("site/index.html", file, Answer("http://h:1/", "answered", 200, "OK", body=body, is_cut=is_cut))


def test_page_is_served_when_it_is_the_file():
    assert _page("a", "a").is_served
    assert not _page("a", "b").is_served
    assert not _page("a", "a" + "b").is_served


def test_page_too_long_to_be_read_whole_is_compared_as_far_as_it_was():
    assert _page("x" * READ + "(cut)", "x" * READ + "x", is_cut=True).is_served
    assert not _page("x" * READ, "y" * READ, is_cut=True).is_served


def test_a_busy_server_is_given_longer_than_a_silent_port() -> None:
    given: list[float] = []

    def ask(seconds: float) -> Answer:
        given.append(seconds)
        return Answer("http://host/", "answered" if seconds > 0.04 else "silent")

    patience = replace(OFFLINE, silence=0.01, poll=0.001)
    assert client.until_answered("the server", ask, patience, lambda: 0.0).outcome == "answered"
    assert given == [0.01, 0.02, 0.04, 0.08]


def test_a_port_that_stays_silent_is_what_it_last_was() -> None:
    patience = replace(OFFLINE, silence=0.001, poll=0.001)
    silent = Answer("http://host/", "silent", said="no")
    last = client.until_answered("the server", lambda _: silent, patience, lambda: patience.silence / 2)
    assert (last.outcome, last.said) == ("silent", "no")


def test_a_host_that_is_slow_in_the_least_thing_is_asked_again_at_its_own_pace() -> None:
    patience = replace(OFFLINE, silence=0.001, poll=0.001)

    def ask(seconds: float) -> Answer:
        return Answer("http://host/", "answered" if seconds >= 0.05 else "silent")

    assert client.until_answered("the server", ask, patience, lambda: 0.05).outcome == "answered"

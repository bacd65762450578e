"""The HTTP server of the offline cloud: a thread, loopback only, connections kept alive."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from harness.errors import UsageError

_log = logging.getLogger(__name__)
_HOST = "127.0.0.1"


class Server:
    """Serves a WSGI application on ``port`` (0: any free one) from :meth:`start` until :meth:`stop`."""

    def __init__(self, application: Callable[..., Any], port: int) -> None:
        self._application = application
        self._port = port
        self._connections: set[socket.socket] = set()
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Start serving and return the URL; a port that is taken is a :class:`~harness.errors.UsageError`."""
        from werkzeug.serving import ThreadedWSGIServer

        listener = self._listen()
        port = listener.getsockname()[1]
        with listener:  # the server duplicates the descriptor
            self._server = ThreadedWSGIServer(
                _HOST, port, self._application, handler=self._handler(), fd=listener.fileno()
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="offline-cloud"
        )
        self._thread.start()
        return f"http://{_HOST}:{port}"

    def stop(self) -> None:
        """Stop serving and close every connection."""
        if self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._thread = None
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, self._port))
        except OSError as error:
            listener.close()
            raise UsageError(
                f"Port {self._port} cannot be taken ({error.strerror}); choose another for the cloud."
            ) from error
        listener.listen(128)
        return listener

    def _handler(self) -> type:
        from moto.moto_server.werkzeug_app import MotoRequestHandler

        connections = self._connections

        class Handler(MotoRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are written separately; without this, each answer waits for a delayed ACK (40 ms).
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                connections.add(self.connection)

            def finish(self) -> None:
                connections.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

            def log(self, type: str, message: str, *args: object) -> None:  # noqa: ARG002 - werkzeug's own
                _log.debug(message, *args)

        return Handler

"""The WSGI application: takes a request apart, sends it through the layers, and at the end to moto."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from harness.offline.call import AwsError, Call, Reply, read, refuse, serving
from harness.offline.layers import Layer, chained

_log = logging.getLogger(__name__)


class Gateway:
    """Serves AWS's API: ``layers`` (the outermost first), then moto."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self._moto = DomainDispatcherApplication(create_backend_app)
        self._entry = chained(layers, self._ask_moto)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        call = read(environ)
        with serving(call):
            try:
                reply = self._entry(call)
            except Exception as error:  # noqa: BLE001 - the server must answer, whatever went wrong inside
                _log.exception("%s %s failed", call.service, call.operation)
                reply = refuse(call, AwsError("InternalFailure", f"{type(error).__name__}: {error}", 500))
        names = {name.lower() for name, _ in reply.headers}
        extra = [] if "x-amzn-requestid" in names else [("x-amzn-RequestId", call.request_id)]
        start_response(f"{reply.status} {_phrase(reply.status)}", reply.headers + extra + _length(call, reply, names))
        return [] if call.method == "HEAD" else [reply.body]

    def _ask_moto(self, call: Call) -> Reply:
        from werkzeug.wrappers import Response

        try:
            response = Response.from_app(self._moto, call.environ)
            body = response.get_data()
        except NotImplementedError as error:
            missing = f"The offline cloud does not know {call.service} {call.operation}: {error}"
            return refuse(call, AwsError("NotImplemented", missing, HTTPStatus.NOT_IMPLEMENTED))
        headers = [(n, v) for n, v in response.headers if n.lower() != "content-length" or call.method == "HEAD"]
        return Reply(response.status_code, headers, body)


def _length(call: Call, reply: Reply, names: set[str]) -> list[tuple[str, str]]:
    return [] if call.method == "HEAD" and "content-length" in names else [("Content-Length", str(len(reply.body)))]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"

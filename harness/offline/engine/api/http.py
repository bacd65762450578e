"""What the API's handlers share: errors, JSON bodies, streams, and taking a connection over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from harness.offline.engine.errors import ApiError, bad_parameter
from harness.offline.engine.model import Json
from harness.offline.engine.streams import Conversation

API_VERSION = "1.47"
LEAST_VERSION = "1.24"
ENGINE_VERSION = "27.5.1"
RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TakenOver(web.StreamResponse):
    """Is returned for a connection that is no longer HTTP: there is nothing to send."""

    async def prepare(self, request: web.BaseRequest) -> Any:  # noqa: ARG002 - aiohttp's signature
        raise ConnectionResetError("the connection was taken over")


def reply(document: Any, status: int = 200) -> web.Response:
    """Return a JSON document; its content type carries no charset, which Docker's client would not recognise."""
    return web.Response(body=json.dumps(document).encode(), status=status, headers={"Content-Type": "application/json"})


def refuse(status: int, message: str) -> web.Response:
    """Return an error as the API words it; 304 has no body."""
    if status == 304:
        return web.Response(status=304)
    return reply({"message": message}, status=status)


@web.middleware
async def speak_as_engine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals into the API's errors and check the version asked for.

    A client that goes away ends what only it would have seen (streams); anything else is carried through, as
    its effect must not depend on who listens.
    """
    try:
        _check_version(request.match_info.get("version"))
        if getattr(handler, "is_stream", False):
            return await handler(request)
        return await asyncio.shield(asyncio.ensure_future(handler(request)))
    except ApiError as refused:
        return refuse(refused.status, refused.message)
    except OSError as failed:
        if isinstance(failed, ConnectionError):
            raise
        return refuse(500, str(failed))
    except web.HTTPNotFound:
        return refuse(404, "page not found")
    except web.HTTPMethodNotAllowed:
        return refuse(405, "method not allowed")


def _check_version(version: str | None) -> None:
    if version is None:
        return
    asked, least, most = (tuple(map(int, text.split("."))) for text in (version, LEAST_VERSION, API_VERSION))
    if asked < least:
        raise bad_parameter(
            f"client version {version} is too old. Minimum supported API version is {LEAST_VERSION}, please upgrade "
            "your client to a newer version"
        )
    if asked > most:
        raise bad_parameter(f"client version {version} is too new. Maximum supported API version is {API_VERSION}")


def is_stream(function: Any) -> Any:
    """Decorate a handler whose work ends when its client goes away."""
    function.is_stream = True
    return function


async def body(request: web.Request, *, required: bool = True) -> Json:
    """Return the JSON document of a request; raises 400."""
    text = await request.text()
    if not text.strip():
        if required:
            raise bad_parameter("invalid JSON: got EOF while reading request body")
        return {}
    try:
        document = json.loads(text)
    except ValueError as wrong:
        raise bad_parameter(f"invalid JSON: {wrong}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise bad_parameter("invalid JSON: an object was expected")
    return document


async def stream(request: web.Request, content_type: str = "application/json") -> web.StreamResponse:
    """Begin a chunked response; its head is sent at once."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    response.enable_chunked_encoding()
    await response.prepare(request)
    return response


def line(document: Json) -> bytes:
    """Return one document of a JSON stream."""
    return json.dumps(document, separators=(",", ":")).encode() + b"\r\n"


def stream_type(request: web.Request, tty: bool) -> str:
    """Return the content type of a container's streams; clients before 1.42 know one only."""
    version = request.match_info.get("version") or API_VERSION
    return RAW if tty or tuple(map(int, version.split("."))) < (1, 42) else MULTIPLEXED


def take_over(request: web.Request, tty: bool) -> Conversation:
    """Answer the request and make raw bytes of its connection, both ways."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client is gone")
    protocol: Any = request.protocol
    conversation = Conversation(transport, protocol)
    transport.set_protocol(conversation)
    if not transport.is_reading():
        transport.resume_reading()
    early = protocol._message_tail
    if early:
        conversation.data_received(early)
    kind = stream_type(request, tty)
    if request.headers.get("Upgrade", "").lower() == "tcp":
        head = f"HTTP/1.1 101 UPGRADED\r\nContent-Type: {kind}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    else:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n"
    conversation.write(head.encode())
    return conversation

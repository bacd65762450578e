"""An API call as it arrives at the offline cloud, and what is answered, in whatever protocol its service speaks."""

from __future__ import annotations

import contextvars
import copy
import functools
import io
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from harness.offline.loading import ACCOUNT

if TYPE_CHECKING:
    from harness.offline.identity import Caller

# Names in a request's credential scope that differ from the name of the service's description.
_SIGNING_NAMES = {
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
    "execute-api": "apigateway",
}
_SCOPE = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_READING = re.compile(r"(Describe|Get|List|Head|Lookup|Search|Simulate|Select|Preview|Scan|Query|BatchGet|Invoke)")
# What AWS calls data events: never in the event history ("Logging data events", CloudTrail user guide).
_DATA_EVENTS = re.compile(r"(Get|Put|Head|Delete|Copy|List|Restore)Object|MultipartUpload|UploadPart|ListParts|Invoke")


class AwsError(Exception):
    """Refuses a call with one of AWS's own error codes; ``status`` is the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass
class Reply:
    """What is sent back: HTTP status, headers and body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    error_code: str | None = None
    """AWS's error code, where it is known without reading the body."""

    @property
    def code(self) -> str | None:
        """Return AWS's error code, or ``None`` for a call that succeeded."""
        if self.status < 400:
            return None
        return self.error_code or _code_in(self)


@dataclass
class Call:
    """One request, taken apart.

    ``path`` is as sent, percent-encoded; ``service`` is botocore's name of the service, ``region`` that of the
    credential scope. ``caller`` is filled in by authentication and ``None`` before. ``environ`` is WSGI's and
    may be read by moto again: the body is put back for whoever reads it.
    """

    environ: dict[str, Any] = field(repr=False)
    body: bytes = field(repr=False)
    access_key: str | None = None
    service: str = "s3"
    region: str = "us-east-1"
    caller: Caller | None = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def account(self) -> str:
        """Return the account that the caller acts in; before authentication the cloud's first."""
        return self.caller.account if self.caller is not None else ACCOUNT

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        """Return the path as sent."""
        return str(self.environ.get("RAW_URI") or self.environ.get("PATH_INFO") or "/").split("?", 1)[0]

    @property
    def query(self) -> dict[str, str]:
        """Return the parameters of the query string."""
        return dict(parse_qsl(str(self.environ.get("QUERY_STRING", "")), keep_blank_values=True))

    @functools.cached_property
    def headers(self) -> Mapping[str, str]:
        """Return the headers; names may be looked up in any case."""
        headers: Mapping[str, str] = self._request().headers
        return headers

    @functools.cached_property
    def operation(self) -> str:
        """Return the operation's name as AWS writes it, such as ``RunInstances``, or ``""`` where there is none."""
        return self._routed[0]

    @functools.cached_property
    def parameters(self) -> dict[str, Any]:
        """Return the operation's parameters as botocore names them; ``{}`` where they cannot be read."""
        from moto.core.parse import PROTOCOL_PARSERS, RequestParserError

        if not self.operation:
            return {}
        model = self.model.operation_model(self.operation)
        request = self._request()
        body = request.data
        try:
            parsed = PROTOCOL_PARSERS[self.protocol](model).parse(
                {
                    "method": self.method, "values": request.values, "headers": request.headers, "body": body,
                    "url_path": request.path, "url_params": self._routed[1],
                }
            )  # fmt: skip
        except (RequestParserError, ValueError, KeyError, TypeError):
            return {}
        return dict(parsed)

    @functools.cached_property
    def model(self) -> Any:
        """Return the service's description (botocore's ``ServiceModel``)."""
        from moto.core.utils import get_service_model

        return get_service_model(self.service)

    @property
    def protocol(self) -> str:
        """Return the protocol of the request: ``ec2``, ``query``, ``json``, ``rest-json`` or ``rest-xml``."""
        from moto.core.request import determine_request_protocol

        return determine_request_protocol(self.model, self.environ.get("CONTENT_TYPE", ""))

    @property
    def is_reading(self) -> bool:
        """Say whether the call changes nothing."""
        return bool(_READING.match(self.operation))

    @property
    def is_data_event(self) -> bool:
        """Say whether AWS counts the call as data plane: objects of S3, endpoints of SageMaker."""
        return self.service in ("s3", "sagemaker-runtime") and bool(_DATA_EVENTS.search(self.operation))

    def remembered(self) -> Call:
        """Return a copy to keep: without streams and sockets, and without the body of a data event."""
        kept = copy.copy(self)
        kept.__dict__.pop("headers", None)
        kept.environ = {name: value for name, value in self.environ.items() if isinstance(value, str)}
        if self.is_data_event:
            kept.__dict__.pop("parameters", None)
            kept.body = b""
        return kept

    @functools.cached_property
    def _routed(self) -> tuple[str, dict[str, Any]]:
        from moto.core.routing import get_service_router
        from werkzeug.exceptions import NotFound

        if self.service in ("ec2", "iam", "sts"):  # one address and a form: no need to ask the router
            return dict(parse_qsl(self.body.decode(errors="replace"))).get("Action") or self.query.get("Action", ""), {}
        try:
            operation, parameters = get_service_router(self.service).match(self._request())
        except (NotFound, NotImplementedError):
            return "", {}
        return str(operation.name), parameters

    def _request(self) -> Any:
        from moto.core.request import Request

        return Request({**self.environ, "wsgi.input": io.BytesIO(self.body)})


_serving: contextvars.ContextVar[Call] = contextvars.ContextVar("serving")


@contextmanager
def serving(call: Call) -> Iterator[None]:
    """Make a call the current one of this thread."""
    token = _serving.set(call)
    try:
        yield
    finally:
        _serving.reset(token)


def current() -> Call | None:
    """Return the call being served, for code under moto that needs a parameter moto does not pass on."""
    return _serving.get(None)


def read(environ: dict[str, Any]) -> Call:
    """Take a WSGI request apart."""
    body = _body(environ)
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
    call = Call(environ, body)
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")) or _SCOPE.search(
        f"Credential={call.query.get('X-Amz-Credential', '')}"
    )
    if scope:
        call.access_key, _, call.region, signing = scope.groups()
        call.service = _SIGNING_NAMES.get(signing, signing)
    if call.service == "sagemaker" and call.path.endswith(("/invocations", "/async-invocations")):
        call.service = "sagemaker-runtime"
    return call


def _body(environ: dict[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated") or "chunked" in environ.get("HTTP_TRANSFER_ENCODING", ""):
        return bytes(stream.read())
    return bytes(stream.read(int(environ.get("CONTENT_LENGTH") or 0)))


def answer(call: Call, result: Mapping[str, Any]) -> Reply:
    """Write an operation's result (botocore's shape, as a client would receive it) in the call's protocol."""
    from moto.core.serialize import get_serializer_class

    serializer = get_serializer_class(call.service, call.protocol)(call.model.operation_model(call.operation))
    written = serializer.serialize(result)
    body = written["body"]
    headers = [(str(name), str(value)) for name, value in dict(written["headers"]).items()]
    return Reply(int(written["status_code"]), headers, body.encode() if isinstance(body, str) else bytes(body))


def refuse(call: Call, error: AwsError) -> Reply:
    """Write an error in the call's protocol."""
    code, message = escape(error.code), escape(error.message)
    if call.service == "s3":
        text = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{call.request_id}</RequestId></Error>"
    elif call.service == "ec2":
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{call.request_id}</RequestID></Response>"
        )
    elif _speaks_xml(call):
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{call.request_id}</RequestId></ErrorResponse>"
        )
    else:
        body = json.dumps({"__type": error.code, "message": error.message, "Message": error.message}).encode()
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", error.code)]
        return Reply(error.status, headers, body, error.code)
    return Reply(error.status, [("Content-Type", "text/xml")], text.encode(), error.code)


def _speaks_xml(call: Call) -> bool:
    try:
        return call.protocol in ("query", "rest-xml", "ec2")
    except (NotImplementedError, ImportError, LookupError):
        return False


_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")


def _code_in(reply: Reply) -> str:
    found = _XML_CODE.search(reply.body[:4000])
    if found:
        return found.group(1).decode()
    headers = {name.lower(): value for name, value in reply.headers}
    try:
        said = json.loads(reply.body).get("__type", "")
    except (ValueError, AttributeError):
        said = ""
    return str(said or headers.get("x-amzn-errortype", "")).rpartition("#")[2] or str(reply.status)

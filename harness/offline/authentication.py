"""The first gate: who signed a call, and that the signature is right.

Source: "AWS Signature Version 4 for API requests", AWS IAM user guide.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from harness.offline.call import AwsError, Call, Reply
from harness.offline.identity import Identities, Key
from harness.offline.layers import Next

_FOR_MOTO = "HTTP_X_MOTO_ACCOUNT_ID"
"""The header by which moto is told the account; whatever a client says in it is written over."""
_UNKNOWN = "The security token included in the request is invalid."
_WRONG = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_EC2 = "AWS was not able to validate the provided access credentials"
_JSON_CODES = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "ExpiredToken": "ExpiredTokenException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
}
_S3_CODES = {"InvalidClientTokenId": "InvalidAccessKeyId", "MissingAuthenticationToken": "AccessDenied"}


class Authentication:
    """Lets a call pass with its caller filled in, or refuses it with the code that its service uses.

    Not known here: anonymous reads of public S3 objects, SigV4a, and a client whose clock is wrong.
    """

    def __init__(self, identities: Identities) -> None:
        self.identities = identities

    def __call__(self, call: Call, forward: Next) -> Reply:
        access_key = call.access_key or call.query.get("AWSAccessKeyId")
        if access_key is None:
            raise refusal(call, "MissingAuthenticationToken", "Missing Authentication Token")
        key = self.identities.find(access_key)
        if key is None:
            raise refusal(call, "InvalidClientTokenId", _UNKNOWN)
        self._check(call, key)
        call.access_key, call.caller = access_key, key.caller
        call.environ[_FOR_MOTO] = key.caller.account
        return forward(call)

    def _check(self, call: Call, key: Key) -> None:
        token = call.headers.get("X-Amz-Security-Token") or call.query.get("X-Amz-Security-Token")
        if not key.is_active or token != key.token:
            raise refusal(call, "InvalidClientTokenId", _UNKNOWN)
        if not is_signed(call, key):
            raise refusal(call, "SignatureDoesNotMatch", _WRONG)
        if key.expires is not None and key.expires < datetime.datetime.now(datetime.UTC).replace(tzinfo=None):
            raise refusal(call, "ExpiredToken", "The security token included in the request is expired")


def refusal(call: Call, code: str, message: str) -> AwsError:
    """Return an authentication error as the call's service words it."""
    if call.service == "ec2":
        return AwsError("RequestExpired", message) if code == "ExpiredToken" else AwsError("AuthFailure", _EC2, 401)
    if call.service == "s3":
        return AwsError(_S3_CODES.get(code, code), message, 403)
    if call.service in ("iam", "sts", "cloudwatch"):
        return AwsError(code, message, 403)
    return AwsError(_JSON_CODES[code], message)


def is_signed(call: Call, key: Key) -> bool:
    """Say whether the call was signed with the key's secret and is unchanged since."""
    credentials = Credentials(key.access_key, key.secret, key.token)
    if "AWSAccessKeyId" in call.query:
        return _is_signed_by_query_v2(call, credentials)
    given = call.environ.get("HTTP_AUTHORIZATION", "")
    if given:
        claimed, signed = _claim(given, "Signature"), _claim(given, "SignedHeaders")
        return hmac.compare_digest(claimed, _signature(call, credentials, signed)) and _is_body_whole(call)
    return hmac.compare_digest(
        call.query.get("X-Amz-Signature", ""), _signature(call, credentials, call.query.get("X-Amz-SignedHeaders", ""))
    )


def _claim(authorization: str, name: str) -> str:
    found = re.search(rf"{name}=([^,\s]+)", authorization)
    return found.group(1) if found else ""


def _signature(call: Call, credentials: Credentials, signed_headers: str) -> str:
    signer = (S3SigV4Auth if call.service.startswith("s3") else SigV4Auth)(
        credentials, _scope(call)[3], _scope(call)[2]
    )
    headers = {name: call.headers.get(name, "") for name in signed_headers.split(";") if name}
    request = AWSRequest(method=call.method, url=f"http://{call.headers['Host']}{_target(call)}", headers=headers)
    request.data = call.body
    request.context["timestamp"] = call.headers.get("X-Amz-Date") or call.query.get("X-Amz-Date", "")
    if "X-Amz-Signature" in call.query and call.service.startswith("s3"):
        request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    canonical = _canonical(signer, request, headers)
    return str(signer.signature(signer.string_to_sign(request, canonical), request))


def _canonical(signer: Any, request: AWSRequest, headers: dict[str, str]) -> str:
    """Return the canonical request over exactly the headers that the client says it signed."""
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    digest = request.headers.get("X-Amz-Content-SHA256") or hashlib.sha256(request.data or b"").hexdigest()
    url = request.url.split("//", 1)[1]
    path = "/" + url.partition("/")[2].partition("?")[0]
    return "\n".join(
        [
            request.method,
            signer._normalize_url_path(path),  # as botocore signs, so it is checked
            signer.canonical_query_string(request),
            "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
            ";".join(sorted(signed)),
            digest,
        ]
    )


def _target(call: Call) -> str:
    """Return path and query as they were signed: without the signature itself."""
    query = str(call.environ.get("QUERY_STRING", ""))
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("X-Amz-Signature="))
    return call.path + (f"?{kept}" if kept else "")


def _scope(call: Call) -> list[str]:
    credential = _claim(call.environ.get("HTTP_AUTHORIZATION", ""), "Credential")
    return (credential or call.query.get("X-Amz-Credential", "////")).split("/")


def _is_body_whole(call: Call) -> bool:
    claimed = call.headers.get("X-Amz-Content-SHA256", "")
    return not re.fullmatch(r"[0-9a-f]{64}", claimed) or claimed == hashlib.sha256(call.body).hexdigest()


def _is_signed_by_query_v2(call: Call, credentials: Credentials) -> bool:
    """Check a presigned S3 URL of the older kind, which boto3 still makes by default."""
    query = parse_qs(str(call.environ.get("QUERY_STRING", "")), keep_blank_values=True)
    expires = query.get("Expires", ["0"])[0]
    if float(expires) < datetime.datetime.now(datetime.UTC).timestamp():
        raise AwsError("AccessDenied", "Request has expired", 403)
    signer = _Expiring(credentials, expires)
    split = urlsplit(f"http://{call.headers['Host']}{call.path}?{call.environ.get('QUERY_STRING', '')}")
    signature = signer.get_signature(call.method, split, HTTPHeaders())
    return hmac.compare_digest(query.get("Signature", [""])[0], signature)


class _Expiring(HmacV1QueryAuth):  # type: ignore[misc]
    """Signs with the moment of expiry that the URL names; botocore's counts from now."""

    def _get_date(self) -> str:
        return str(self._expires)

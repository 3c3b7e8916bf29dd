"""What Azure answered, whichever SDK carried it: status, code, words, and a claims challenge if there is one."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import ClientAuthenticationError
from azure.core.rest import AsyncHttpResponse

CHALLENGE = "insufficient_claims"
"""The error of a claims challenge in `WWW-Authenticate`, and the code of one that comes without any."""


@dataclass(frozen=True)
class Presented:
    """What a token that was refused says."""

    audience: str = ""
    tenant: str = ""
    is_app: bool = False
    """It is a service principal's or a managed identity's."""


@dataclass(frozen=True)
class Answer:
    """What Azure said."""

    status: int
    code: str
    message: str
    request_id: str = ""
    details: tuple[Mapping[str, Any], ...] = ()
    claims: str = ""
    """Of a claims challenge: base64, as `az login --claims-challenge` takes it."""
    presented: Presented = Presented()


class ClaimsChallenge(ClientAuthenticationError):
    """A service wants a sign-in with more than this one has, and the credential can't get it by itself."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(message=f"{answer.code}: {answer.message}")
        self.answer = answer


class NoToken(ClientAuthenticationError):
    """A credential gave no token. `words` are its own, `credential` is its class's name; "" for none at all."""

    def __init__(self, credential: str, reason: str) -> None:
        super().__init__(message=f"{credential}: {reason}" if credential else reason)
        self.credential = credential
        self.words = without_objects(reason)


def without_objects(text: str) -> str:
    """Return a library's words without the objects that aiohttp shows in them: how TLS is set up, another error."""
    text = re.sub(r" ssl:(?:<[^>]*>|\w+)", "", text)
    return re.sub(r"<\w+Error: \d+, message=(['\"])(.*?)\1>", r"\2", text)


def claims_of(header: str) -> str:
    """Return the claims of a claims challenge in a `WWW-Authenticate` header, as they stand there; "" without one.

    A header may have several challenges, `PoP` before `Bearer`. The last one's claims count.
    """
    if CHALLENGE not in header:
        return ""
    found: list[str] = re.findall(r'(?i)\bclaims\s*=\s*"?([\w+/=%-]+)', header)
    return found[-1] if found else ""


def decoded(claims: str) -> str:
    """Return the JSON of base64 claims; "" for what is no base64."""
    try:
        return base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""


def presented(authorization: str) -> Presented:
    """Return what the token in an Authorization header says, unverified; nothing where there is none."""
    import jwt

    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), options={"verify_signature": False})
    except jwt.PyJWTError:
        return Presented()
    app = claims.get("idtyp") == "app"
    return Presented(str(claims.get("aud", "")), str(claims.get("tid", "")), app)


def answer_of(error: BaseException) -> Answer | None:
    """Return Azure's answer when `error` carries one: azure-core's and kiota's exceptions do."""
    from azure.core.exceptions import DecodeError, HttpResponseError
    from kiota_abstractions.api_error import APIError

    if isinstance(error, ClaimsChallenge):
        return error.answer
    if isinstance(error, HttpResponseError) and error.status_code is not None and not isinstance(error, DecodeError):
        headers = getattr(error.response, "headers", {})
        request = getattr(error.response, "request", None)
        inner = error.error
        return Answer(
            int(error.status_code),
            str((inner and inner.code) or "") or _code_in_body(error),
            str((inner and inner.message) or error.reason or error.message),
            request_id_of(headers),
            _details(error),
            claims_of(headers.get("WWW-Authenticate", "")),
            presented(getattr(request, "headers", {}).get("Authorization", "")),
        )
    if isinstance(error, APIError) and error.response_status_code:
        graph = getattr(error, "error", None)
        headers = {str(name).lower(): str(value) for name, value in (error.response_headers or {}).items()}
        code, message = getattr(graph, "code", None) or "", getattr(graph, "message", None) or str(error)
        details = tuple({"code": detail.code} for detail in getattr(graph, "details", None) or ())
        return Answer(error.response_status_code, code, message, headers.get("request-id", ""), details)
    return None


async def content_of(answer: Any) -> bytes:
    """Read an answer's body, which its client can then read too; of either generation of azure-core's clients."""
    if isinstance(answer, AsyncHttpResponse):
        return await answer.read()
    await answer.load_body()
    return bytes(answer.body())


def request_id_of(headers: Mapping[str, str]) -> str:
    """Return what Azure's support finds a request by; an instance's data plane has only the last two of the names."""
    names = ("x-ms-request-id", "x-ms-correlation-request-id", "mise-correlation-id", "traceresponse")
    return next((str(headers[name]) for name in names if headers.get(name)), "")


def _code_in_body(error: Any) -> str:
    try:
        found = error.response.json()["error"]
        return str(found["code"] if isinstance(found, dict) else found)
    except Exception:  # noqa: BLE001 - whatever the body is, it has no code
        return ""


def _details(error: Any) -> tuple[Mapping[str, Any], ...]:
    try:
        found = error.response.json()["error"]
        return (*found.get("details", ()), *found.get("additionalInfo", ()))
    except Exception:  # noqa: BLE001 - whatever the body is, it has no details
        return ()

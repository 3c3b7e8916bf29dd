"""Repeats and fresh tokens of requests, decided in one place for both SDK families.

A request is repeated on a dropped, cut or garbled answer and on 408, 429, 500, 502, 503 and 504; after `Retry-After`
when Azure names one, else after a doubling pause; `RETRIES` times, and only if a repeat is the same request: every GET,
PUT and DELETE, the PATCHes that name what they write, and Resource Manager's POSTs, which create nothing. A POST to
Graph is repeated here only where Graph says that it was busy and did nothing. A token that is refused is asked for
anew, once; a claims challenge that the credential can't meet ends the request.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Protocol

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceResponseError
from azure.core.pipeline.policies import AsyncHTTPPolicy, AsyncRetryPolicy
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from cloud.answers import ClaimsChallenge, answer_of, claims_of, content_of, decoded

RETRIES = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
TRANSIENT = (408, 429, 500, 502, 503, 504)
REPEATABLE = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "POST")
"""The methods of Resource Manager of which a repeat is the same request."""

Notice = Callable[[str], None]


class RenewableCredential(AsyncTokenCredential, Protocol):
    """A credential that can be told that a token was refused."""

    def forget(self, scope: str, refused: str) -> bool:
        """Forget a refused token; return whether asking again can give another."""


def retry_after(value: str | None) -> float | None:
    """Return a `Retry-After` header's seconds, given as seconds or as a date; None when there is none."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except ValueError:
        return None


def pause(attempt: int, named: float | None) -> float:
    """Return the seconds before attempt number `attempt` + 1: what Azure named, else doubling."""
    return named if named is not None else float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1)))


def garbled(status: int, content_type: str, content: bytes, shape: type | tuple[type, ...] = dict) -> str | None:
    """Return why an answer can't be Azure's, or None. A captive portal or a cut answer looks like this.

    A refusal may be of any type and shape, but what says that it is JSON has to be. What is repeated by its status
    is not looked at, as it may name a `Retry-After`.
    """
    if not content or status in TRANSIENT:
        return None
    refused = status >= 300
    if "json" not in content_type.lower():
        return None if refused else f"the answer is {content_type or 'of no type'}, not JSON"
    try:
        answer = json.loads(content)
    except ValueError:
        return "the answer is not JSON, or was cut"
    return None if refused or isinstance(answer, shape) else "the answer is JSON of another shape than Azure's"


class ArmRetryPolicy(AsyncRetryPolicy):  # type: ignore[type-arg]  # its parameters are of no use here
    """azure-core's retries, with every pause shown, for Resource Manager and for tokens."""

    def __init__(self, notice: Notice, whose: str = "Azure") -> None:
        super().__init__(
            retry_total=RETRIES,
            retry_connect=RETRIES,
            retry_read=RETRIES,
            retry_status=RETRIES,
            # From its second repeat on azure-core pauses factor * 2 ** (repeats - 1).
            retry_backoff_factor=FIRST_PAUSE,
            retry_backoff_max=LONGEST_PAUSE,
        )
        self._notice, self._whose = notice, whose

    def configure_retries(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return a request's settings. Which methods to repeat is an option of each request, not of the policy.

        Resource Manager creates with PUT; its POSTs are questions (is this name free?) and registrations.
        """
        options.setdefault("retry_on_methods", REPEATABLE)
        return super().configure_retries(options)

    async def sleep(self, settings: Any, transport: Any, response: Any = None) -> None:
        """Pause before a repeat, and say why."""
        if response is None:
            self._notice(f"the connection to {self._whose} failed; trying again")
        else:
            named = retry_after(response.http_response.headers.get("Retry-After"))
            self._notice(why_again(response.http_response.status_code, named, self._whose))
        await super().sleep(settings, transport, response)


class JsonBodyCheck(AsyncHTTPPolicy[Any, Any]):
    """Treats an answer that can't be Azure's as one that was lost.

    What this tool reads is an object, with lists in its `value`, but for a few: `shape` says so.
    """

    def __init__(self, shape: type | tuple[type, ...] = dict) -> None:
        super().__init__()
        self._shape = shape

    async def send(self, request: Any) -> Any:
        """Send; ServiceResponseError, which azure-core repeats on, for a garbled answer."""
        response = await self.next.send(request)
        answer = response.http_response
        # An empty answer can be read only once, and that is for the client to do.
        empty = answer.status_code == 204 or answer.headers.get("Content-Length") == "0"
        if not empty:
            content_type = answer.headers.get("Content-Type", "")
            problem = garbled(answer.status_code, content_type, await content_of(answer), self._shape)
            if problem:
                raise ServiceResponseError(f"{request.http_request.url.partition('?')[0]}: {problem}.")
        return response


class ReauthenticateOnce(AsyncARMChallengeAuthenticationPolicy):
    """Answers a refused token, or a claims challenge, with a fresh token, once.

    ClaimsChallenge where the credential has none that is as the challenge wants.
    """

    def __init__(self, credential: RenewableCredential, scope: str) -> None:
        super().__init__(credential, scope)
        self._shared, self._scope = credential, scope

    async def send(self, request: Any) -> Any:
        """Send; once more with a fresh token when a token was refused without a challenge.

        So does an instance's data plane (recorded in 2022 and 2025); azure-core asks `on_challenge` only for one.
        """
        response = await super().send(request)
        answer = response.http_response
        unexplained = answer.status_code == 401 and "WWW-Authenticate" not in answer.headers
        return await self.next.send(request) if unexplained and await self._renew(request) else response

    async def on_challenge(self, request: Any, response: Any) -> bool:
        """Authorize the request anew."""
        claims = claims_of(response.http_response.headers.get("WWW-Authenticate", ""))
        if claims:
            try:
                await self.authorize_request(request, self._scope, claims=decoded(claims))
            except ClientAuthenticationError as error:
                answer = answer_of(HttpResponseError(response=response.http_response))
                assert answer is not None  # noqa: S101 - there is an answer
                raise ClaimsChallenge(answer) from error
            return True
        return await self._renew(request)

    async def _renew(self, request: Any) -> bool:
        refused = request.http_request.headers["Authorization"].removeprefix("Bearer ")
        if not self._shared.forget(self._scope, refused):
            return False
        await self.authorize_request(request, self._scope)
        return True


def why_again(status: int, named: float | None, whose: str = "Azure") -> str:
    """Say why a request is sent again, and when."""
    what = f"{whose} is throttling" if status == 429 else f"{whose} answered {status}"
    return f"{what}; trying again in {named:.0f} s" if named else f"{what}; trying again"

"""Repeats, time-outs and fresh tokens of requests, decided in one place for both SDK families.

A request is repeated on a dropped, cut or garbled answer and on 408, 429, 500, 502, 503 and 504; after `Retry-After`
when Azure names one, else after a doubling pause; `RETRIES` times, and only if a repeat is the same request: every GET,
PUT and DELETE, the PATCHes that name what they write, and Resource Manager's POSTs, which create nothing. A POST to
Graph is never repeated here. A token that is refused is asked for anew, once.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import Any, Protocol

import httpx
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.policies import AsyncHTTPPolicy, AsyncRetryPolicy
from azure.core.rest import AsyncHttpResponse
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy
from kiota_http.middleware import BaseMiddleware
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, retry_if_result, stop_after_attempt

CONNECT_SECONDS, READ_SECONDS = 10, 30
RETRIES = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
TRANSIENT = (408, 429, 500, 502, 503, 504)
REPEATABLE = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "POST")
"""The methods of Resource Manager of which a repeat is the same request."""

log = logging.getLogger("cloud")

Notice = Callable[[str], None]


class RenewableCredential(AsyncTokenCredential, Protocol):
    """A credential that can be told that a token was refused."""

    def forget(self, scope: str, refused: str) -> bool:
        """Forget a refused token; return whether asking again can give another."""


def log_request(what: str, status: int, begun: float, request_id: str) -> None:
    """Log an attempt that was answered, without headers or bodies; `begun` is a time.monotonic()."""
    log.info("%s %s %.2fs %s", what, status, monotonic() - begun, request_id)


def log_failure(what: str, begun: float, error: Exception) -> None:
    """Log an attempt that was not answered."""
    log.info("%s failed after %.2fs: %s", what, monotonic() - begun, type(error).__name__)


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


def garbled(content_type: str, content: bytes) -> str | None:
    """Return why a successful answer can't be Azure's, or None. A captive portal or a cut answer looks like this."""
    if not content:
        return None
    if "json" not in content_type.lower():
        return f"the answer is {content_type or 'of no type'}, not JSON"
    try:
        json.loads(content)
    except ValueError:
        return "the answer is not JSON, or was cut"
    return None


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
            self._notice(_why(response.http_response.status_code, named, self._whose))
        await super().sleep(settings, transport, response)


class JsonBodyCheck(AsyncHTTPPolicy[Any, Any]):
    """Treats a successful answer that can't be Azure's as one that was lost."""

    async def send(self, request: Any) -> Any:
        """Send; ServiceResponseError, which azure-core repeats on, for a garbled answer."""
        response = await self.next.send(request)
        answer = response.http_response
        # An empty answer can be read only once, and that is for the client to do.
        empty = answer.status_code == 204 or answer.headers.get("Content-Length") == "0"
        if answer.status_code < 300 and not empty:
            if isinstance(answer, AsyncHttpResponse):
                content = await answer.read()
            else:  # what the older generation of clients gets
                await answer.load_body()
                content = answer.body()
            problem = garbled(answer.headers.get("Content-Type", ""), content)
            if problem:
                raise ServiceResponseError(f"{request.http_request.url.partition('?')[0]}: {problem}.")
        return response


class ReauthenticateOnce(AsyncARMChallengeAuthenticationPolicy):
    """Answers a refused token with a fresh one, once. Claims challenges are the base class's."""

    def __init__(self, credential: RenewableCredential, scope: str) -> None:
        super().__init__(credential, scope)
        self._shared, self._scope = credential, scope

    async def on_challenge(self, request: Any, response: Any) -> bool:
        """Authorize the request anew."""
        if await super().on_challenge(request, response):
            return True
        refused = request.http_request.headers["Authorization"].removeprefix("Bearer ")
        if not self._shared.forget(self._scope, refused):
            return False
        await self.authorize_request(request, self._scope)
        return True


class GraphRetryMiddleware(BaseMiddleware):
    """The same for Microsoft Graph, in place of kiota's retries, which repeat POST and no dropped connection."""

    def __init__(self, notice: Notice, credential: RenewableCredential, scope: str) -> None:
        super().__init__()
        self._notice, self._credential, self._scope = notice, credential, scope

    async def send(self, request: httpx.Request, transport: httpx.AsyncBaseTransport) -> httpx.Response:
        """Send the request, and again while that may help. Returns the last answer or raises the last error."""

        async def once() -> httpx.Response:
            begun, what = monotonic(), f"{request.method} {request.url}"
            try:
                response = await super(GraphRetryMiddleware, self).send(request, transport)
                await response.aread()
            except httpx.TransportError as error:
                log_failure(what, begun, error)
                raise
            log_request(what, response.status_code, begun, response.headers.get("request-id", ""))
            if response.is_success:
                problem = garbled(response.headers.get("Content-Type", ""), response.content)
                if problem:
                    raise httpx.RemoteProtocolError(f"{request.url.copy_with(query=None)}: {problem}.")
            return response

        if request.method == "POST":
            return await once()
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(httpx.TransportError)
            | retry_if_result(lambda response: response.status_code in TRANSIENT),
            wait=_graph_pause,
            stop=stop_after_attempt(RETRIES + 1),
            before_sleep=self._say,
            retry_error_callback=_last,
        )
        response: httpx.Response = await attempts(once)
        if response.status_code == 401 and "claims=" not in response.headers.get("WWW-Authenticate", ""):
            refused = request.headers["Authorization"].removeprefix("Bearer ")
            if self._credential.forget(self._scope, refused):
                token = await self._credential.get_token(self._scope)
                request.headers["Authorization"] = f"Bearer {token.token}"
                response = await attempts(once)
        return response

    def _say(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error or state.outcome is None:
            self._notice("the connection to Azure failed; trying again")
        else:
            answer = state.outcome.result()
            self._notice(_why(answer.status_code, retry_after(answer.headers.get("Retry-After"))))


def _graph_pause(state: RetryCallState) -> float:
    failed = state.outcome is None or state.outcome.exception() is not None
    named = None if failed else retry_after(state.outcome.result().headers.get("Retry-After"))  # type: ignore[union-attr]
    return pause(state.attempt_number, named)


def _last(state: RetryCallState) -> httpx.Response:
    assert state.outcome is not None  # noqa: S101 - there was an attempt
    answer: httpx.Response = state.outcome.result()
    return answer


def _why(status: int, named: float | None, whose: str = "Azure") -> str:
    what = f"{whose} is throttling" if status == 429 else f"{whose} answered {status}"
    return f"{what}; trying again in {named:.0f} s" if named else f"{what}; trying again"

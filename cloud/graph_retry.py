"""Retries for Microsoft Graph, in place of kiota's."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

import httpx
from azure.core.exceptions import ClientAuthenticationError
from kiota_http.middleware import BaseMiddleware
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, retry_if_result

from cloud import clock
from cloud.answers import Answer, ClaimsChallenge, claims_of, decoded, presented
from cloud.request_log import log_failure, log_request, loggable
from cloud.retry import RETRIES, TRANSIENT, Notice, RenewableCredential, garbled, pause, retry_after, why_again
from cloud.transport import CONNECTIONS

if TYPE_CHECKING:
    from cloud.traffic import Traffic

BUSY_SECONDS = 60
"""How long is waited for a directory that is busy with other writes."""


class GraphRetryMiddleware(BaseMiddleware):
    """The same for Microsoft Graph, in place of kiota's retries, which repeat any POST and no dropped connection.

    A POST is repeated only where Graph says that it did nothing: after a 429, and when the directory is busy. Source of
    the first: "Microsoft Graph throttling guidance" (the requests fail; wait for Retry-After and retry them).
    """

    def __init__(
        self, notice: Notice, credential: RenewableCredential, scope: str, traffic: Traffic | None = None
    ) -> None:
        super().__init__()
        self._notice, self._credential, self._scope, self._traffic = notice, credential, scope, traffic
        self._free = asyncio.Semaphore(CONNECTIONS)  # httpx looks through all that wait whenever one is done
        self._shut_until = 0.0
        """A time.monotonic(): Graph has said not to ask before."""

    async def send(self, request: httpx.Request, transport: httpx.AsyncBaseTransport) -> httpx.Response:
        """Send the request, and again while that may help. Returns the last answer or raises the last error."""

        async def once() -> httpx.Response:
            if (shut := self._shut_until - monotonic()) > 0:  # a refusal holds for all that this run asks
                await asyncio.sleep(shut)
            begun, what = monotonic(), f"{request.method} {loggable(str(request.url))}"
            try:
                async with self._free:
                    response = await super(GraphRetryMiddleware, self).send(request, transport)
                    await response.aread()
            except httpx.TransportError as error:
                log_failure(what, begun, error)
                raise
            clock.note(response.headers)
            if response.status_code == 429:
                named = retry_after(response.headers.get("Retry-After")) or 0.0
                self._shut_until = max(self._shut_until, monotonic() + named)
            log_request(what, response.status_code, begun, response.headers.get("request-id", ""))
            if self._traffic is not None:
                asked = (request.method, str(request.url), request.headers, await request.aread())
                self._traffic.record(asked, response.status_code, response.headers, response.content, begun)
            problem = garbled(response.status_code, response.headers.get("Content-Type", ""), response.content)
            if problem:
                raise httpx.RemoteProtocolError(f"{request.url.copy_with(query=None)}: {problem}.")
            return response

        repeatable = request.method != "POST"
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(httpx.TransportError if repeatable else ())
            | retry_if_result(lambda answer: did_nothing(answer) or (repeatable and answer.status_code in TRANSIENT)),
            wait=_graph_pause,
            stop=_has_tried_enough,
            before_sleep=self._say,
            retry_error_callback=_last,
        )
        response: httpx.Response = await attempts(once)
        if response.status_code != 401:
            return response
        claims = claims_of(response.headers.get("WWW-Authenticate", ""))
        refused = request.headers["Authorization"].removeprefix("Bearer ")
        if not claims and not self._credential.forget(self._scope, refused):
            return response
        try:
            if claims:
                token = await self._credential.get_token(self._scope, claims=decoded(claims))
            else:
                token = await self._credential.get_token(self._scope)
        except ClientAuthenticationError as error:
            if claims:
                raise _challenge(request, response, claims) from error
            raise
        request.headers["Authorization"] = f"Bearer {token.token}"
        response = await attempts(once)
        claims = claims_of(response.headers.get("WWW-Authenticate", "")) if response.status_code == 401 else ""
        if claims:
            raise _challenge(request, response, claims)
        return response

    def _say(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error or state.outcome is None:
            self._notice("the connection to Azure failed; trying again")
        else:
            answer = state.outcome.result()
            self._notice(why_again(answer.status_code, retry_after(answer.headers.get("Retry-After"))))


def did_nothing(answer: httpx.Response) -> bool:
    """Whether the answer says that the request was not carried out, so that also a POST may be sent again."""
    return answer.status_code == 429 or is_busy(answer)


def is_busy(answer: httpx.Response) -> bool:
    """Whether Graph says that it did nothing, as others write to the directory at the same time.

    The code is Directory_ConcurrencyViolation. Source: "Microsoft Graph error responses and resource types".
    """
    if answer.status_code != 409:
        return False
    try:
        code = str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return False
    return "concurren" in code.lower()


def _has_tried_enough(state: RetryCallState) -> bool:
    answer = None if state.outcome is None or state.outcome.exception() else state.outcome.result()
    if answer is not None and is_busy(answer):
        return (state.seconds_since_start or 0.0) >= BUSY_SECONDS
    return state.attempt_number > RETRIES


def _challenge(request: httpx.Request, response: httpx.Response, claims: str) -> ClaimsChallenge:
    try:
        error = response.json()["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", ""
    token = presented(request.headers.get("Authorization", ""))
    return ClaimsChallenge(
        Answer(401, code, message, response.headers.get("request-id", ""), claims=claims, presented=token)
    )


def _graph_pause(state: RetryCallState) -> float:
    failed = state.outcome is None or state.outcome.exception() is not None
    named = None if failed else retry_after(state.outcome.result().headers.get("Retry-After"))  # type: ignore[union-attr]
    return pause(state.attempt_number, named)


def _last(state: RetryCallState) -> httpx.Response:
    assert state.outcome is not None  # noqa: S101 - there was an attempt
    answer: httpx.Response = state.outcome.result()
    return answer

"""Resource Manager as it is: replicated, so what this run has just written may not be known everywhere yet; and busy.

Source: hashicorp/terraform-provider-azurerm#18268 (Microsoft's support, quoted), #25758, #4682; azure-sdk-for-go#21608.
"""

from __future__ import annotations

import asyncio
import json
import re
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.pipeline.policies import AsyncHTTPPolicy

from cloud.answers import content_of
from cloud.waiting import FIRST, LAST

if TYPE_CHECKING:
    from cloud.retry import Notice

BOUND = 90
"""Seconds until every replica shows a write."""
ABSENT = frozenset(("NotFound", "ParentResourceNotFound", "ResourceGroupNotFound", "ResourceNotFound"))
"""Codes of 404 for a resource, or what contains it."""
BUSY = frozenset(("AnotherOperationInProgress", "RetryableError"))
"""Codes of 409 that say to come again. Source of the first: "Troubleshoot common Azure deployment errors"."""
_PROVIDER = re.compile(r"(/subscriptions/[^/]+/providers/[^/]+)(/register)?")
_WITHIN_PROVIDER = re.compile(r"(/subscriptions/[^/]+)/.*?(/providers/[^/]+)/")


class Written:
    """What this run has written, and since when: paths, and the operations that Resource Manager began for it."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def note(self, method: str, path: str, operations: tuple[str, ...] = (), now: float | None = None) -> None:
        """Remember a request that succeeded; `now` is a time.monotonic().

        A provider counts also when it was only read: whoever registers resources in it has seen it registered.
        """
        path, moment = path.lower(), monotonic() if now is None else now
        if method == "DELETE":
            self._at = {known: at for known, at in self._at.items() if not f"{known}/".startswith(f"{path}/")}
        elif method == "PUT":
            self._at.setdefault(path, moment)
        elif provider := _PROVIDER.fullmatch(path):
            self._at[provider[1]] = moment
        for operation in operations:
            self._at.setdefault(operation.lower(), moment)

    def explain(self, method: str, path: str, status: int, code: str, now: float | None = None) -> bool:
        """Whether a refusal may be a replica that lags behind one of these writes, which is at most BOUND ago."""
        path, moment = path.lower(), monotonic() if now is None else now

        def is_recent(known: str) -> bool:
            return moment - self._at.get(known, -BOUND) < BOUND

        if status == 409 and code == "MissingSubscriptionRegistration":
            provider = _WITHIN_PROVIDER.match(f"{path}/")
            return provider is not None and is_recent(provider[1] + provider[2])
        if status != 404:
            return False
        if method in ("GET", "HEAD"):
            return is_recent(path)
        # Anything else that is not there yet is no reason to wait: what is deleted may well be gone.
        return (
            method != "DELETE" and code in ABSENT and any(path.startswith(f"{at}/") for at in self._at if is_recent(at))
        )


class RideOutReplicas(AsyncHTTPPolicy[Any, Any]):
    """Repeats a request that a replica refuses as it lags behind what this run wrote, or another operation holds up."""

    def __init__(self, written: Written, notice: Notice) -> None:
        super().__init__()
        self._written, self._notice = written, notice

    async def send(self, request: Any) -> Any:
        """Send, and again while a write of this run, or another's, explains the refusal. Returns the last answer."""
        method, url = request.http_request.method, urlsplit(request.http_request.url)
        begun_at, pause = monotonic(), FIRST
        while True:
            response = await self.next.send(request)
            answer = response.http_response
            if answer.status_code < 300:
                begun = [answer.headers.get(name) for name in ("Azure-AsyncOperation", "Location")]
                self._written.note(method, url.path, tuple(urlsplit(found).path for found in begun if found))
                return response
            if answer.status_code not in (404, 409):
                return response
            code = await _code(answer)
            if code in BUSY and monotonic() - begun_at < BOUND:
                self._notice(f"something else is being done there ({code}); trying again")
            elif self._written.explain(method, url.path, answer.status_code, code):
                self._notice(f"Azure does not show everywhere yet what was just written ({code}); trying again")
            else:
                return response
            await asyncio.sleep(pause)
            pause = min(LAST, pause * 2)


async def _code(answer: Any) -> str:
    """Return the code of an error's body; "" where there is none."""
    try:
        return str(json.loads(await content_of(answer))["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""

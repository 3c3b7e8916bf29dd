"""Keeps within Resource Manager's limits: slows down before a request would be refused.

Azure counts the requests of a principal in a subscription in token buckets: one for reads, one for writes, one for
deletes. Each answer says how many are left, in `x-ms-ratelimit-remaining-subscription-reads` and the like. A request
goes out while the bucket has more than those that are on their way take, and a reserve for whatever else the person
runs; otherwise it waits for the next answer, or for what is refilled meanwhile. After a 429 everything of that bucket
waits for as long as Azure says. Source: "Understand how Azure Resource Manager throttles requests" in the Azure
documentation.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.pipeline.policies import AsyncHTTPPolicy

from cloud.retry import retry_after

if TYPE_CHECKING:
    from cloud.retry import Notice

REFILL = {"reads": 25.0, "writes": 10.0, "deletes": 10.0}
"""Tokens a second that a bucket is refilled with."""
RESERVE = 10
"""Requests that are left in a bucket. Each that is lacking of them doubles the pause: others take of the refill too."""
DEEPEST = 10
"""How many times the pause is doubled at most."""
UNKNOWN = 20
"""How many requests are on their way at most while no answer has said what is left."""
QUIET = 60.0
"""Seconds after which it is said again that requests wait."""
_KINDS = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/?]+)", re.IGNORECASE)


class Bucket:
    """What is known of one bucket, and who waits for it. `refill` is in tokens a second."""

    def __init__(self, refill: float, notice: Callable[[], None], seconds: Callable[[], float] = monotonic) -> None:
        self._refill, self._notice, self._seconds = refill, notice, seconds
        self._left: float | None = None
        self._at = 0.0
        self._shut_until = 0.0
        self._on_their_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        """Return when a request may go out; each `take` is followed by a `give`."""
        if not self._waiting and self._free() >= 1:
            self._on_their_way += 1
            return
        if self._left is not None:
            self._notice()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._let_go()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(None)
            raise

    def give(self, left: int | None, shut: float = 0.0) -> None:
        """Note that a request has ended: how many are left, None where its answer didn't say; and, after a refusal,
        for how many seconds none is to be sent.
        """
        self._on_their_way -= 1
        now = self._seconds()
        if left is not None:
            self._left, self._at = left, now
        elif self._left is not None:
            self._left -= 1
        self._shut_until = max(self._shut_until, now + shut if shut else 0.0)
        self._let_go()

    def _free(self) -> float:
        """Return how many more requests may go out now; negative where too many are on their way."""
        now = self._seconds()
        if now < self._shut_until:
            return (now - self._shut_until) * self._refill
        if self._left is None:
            return UNKNOWN - self._on_their_way
        refilled = (now - self._at) * self._refill
        spare = self._left - self._on_their_way - RESERVE
        return refilled + spare if spare >= 0 else refilled + 1 - 2.0 ** min(-spare, DEEPEST)

    def _let_go(self) -> None:
        """Let those go who may, in turn; look again when what is refilled suffices for the next."""
        while self._waiting and self._free() >= 1:
            turn = self._waiting.popleft()
            if not turn.done():
                self._on_their_way += 1
                turn.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and (self._left is not None or self._seconds() < self._shut_until):
            pause = max(0.01, (1 - self._free()) / self._refill)
            self._timer = asyncio.get_running_loop().call_later(pause, self._let_go)


class Pace:
    """The buckets of a run, by subscription (or none) and kind of operation."""

    def __init__(self, notice: Notice) -> None:
        self._notice = notice
        self._buckets: dict[tuple[str, str, str], Bucket] = {}
        self._told = -QUIET

    def bucket(self, method: str, url: str) -> tuple[Bucket, str]:
        """Return the bucket of a request, and the header that says what is left in it."""
        kind = _KINDS.get(method, "writes")
        address = urlsplit(url)
        found = _SUBSCRIPTION.match(address.path)
        key = (address.netloc, found[1].lower() if found else "", kind)
        if key not in self._buckets:
            self._buckets[key] = Bucket(REFILL[kind], self._tell)
        return self._buckets[key], f"x-ms-ratelimit-remaining-{'subscription' if found else 'tenant'}-{kind}"

    def _tell(self) -> None:
        now = monotonic()
        if now - self._told >= QUIET:
            self._told = now
            self._notice("going slower, to stay within Azure's limits on requests")


class PaceRequests(AsyncHTTPPolicy[Any, Any]):
    """Sends each attempt when its bucket allows it."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace

    async def send(self, request: Any) -> Any:
        """Wait for the bucket, send, and note what is left."""
        bucket, header = self._pace.bucket(request.http_request.method, request.http_request.url)
        await bucket.take()
        left, shut = None, 0.0
        try:
            response = await self.next.send(request)
            left, shut = told(response.http_response.status_code, response.http_response.headers, header)
        finally:
            bucket.give(left, shut)
        return response


def told(status: int, headers: Mapping[str, str], header: str) -> tuple[int | None, float]:
    """Return what an answer says: how many requests are left, None where it doesn't; and the seconds to wait after 429.

    A 429 that names no limit of Resource Manager's own may be a resource provider's: it holds nobody else.
    """
    try:
        left = int(headers.get(header, ""))
    except ValueError:
        left = None
    is_spent = status == 429 and left is not None and left <= 0
    return left, (retry_after(headers.get("Retry-After")) or 0.0) if is_spent else 0.0

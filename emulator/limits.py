"""Resource Manager's limits on requests, played on request: token buckets of each principal in each subscription.

Size and refill of a bucket are those of "Understand how Azure Resource Manager throttles requests" in the Azure
documentation, as they are since 2024; all principals of a subscription together have fifteen times that. Requests
outside of any subscription count for the tenant. What is left is in headers of each answer: 249 after the first read,
and of all principals 3749, as recorded by others. The refusal's code and words: as people report it.

The buckets are full when the server starts, and are refilled as much faster as its latency is scaled.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from emulator.messages import Caller, Refused, Request

BUCKETS = {"reads": (250, 25.0), "writes": (200, 10.0), "deletes": (200, 10.0)}
"""By kind of operation: the size, and the tokens a second that it is refilled with."""
GLOBAL = 15
"""How many times that all principals of a subscription have together."""
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)
_KINDS = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}


@dataclass
class _Bucket:
    size: float
    rate: float
    left: float
    at: float

    def fill(self, now: float) -> None:
        """Add what has come in since the last time."""
        self.left, self.at = min(self.size, self.left + (now - self.at) * self.rate), now


class Limits:
    """The buckets of a server. `scale` is that of its latency: 0.1 refills ten times as fast.

    Of size and refill there is a `share`, as if others took the rest.
    """

    def __init__(
        self, scale: float = 1.0, seconds: Callable[[], float] = time.monotonic, *, share: float = 1.0
    ) -> None:
        self._faster, self._seconds, self._share = 1 / (scale or 1.0), seconds, share
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def take(self, request: Request, caller: Caller) -> dict[str, str]:
        """Take a token for the request; return the headers that say how many are left.

        Refuses (429 `SubscriptionRequestsThrottled`, with `Retry-After`) where there is none.
        """
        kind = kind_of(request.method)
        found = _SUBSCRIPTION.match(request.path)
        scope, name = ("subscription", found[1].lower()) if found else ("tenant", caller.tenant_id)
        own = self._bucket((scope, name, kind, caller.object_id), kind, 1)
        every = self._bucket((scope, name, kind), kind, GLOBAL)
        headers = {}
        empty = min(own, every, key=lambda bucket: bucket.left)
        if empty.left < 1:
            seconds = max(1, math.ceil((1 - empty.left) / empty.rate))
            raise Refused(
                429,
                f"{scope.capitalize()}RequestsThrottled",
                f"Number of '{kind.removesuffix('s')}' requests for {scope} '{name}' actor '{caller.object_id}' "
                f"exceeded. Please try again after '{seconds}' seconds after additional tokens are available. Refer to "
                "https://aka.ms/arm-throttling for additional information.",
                headers={"Retry-After": str(seconds), f"x-ms-ratelimit-remaining-{scope}-{kind}": "0"},
            )
        for bucket, prefix in ((own, ""), (every, "global-")):
            bucket.left -= 1
            headers[f"x-ms-ratelimit-remaining-{scope}-{prefix}{kind}"] = str(int(bucket.left))
        return headers

    def _bucket(self, key: tuple[str, ...], kind: str, times: int) -> _Bucket:
        size, rate = BUCKETS[kind][0] * self._share, BUCKETS[kind][1] * self._share
        now = self._seconds()
        bucket = self._buckets.setdefault(key, _Bucket(size * times, rate * times * self._faster, size * times, now))
        bucket.fill(now)
        return bucket


def kind_of(method: str) -> str:
    """Return which of the BUCKETS a request is counted in."""
    return _KINDS.get(method, "writes")

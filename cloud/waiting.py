"""Waiting for events, not for a clock: every wait polls what it waits for, is bounded, and is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tenacity import AsyncRetrying, retry_if_exception, retry_if_result, stop_after_delay, wait_exponential

from cloud.errors import Answer, answer_of

if TYPE_CHECKING:
    from tenacity import RetryCallState

FIRST, LAST = 0.4, 5.0
"""Seconds between two polls, doubling from the first to the last, where Azure names no `Retry-After`."""

SOON = 0.05
"""Seconds until the first look at an operation that Azure accepted; doubling, up to `LAST`."""

Progress = Callable[[str], None]
T = TypeVar("T")


async def poll(ask: Callable[[], Awaitable[T]], *, until: Callable[[T], bool], bound: float, what: str) -> T:
    """Ask until the answer is what is awaited; TimeoutError, saying `what`, after `bound` seconds."""
    waiting = AsyncRetrying(
        retry=retry_if_result(lambda answer: not until(answer)),
        wait=wait_exponential(multiplier=FIRST, max=LAST),
        stop=stop_after_delay(bound),
        retry_error_callback=_late(what, bound),
    )
    return await waiting(_awaiting(ask))


async def until_visible(
    act: Callable[[], Awaitable[T]], *, not_yet: Callable[[Answer], bool], bound: float, what: str, progress: Progress
) -> T:
    """Repeat `act` while Azure answers that something just made isn't visible to it yet.

    `not_yet` tells such an answer. Other errors, and the last one after `bound` seconds, are
    raised as they came.
    """

    def pending(error: BaseException) -> bool:
        answer = answer_of(error)
        return answer is not None and not_yet(answer)

    waiting = AsyncRetrying(
        retry=retry_if_exception(pending),
        wait=wait_exponential(multiplier=FIRST, max=LAST),
        stop=stop_after_delay(bound),
        before_sleep=lambda _state: progress(what),
        reraise=True,
    )
    return await waiting(_awaiting(act))


def _awaiting(act: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
    """Return a coroutine function that awaits `act`: tenacity awaits nothing else, such as what a lambda returns."""

    async def attempt() -> T:
        return await act()

    return attempt


def _late(what: str, bound: float) -> Callable[[RetryCallState], Any]:
    def fail(_state: RetryCallState) -> Any:
        raise TimeoutError(f"{what} took longer than {bound / 60:.0f} minutes.")

    return fail

"""What holds for every deployment of a run, and is asked, or created, once: by whoever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

Answer = TypeVar("Answer")


class Once:
    """Answers by key. What was refused or cancelled is asked again by the next."""

    def __init__(self) -> None:
        self._answers: dict[object, asyncio.Future[object]] = {}

    async def __call__(
        self, key: object, ask: Callable[[], Awaitable[Answer]], keep: Callable[[Answer], bool] | None = None
    ) -> Answer:
        """Return the answer of `ask`; one that is not to `keep` is shared only while it is asked for.

        Raises what `ask` raised. One who stops waiting takes the answer from nobody else.
        """
        answer = self._answers.get(key)
        if answer is None:

            def ended(done: asyncio.Future[object]) -> None:
                failed = done.cancelled() or done.exception() is not None
                if failed or (keep is not None and not keep(cast(Answer, done.result()))):
                    self._answers.pop(key, None)

            answer = self._answers[key] = asyncio.ensure_future(ask())
            answer.add_done_callback(ended)
        return cast(Answer, await asyncio.shield(answer))

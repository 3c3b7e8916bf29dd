"""What several deployments of a run ask once."""

from __future__ import annotations

import asyncio

import pytest

from cloud.once import Once


class Asked:
    """Counts, and answers when it may."""

    def __init__(self) -> None:
        self.times, self.may = 0, asyncio.Event()

    async def answer(self) -> int:
        self.times += 1
        await asyncio.wait_for(self.may.wait(), 10)
        return self.times

    async def fail(self) -> int:
        await self.answer()
        raise ValueError(self.times)


def test_it_is_asked_once_and_one_who_leaves_takes_nothing_away() -> None:
    async def work() -> None:
        once, asked = Once(), Asked()
        first, *others = [asyncio.create_task(once("a", asked.answer)) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()
        asked.may.set()
        assert await asyncio.gather(*others) == [1, 1]
        assert await once("a", asked.answer) == 1
        assert await once("b", asked.answer) == 2

    asyncio.run(work())


def test_a_failure_is_shared_only_while_it_is_asked_for() -> None:
    async def work() -> None:
        once, asked = Once(), Asked()
        asked.may.set()
        failed = await asyncio.gather(*(once("a", asked.fail) for _ in range(2)), return_exceptions=True)
        assert [str(one) for one in failed] == ["1", "1"]
        with pytest.raises(ValueError, match="2"):
            await once("a", asked.fail)
        assert await once("a", asked.answer) == 3

    asyncio.run(work())


def test_an_answer_that_does_not_last_is_asked_for_again() -> None:
    async def work() -> None:
        once, asked = Once(), Asked()
        asked.may.set()
        assert await asyncio.gather(*(once("a", asked.answer, lambda n: n > 1) for _ in range(2))) == [1, 1]
        assert [await once("a", asked.answer, lambda n: n > 1) for _ in range(2)] == [2, 2]

    asyncio.run(work())

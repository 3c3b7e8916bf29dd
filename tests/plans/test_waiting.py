"""What is repeated is awaited, also when it is given as a lambda that returns a coroutine."""

from __future__ import annotations

import asyncio

from cloud.waiting import poll, until_visible


async def read(states: list[str]) -> str:
    return states.pop(0)


def test_a_lambda_is_awaited_until_its_answer_is_right() -> None:
    states = ["Updating", "Succeeded", "Failed"]

    async def wait() -> str:
        return await poll(lambda: read(states), until=lambda now: now != "Updating", bound=10, what="It")

    assert asyncio.run(wait()) == "Succeeded"
    assert states == ["Failed"]


def test_a_lambda_is_awaited_until_it_is_visible() -> None:
    shown: list[str] = []

    async def wait() -> str:
        return await until_visible(
            lambda: read(["done"]), not_yet=lambda _answer: True, bound=10, what="not yet", progress=shown.append
        )

    assert asyncio.run(wait()) == "done"

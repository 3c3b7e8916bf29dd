"""Staying within Resource Manager's limits: when a request may go out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from cloud.pacing import RESERVE, UNKNOWN, Bucket, Pace, told

READS = "x-ms-ratelimit-remaining-subscription-reads"


class Clock:
    """A clock that stands still."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def nothing() -> None:
    """Tell nobody."""


async def sent(bucket: Bucket, most: int) -> int:
    """How many requests may go out at once, of so many."""
    tasks = [asyncio.create_task(bucket.take()) for _ in range(most)]
    for _ in range(3):
        await asyncio.sleep(0)
    free = sum(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return free


@pytest.mark.parametrize(
    ("left", "goes"), [(None, UNKNOWN), (RESERVE, 0), (RESERVE + 1, 1), (RESERVE + 7, 7), (0, 0), (11999, 50)]
)
def test_as_many_go_out_as_are_left_but_for_a_reserve(left: int | None, goes: int) -> None:
    async def work() -> int:
        bucket = Bucket(25.0, nothing, Clock())
        await bucket.take()
        bucket.give(left)
        return await sent(bucket, 50)

    assert asyncio.run(work()) == goes


def test_those_on_their_way_count_and_an_answer_that_does_not_tell_used_one() -> None:
    async def work() -> None:
        bucket = Bucket(25.0, nothing, Clock())
        for _ in range(5):
            await bucket.take()
        bucket.give(RESERVE + 10)  # four are on their way, counted or not
        assert await sent(bucket, 50) == 6
        for _ in range(6):
            bucket.give(None)
        assert await sent(bucket, 50) == 0
        bucket.give(RESERVE + 5)
        assert await sent(bucket, 50) == 2

    asyncio.run(work())


def test_what_is_refilled_meanwhile_goes_out_in_turn() -> None:
    async def work() -> list[int]:
        clock, order = Clock(), list[int]()
        bucket = Bucket(1000.0, nothing, clock)
        await bucket.take()
        bucket.give(RESERVE)

        async def one(number: int) -> None:
            await bucket.take()
            order.append(number)

        tasks = [asyncio.create_task(one(number)) for number in range(5)]
        await asyncio.sleep(0)
        assert order == []
        clock.now += 0.0035
        await asyncio.wait_for(asyncio.gather(*tasks[:2]), 10)  # after one token, and after two
        assert not tasks[2].done()
        clock.now += 0.0130
        await asyncio.wait_for(asyncio.gather(*tasks), 10)
        return order

    assert asyncio.run(work()) == [0, 1, 2, 3, 4]


def test_after_a_refusal_nothing_goes_out_until_then() -> None:
    async def work() -> None:
        clock = Clock()
        bucket = Bucket(25.0, nothing, clock)
        await bucket.take()
        bucket.give(200, shut=7.0)
        clock.now += 6.9
        assert await sent(bucket, 5) == 0
        clock.now += 0.2
        assert await sent(bucket, 5) == 5

    asyncio.run(work())


def test_one_who_leaves_gives_its_turn_back() -> None:
    async def work() -> None:
        bucket = Bucket(25.0, nothing, Clock())
        await bucket.take()
        bucket.give(RESERVE + 1)
        for _ in range(3):
            assert await sent(bucket, 4) == 1
            bucket.give(RESERVE + 1)

    asyncio.run(work())


def test_it_is_said_once() -> None:
    async def work(notice: Callable[[str], None]) -> None:
        pace = Pace(notice)
        for kind in ("GET", "PUT", "DELETE"):
            bucket, _ = pace.bucket(kind, "https://management.azure.com/subscriptions/S/resourceGroups?x=1")
            await bucket.take()
            bucket.give(0)
            await sent(bucket, 3)

    notices: list[str] = []
    asyncio.run(work(notices.append))
    assert len(notices) == 1


def test_each_subscription_kind_and_host_has_a_bucket() -> None:
    pace = Pace(lambda _what: None)
    first, header = pace.bucket("GET", "https://management.azure.com/subscriptions/S?api-version=1")
    assert header == READS
    assert pace.bucket("HEAD", "https://management.azure.com/subscriptions/s/resourceGroups/g")[0] is first
    others = [
        pace.bucket("GET", "https://management.azure.com/subscriptions/t"),
        pace.bucket("GET", "https://management.azure.com/tenants"),
        pace.bucket("GET", "https://graph.microsoft.com/v1.0/me"),
        pace.bucket("PUT", "https://management.azure.com/subscriptions/s"),
        pace.bucket("DELETE", "https://management.azure.com/subscriptions/s"),
    ]
    assert len({id(bucket) for bucket, _ in [*others, (first, "")]}) == 6
    assert [header.removeprefix("x-ms-ratelimit-remaining-") for _, header in others] == [
        "subscription-reads", "tenant-reads", "tenant-reads", "subscription-writes", "subscription-deletes"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {READS: "249"}, (249, 0.0)),
        (200, {}, (None, 0.0)),
        (200, {READS: "many"}, (None, 0.0)),
        (429, {READS: "0", "Retry-After": "17"}, (0, 17.0)),
        (429, {READS: "0"}, (0, 0.0)),
        (429, {"Retry-After": "17"}, (None, 0.0)),
        (429, {READS: "100", "Retry-After": "17"}, (100, 0.0)),
        (503, {READS: "0", "Retry-After": "17"}, (0, 0.0)),
    ],
)
def test_what_an_answer_tells(status: int, headers: dict[str, str], expected: tuple[int | None, float]) -> None:
    assert told(status, headers, READS) == expected

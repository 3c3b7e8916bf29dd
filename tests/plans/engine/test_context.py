"""Where a deployment is, and reads that are shared."""

from __future__ import annotations

import asyncio

import pytest

from engine.change import Right
from engine.context import Context, Reads, Removal, Target
from engine.record import Record

TARGET = Target("tenant", "sub", "group", "westus2", "factory")


def test_the_ids_of_a_target() -> None:
    assert TARGET.subscription_id == "/subscriptions/sub"
    assert TARGET.group_id == "/subscriptions/sub/resourceGroups/group"
    assert TARGET.instance_id == (
        "/subscriptions/sub/resourceGroups/group/providers/Microsoft.DigitalTwins/digitalTwinsInstances/factory"
    )
    assert (TARGET.cloud, TARGET.login, TARGET.graph, TARGET.portal, TARGET.folder) == ("AzureCloud", "", "", "", "")


def test_a_removal_goes_no_further_than_it_is_told() -> None:
    assert Removal() == Removal(instance_goes=False, purge=False)


def test_a_context_tells_nobody_unless_it_is_told_whom() -> None:
    context = Context(None, TARGET, Record(), {})
    context.progress("waiting")
    context.reveal("secret", "text")
    assert (context.answers, context.removal) == ({}, None)
    other = Context(None, TARGET, Record(), {})
    assert context.read is not other.read
    assert Right("action", "scope") == Right("action", "scope")


class Asked:
    """Counts what reaches it."""

    def __init__(self) -> None:
        self.questions: list[tuple[object, ...]] = []

    async def name(self, *parts: object, ending: str = "", start: str = "") -> str:
        self.questions.append((*parts, ending, start))
        await asyncio.sleep(0)
        return f"{start}{'-'.join(map(str, parts))}{ending}"

    async def size(self, *parts: object) -> int:
        self.questions.append(("size", *parts))
        return len(parts)

    async def fail(self) -> str:
        self.questions.append(("fail",))
        await asyncio.sleep(0)
        raise OSError("no answer")

    async def stop(self) -> str:
        self.questions.append(("stop",))
        await asyncio.sleep(0)
        raise asyncio.CancelledError


def test_the_same_question_is_asked_once() -> None:
    async def run() -> None:
        asked, read = Asked(), Reads()
        assert await read(asked.name, "a", 1) == "a-1"
        assert await read(asked.name, "a", 1) == "a-1"
        assert await asyncio.gather(*(read(asked.name, "b") for _ in range(3))) == ["b"] * 3
        assert asked.questions == [("a", 1, "", ""), ("b", "", "")]
        assert await read(asked.name, start="x", ending="y") == await read(asked.name, ending="y", start="x") == "xy"
        assert asked.questions[2:] == [("y", "x")]

    asyncio.run(run())


def test_other_arguments_and_other_functions_are_other_questions() -> None:
    async def run() -> None:
        asked, read = Asked(), Reads()
        assert await read(asked.name, "a") == "a"
        assert await read(asked.name, "a", "b") == "a-b"
        assert await read(asked.name, "a", ending="b") == "ab"
        assert await read(asked.name, "a", start="b") == "ba"
        assert await read(asked.size, "a") == 1
        assert await read(Asked().name, "a") == "a"
        assert len(asked.questions) == 5

    asyncio.run(run())


def test_another_look_asks_anew() -> None:
    async def run() -> None:
        asked = Asked()
        for read in (Reads(), Reads()):
            await read(asked.name, "a")
        assert len(asked.questions) == 2

    asyncio.run(run())


def test_what_a_question_raised_is_shared_too() -> None:
    async def run() -> None:
        asked, read = Asked(), Reads()
        first, second = await asyncio.gather(read(asked.fail), read(asked.fail), return_exceptions=True)
        assert isinstance(first, OSError)
        assert first is second
        with pytest.raises(OSError, match="no answer"):
            await read(asked.fail)
        assert asked.questions == [("fail",)]

    asyncio.run(run())


def test_who_stops_waiting_takes_the_answer_from_nobody_else() -> None:
    async def run() -> None:
        asked, read = Asked(), Reads()
        first = asyncio.create_task(read(asked.name, "a"))
        second = asyncio.create_task(read(asked.name, "a"))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == "a"
        assert first.cancelled()
        assert len(asked.questions) == 1

    asyncio.run(run())


def test_failures_can_be_forgotten_and_answers_stay() -> None:
    async def run() -> None:
        asked, read = Asked(), Reads()
        await read(asked.name, "a")
        with pytest.raises(OSError, match="no answer"):
            await read(asked.fail)
        read.forget_failures()
        await read(asked.name, "a")
        with pytest.raises(OSError, match="no answer"):
            await read(asked.fail)
        assert asked.questions == [("a", "", ""), ("fail",), ("fail",)]

    asyncio.run(run())


def test_a_question_that_was_cancelled_can_be_forgotten() -> None:
    async def run() -> None:
        asked, read = Asked(), Reads()
        for _ in range(2):
            with pytest.raises(asyncio.CancelledError):
                await read(asked.stop)
            read.forget_failures()
        assert asked.questions == [("stop",), ("stop",)]

    asyncio.run(run())


def test_a_question_that_has_no_answer_yet_is_not_forgotten() -> None:
    async def run() -> None:
        asked, read = Asked(), Reads()
        first = asyncio.create_task(read(asked.name, "a"))
        await asyncio.sleep(0)
        read.forget_failures()
        assert await read(asked.name, "a") == await first == "a"
        assert asked.questions == [("a", "", "")]

    asyncio.run(run())

"""The suite's own bounds: a tool that waits for ever turns its test red in time, and nothing of it is left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from tests.support.processes import ended
from tests.support.screen import Screen
from tests.support.tool import INSTANCE, START, Tool
from tests.support.waiting import until, until_held
from tests.support.world import Emulator

NEVER = {"path": ".", "nth": "every", "do": "hold"}
SHORT = 1.0
SOON = 10.0
"""Seconds that the end of a process may take on a machine that is busy."""


def is_over(group: int) -> bool:
    """Whether no process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def fails(wait: Callable[[], object], within: float) -> str:
    """Return how the wait failed, within these seconds and `SOON`."""
    begun = time.monotonic()
    with pytest.raises(AssertionError) as failure:
        wait()
    assert time.monotonic() - begun < within + SOON
    return str(failure.value)


def test_a_run_that_waits_for_ever(azure: Emulator, tool: Tool) -> None:
    azure.faults({**NEVER, "method": "PUT"})
    process = tool.start(*START)
    until_held(azure, process)
    shown = fails(lambda: ended(process, SHORT), SHORT)
    assert f"{SHORT:g} s" in shown
    assert INSTANCE in shown, "what was on the screen"
    assert is_over(process.pid)
    until(lambda: azure.requests()["held"] == 0, "the end of its connections")


def test_a_run_from_its_start_on(azure: Emulator, tool: Tool) -> None:
    azure.faults(NEVER)
    assert "3 s" in fails(lambda: tool.run(*START, seconds=3.0), 3.0)
    until(lambda: azure.requests()["held"] == 0, "the end of its connections")


def test_a_screen_that_waits_for_ever(azure: Emulator, tool: Tool) -> None:
    azure.faults(NEVER)
    with Screen(tool.terminal(*START), seconds=SHORT) as screen:
        until(lambda: azure.requests()["held"], "a request to be held")
        assert "Proceed?" in fails(lambda: screen.wait("Proceed?"), SHORT)
        fails(screen.end, SHORT)
    assert screen.child.pid
    assert is_over(screen.child.pid)


def test_a_condition_that_never_comes_true() -> None:
    looks: list[int] = []
    assert "Godot" in fails(lambda: until(lambda: looks.append(1), "Godot", 0.1), 0.1)
    assert len(looks) > 1

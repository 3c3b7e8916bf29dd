"""Waits of the tests: each has a bound, and fails with what was awaited."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tests.support.processes import Process, ended
from tests.support.world import Emulator

PAUSE = 0.02
"""Seconds between two looks."""

Found = TypeVar("Found")


def until(condition: Callable[[], Found], what: str, seconds: float = 30.0) -> Found:
    """Return the first true value of `condition`. AssertionError, with `what` was awaited, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        time.sleep(PAUSE)
    return found


def until_held_or_over(azure: Emulator, process: Process) -> bool:
    """Return whether a request of the run is held, or it has ended: nothing else tells."""
    until(lambda: azure.requests()["held"] or process.poll() is not None, "a request to be held", seconds=60)
    return process.poll() is None


def until_held(azure: Emulator, process: Process) -> None:
    """Return when a request of the run is held."""
    assert until_held_or_over(azure, process), ended(process).text

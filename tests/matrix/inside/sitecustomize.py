"""Run inside the tool before its first line, by Python or by `forks`: watches and kills it from outside its code.

Does what these variables ask for, and nothing without them:

- `MATRIX_FOLDER`, `MATRIX_POINTS`: append to the file `MATRIX_POINTS` a line for each point of the writes to files in
  the folder: before a file is opened for writing, once a temporary file is there and empty, before a rename, after it.
- `MATRIX_KILL_AT`: SIGKILL at the point of this number, counted from 1.
- `MATRIX_CLOCK`: a file that holds two C doubles. The first is added to `time.monotonic()`: changing it lets time jump
  ahead. The second is set to it once the tool has looked at its clock.
"""

from __future__ import annotations

import _thread
import mmap
import os
import selectors
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR


class Watch:
    """Numbers the points of writes to files in a folder; dies at the one that was asked for."""

    def __init__(self, folder: str, points: str, kill_at: int) -> None:
        self._folder, self._kill_at, self._count = os.path.realpath(folder), kill_at, 0
        self._points = os.open(points, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._made: dict[int, str] = {}
        self._renamed: dict[int, str] = {}
        """What this thread is about to do, by thread: make a temporary file, rename one."""

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        thread = _thread.get_ident()
        if renamed := self._renamed.pop(thread, ""):
            self._point(f"after the rename to {renamed}")
        if event == "open":
            self._opened(thread, *arguments)
        elif event == "os.rename" and (name := self._within(arguments[1])):
            self._point(f"before the rename to {name}")
            self._renamed[thread] = name

    def _opened(self, thread: int, path: Any, _mode: Any, flags: Any) -> None:
        if isinstance(path, int):
            if made := self._made.pop(thread, ""):
                self._point(f"{made} is there and empty")
        elif isinstance(flags, int) and flags & WRITING and (name := self._within(path)):
            if name.endswith(".tmp"):
                name = self._made[thread] = "a temporary file"
            self._point(f"before {name} is opened")

    def _within(self, path: Any) -> str:
        folder, name = os.path.split(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - a link is not followed
        return name if os.path.realpath(folder) == self._folder else ""

    def _point(self, what: str) -> None:
        self._count += 1
        os.write(self._points, f"{what}\n".encode())
        if self._count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def bend_clock(file: str) -> None:
    """Add the number in `file` to the monotonic clock, and look at the clock often enough to notice a jump."""
    with Path(file).open("r+b") as handle:
        shared = mmap.mmap(handle.fileno(), 16)
    monotonic, select = time.monotonic, selectors.DefaultSelector.select

    def jumping() -> float:
        shared[8:] = ahead = shared[:8]
        return monotonic() + float(struct.unpack("d", ahead)[0])

    def attentive(self: Any, timeout: float | None = None) -> Any:
        return select(self, 0.05 if timeout is None else min(timeout, 0.05))

    time.monotonic = jumping
    selectors.DefaultSelector.select = attentive  # type: ignore[method-assign]


if "MATRIX_CLOCK" in os.environ:
    bend_clock(os.environ["MATRIX_CLOCK"])
if "MATRIX_FOLDER" in os.environ:
    kill_at = int(os.environ.get("MATRIX_KILL_AT", "0"))
    sys.addaudithook(Watch(os.environ["MATRIX_FOLDER"], os.environ["MATRIX_POINTS"], kill_at))

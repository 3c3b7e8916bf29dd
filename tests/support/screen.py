"""A person's terminal: what a run in a pseudo-terminal shows, as a terminal shows it, and the keys that go to it."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import pexpect
import pyte

from tests.support import processes
from tests.support.waiting import until

ENTER, UP, DOWN, ESCAPE, CTRL_C, CTRL_D, CTRL_U, BACKSPACE = (
    "\r", "\x1b[A", "\x1b[B", "\x1b", "\x03", "\x04", "\x15", "\x7f",
)  # fmt: skip
PATIENCE = 60.0


class _Display(pyte.HistoryScreen):
    """Shows what is fed to it, and answers when it is asked for the cursor's position, as terminals do."""

    def __init__(self, child: pexpect.spawn[str]) -> None:
        rows, columns = child.getwinsize()
        super().__init__(columns, rows, history=10_000)
        self._child = child

    def write_process_input(self, data: str) -> None:
        self._child.send(data)


class Screen:
    """The terminal of a run; each wait takes `seconds` at most. Leaving the context ends what still runs."""

    def __init__(self, child: pexpect.spawn[str], seconds: float = PATIENCE) -> None:
        self.child, self.seconds, self.received = child, seconds, ""
        self.display = _Display(child)
        self._stream = pyte.Stream(self.display)

    @property
    def lines(self) -> list[str]:
        """The lines that are shown or were scrolled away, without trailing blanks."""
        columns = range(self.display.columns)
        above = ["".join(line[column].data for column in columns) for line in self.display.history.top]
        return [line.rstrip() for line in (*above, *self.display.display)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).rstrip()

    def wait(self, wanted: str) -> None:
        """Return as soon as `wanted` is shown."""
        deadline = time.monotonic() + self.seconds
        while wanted not in self.text:
            assert self._receive(deadline, wanted), f"{wanted!r} was not shown before the end:\n{self.text}"

    def wait_for_change(self, seconds: float) -> None:
        """Return as soon as something else is shown than now, which takes no longer than that."""
        deadline, before = time.monotonic() + seconds, self.text
        while self.text == before:
            assert self._receive(deadline, "something new"), f"nothing new was shown before the end:\n{self.text}"

    def answer(self, question: str, keys: str = "") -> None:
        """Wait for a question, press some keys, and Enter."""
        self.wait(f"? {question}")
        self.child.send(keys + ENTER)

    def retype(self, text: str) -> None:
        """Replace what is in the line."""
        self.child.send(CTRL_U + text)

    def end(self) -> int:
        """Wait for the end of the run and return its exit code."""
        deadline = time.monotonic() + self.seconds
        while self._receive(deadline, "the end"):
            pass
        until(lambda: not self.child.isalive(), "the end of a run that has closed its terminal")
        assert self.child.exitstatus is not None, f"it ended by signal {self.child.signalstatus}"
        return self.child.exitstatus

    def _receive(self, deadline: float, awaited: str) -> bool:
        """Show what comes next; False at the end. AssertionError, with the screen, after the deadline."""
        left = deadline - time.monotonic()
        assert left > 0, f"{awaited!r} did not come within {self.seconds:g} s:\n{self.text}"
        try:
            received = self.child.read_nonblocking(65536, timeout=left)
        except pexpect.EOF:
            return False
        except pexpect.TIMEOUT:
            return True
        self.received += received
        self._stream.feed(received)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        processes.close(self.child)

"""A person's terminal: what a run in a pseudo-terminal shows, as a terminal shows it, and the keys that go to it."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import pexpect
import pyte

ENTER, UP, DOWN, CTRL_C, CTRL_U, BACKSPACE = "\r", "\x1b[A", "\x1b[B", "\x03", "\x15", "\x7f"
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
    """The terminal of a run. Leaving the context ends the run if it has not ended by itself."""

    def __init__(self, child: pexpect.spawn[str]) -> None:
        self.child, self.received = child, ""
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
        until = time.monotonic() + PATIENCE
        while wanted not in self.text:
            assert self._receive(until), f"{wanted!r} was not shown before the end:\n{self.text}"

    def answer(self, question: str, keys: str = "") -> None:
        """Wait for a question, press some keys, and Enter."""
        self.wait(f"? {question}")
        self.child.send(keys + ENTER)

    def retype(self, text: str) -> None:
        """Replace what is in the line."""
        self.child.send(CTRL_U + text)

    def end(self) -> int:
        """Wait for the end of the run and return its exit code."""
        until = time.monotonic() + PATIENCE
        while self._receive(until):
            pass
        self.child.wait()
        assert self.child.exitstatus is not None, f"it ended by signal {self.child.signalstatus}"
        return self.child.exitstatus

    def _receive(self, until: float) -> bool:
        """Show what comes next; False at the end."""
        try:
            received = self.child.read_nonblocking(65536, timeout=max(0.0, until - time.monotonic()))
        except pexpect.EOF:
            return False
        except pexpect.TIMEOUT:
            raise AssertionError(f"nothing more came:\n{self.text}") from None
        self.received += received
        self._stream.feed(received)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.child.close(force=True)

"""Runs what installs: it ends with this process, however that ends, and the person sees how it gets on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from cli.own_venv import say
from engine.refusal import redact

ESCAPED = "backslashreplace"
"""What becomes of bytes that are no text in this locale, and of text that the terminal can't show."""
LIVE, DUMB, ELSEWHERE = 1, 4, 20
"""Seconds until something new is shown: in a terminal, in one that can only add lines, and where there is none."""
BEGAN = time.monotonic()
"""What is shown counts from here, whichever command is run: this is loaded when something has to be installed."""
_TIED = """
import os, signal, subprocess, sys, threading

signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)

def watch():
    while os.read(0, 4096):
        pass
    child.kill()
    os._exit(255)

threading.Thread(target=watch, daemon=True).start()
code = child.wait()
os._exit(code if code >= 0 else 255)
"""
"""Runs a command, and ends it when the other end of its stdin is closed: when its starter is gone, however that ended.

Ends with the command's code, or with 255 when a signal ended it.
"""
KILLED = 255


def run_tied(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
    """Run a command that ends with this process, and show how it gets on; return its code and what it said."""
    reading, writing = os.pipe()
    lines: SimpleQueue[str] = SimpleQueue()
    said: list[str] = []
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-S", "-c", _TIED, *command],
        stdin=reading,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        errors=ESCAPED,
        env=environment,
        cwd=folder,
    )
    os.close(reading)

    def read() -> None:
        for line in process.stdout or ():
            lines.put(redact(line))
        lines.put("")

    Thread(target=read, daemon=True).start()
    progress = _Progress()
    try:
        while line := _next(lines, progress):
            said.append(line)
            progress.show(line)
        return process.wait(), "".join(said)
    finally:
        os.close(writing)
        process.wait()
        progress.end()


def _next(lines: SimpleQueue[str], progress: _Progress) -> str:
    """Return the next line, "" at the end; meanwhile time is shown to pass."""
    while True:
        try:
            return lines.get(timeout=LIVE)
        except Empty:
            progress.show()


class _Progress:
    """Shows the time and the last thing that was said: in a terminal in one line, elsewhere in a line now and then."""

    def __init__(self) -> None:
        self._spoke = time.monotonic()
        is_terminal = sys.stderr.isatty()
        self._is_live = is_terminal and os.environ.get("TERM") != "dumb"
        self._interval = DUMB if is_terminal else ELSEWHERE
        self._last, self._width = "", 0

    def show(self, line: str = "") -> None:
        """Show a new line, or that time passes."""
        if not line.lower().startswith("warning"):
            self._last = line.partition(" (from ")[0].strip() or self._last
        now = time.monotonic()
        text = f"  {now - BEGAN:.0f} s  {self._last}"
        if self._is_live:
            try:
                columns = os.get_terminal_size(sys.stderr.fileno()).columns
            except OSError:
                columns = 80
            self._write(text[: columns - 1])
        elif now - self._spoke >= self._interval:
            self._spoke = now
            say(text)

    def end(self) -> None:
        """Clear the line."""
        if self._width:
            self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r{text.ljust(self._width)}" if text else f"\r{' ' * self._width}\r")
        sys.stderr.flush()
        self._width = len(text)

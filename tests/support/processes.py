"""Processes that tests start: each in a group of its own, which is ended whole when a wait for it is in vain."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pexpect

from tests.support.forks import Fork
from tests.support.terminals import ForkInTerminal

TIMEOUT = 120.0
"""Seconds that a run may take."""
LAST = 10.0
"""Seconds for what a killed process still has in its pipes."""

Process = subprocess.Popen[str] | Fork
"""What a test has started without a terminal."""

_started: list[Process | pexpect.spawn[str]] = []


@dataclass(frozen=True)
class Done:
    """How a run ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)


def start(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a program in a process group of its own, without a terminal."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="backslashreplace",
        process_group=0,
    )
    _started.append(process)
    return process


def start_loaded(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Fork:
    """Start a Python script so too, from a process that has its modules loaded."""
    process = Fork(command, folder, environment)
    _started.append(process)
    return process


def start_in_terminal(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    rows: int = 40,
    columns: int = 160,
    kind: str = "xterm-256color",
    *,
    is_loaded: bool = False,
) -> pexpect.spawn[str]:
    """Start a program in a pseudo-terminal, in a session of its own. `kind` is its TERM.

    With `is_loaded` it is a Python script, started from a process that has its modules loaded.
    """
    spawn: type[pexpect.spawn[str]] = ForkInTerminal if is_loaded else pexpect.spawn
    child = spawn(
        command[0],
        list(command[1:]),
        cwd=str(folder),
        env={**environment, "TERM": kind, "COLUMNS": str(columns), "LINES": str(rows)},
        dimensions=(rows, columns),
        encoding="utf-8",
        timeout=60,
    )
    _started.append(child)
    return child


def ended(process: Process, seconds: float = TIMEOUT) -> Done:
    """Wait for the end of a process, and return the rest of what it wrote.

    After `seconds` its group is ended, and AssertionError shows what it wrote.
    """
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        stdout, stderr = kill(process)
        raise AssertionError(f"still running after {seconds:g} s:\n{stdout}{stderr}") from None
    except BaseException:
        kill(process)
        raise
    return Done(process.wait(LAST), stdout, stderr)


def kill(process: Process) -> tuple[str, str]:
    """End its group as `kill -9` does, and return what it wrote to stdout and to stderr."""
    if process.poll() is None:
        kill_group(process.pid)
    try:
        return process.communicate(timeout=LAST)
    except ValueError:  # a test has closed its pipes
        process.wait(LAST)
        return "", ""


def kill_group(leader: int) -> None:
    """End a process that has not been waited for, and all of its group, as `kill -9` does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def close(child: pexpect.spawn[str]) -> None:
    """End the program in a pseudo-terminal, and its session, if it still runs."""
    if not child.closed and child.isalive():
        assert child.pid
        kill_group(child.pid)
    child.close(force=True)


def kill_what_is_left() -> None:
    """End what has been started and still runs."""
    while _started:
        process = _started.pop()
        if isinstance(process, pexpect.spawn):
            close(process)
        else:
            kill(process)


def until_line(
    process: Process, pattern: str, stream: Literal["stdout", "stderr"] = "stdout", seconds: float = 60.0
) -> str:
    """Return the first line that matches and that it writes from now on; after `seconds` its group is ended.

    AssertionError when it ends without such a line.
    """
    lines = getattr(process, stream)
    timer = threading.Timer(seconds, kill_group, (process.pid,))
    timer.start()
    read: list[str] = []
    try:
        for line in lines:
            if re.search(pattern, line):
                return str(line)
            read.append(line)
    finally:
        timer.cancel()
    raise AssertionError(f"it wrote no line like {pattern!r} within {seconds:g} s:\n{''.join(read)}")

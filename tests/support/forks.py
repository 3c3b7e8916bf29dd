"""Runs of deploy.py, and the embedded Azure, without their start-up: processes forked from one with the modules loaded.

Loading the SDKs takes longer than most runs. Arguments, environment, folder, streams and exit code are a real run's;
what a process takes from its environment before its first line (PYTHON…, the locale) is not, and such runs are started
as a user starts them (`Tool.run` decides).
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import runpy
import selectors
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import IO

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.support.preloaded"])
RUN_FIRST = "RUN_FIRST"
"""The variable with the path of a script that is run before the command, in its process."""
_LOCK = threading.Lock()
"""Held where exit codes are read: starting a process reads those of all others too, and each can be read once."""


class ForkedProcess:
    """Runs `command`, a Python with its script or with -m and a module, on `streams`: stdin, stdout and stderr.

    It leads a process group of its own; with a terminal as its one stream, a session of its own.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], *streams: Connection
    ) -> None:
        self._process = _FORKS.Process(target=_become, args=(list(command), str(folder), dict(environment), *streams))
        with _LOCK:
            self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, the signal's number below 0 when that ended it; None while it runs."""
        with _LOCK:
            return self._process.exitcode


class Fork(ForkedProcess):
    """A process without a terminal and with nothing on stdin; its stdout and stderr are pipes, with UTF-8.

    It has what the tests use of `subprocess.Popen`, whose words it keeps. With `errors` it is a server: its stderr is
    appended to that file, and its stdin stays open until `stdin` is closed.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], errors: Path | None = None
    ) -> None:
        pipes = [_FORKS.Pipe(duplex=False) for _ in range(3)]
        (its_in, self.stdin), (out, its_out), (err, its_err) = pipes
        if errors is not None:
            its_err.close()
            its_err = Connection(os.open(errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT), readable=False)
        super().__init__(command, folder, environment, its_in, its_out, its_err)
        self.stdout, self.stderr = _text(out), _text(err)
        for end in (its_in, out, its_out, err, its_err, *([] if errors else [self.stdin])):
            end.close()
        self._read: dict[IO[str], bytes] = {self.stdout: b"", self.stderr: b""}

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code; `subprocess.TimeoutExpired` after `timeout` seconds."""
        if not wait([self._process.sentinel], timeout):
            raise subprocess.TimeoutExpired("deploy.py", timeout or 0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it to the process; nothing when that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return the rest of what it writes, and wait for its end; `subprocess.TimeoutExpired` after `timeout`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            for stream in self._read:
                if not stream.closed:  # by a test
                    selector.register(stream, selectors.EVENT_READ, stream)
            while selector.get_map():
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise subprocess.TimeoutExpired("deploy.py", timeout or 0)
                for key, _ in selector.select(left):
                    if part := os.read(key.fd, 1 << 16):
                        self._read[key.data] += part
                    else:
                        selector.unregister(key.fileobj)
        self.wait(None if deadline is None else max(deadline - time.monotonic(), 0))
        for stream in self._read:
            stream.close()
        stdout, stderr = (read.decode("utf-8", "backslashreplace") for read in self._read.values())
        return stdout, stderr


def _text(reader: Connection) -> IO[str]:
    return os.fdopen(os.dup(reader.fileno()), encoding="utf-8", errors="backslashreplace")


def _become(command: list[str], folder: str, environment: dict[str, str], *streams: Connection) -> None:
    """Be the process that `command` would start."""
    if len(streams) == 1:
        os.setsid()
        fcntl.ioctl(streams[0].fileno(), termios.TIOCSCTTY)
    else:
        os.setpgid(0, 0)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if RUN_FIRST in environment:
        runpy.run_path(environment[RUN_FIRST])
    for number in range(3):
        os.dup2(streams[number % len(streams)].fileno(), number)
    for stream in streams:
        stream.close()
    # The process's own streams for good, as a new Python makes them.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.orig_argv[:] = command
    if command[1] == "-m":
        sys.argv[:] = command[2:]
        runpy.run_module(command[2], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = command[1:]
        runpy.run_path(command[1], run_name="__main__")

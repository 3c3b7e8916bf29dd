"""Runs of deploy.py without its start-up: each is a process of its own, forked from one that has the modules loaded.

Loading the SDKs takes longer than most runs. Arguments, environment, folder, streams and exit code are a real run's;
what a process takes from its environment before its first line (PYTHON…, the locale) is not, and such runs are started
as a user starts them (`Tool.run` decides).
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path

from tests.support.processes import LAST, Done, kill_group

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.support.preloaded"])
_LOCK = threading.Lock()
"""Held where exit codes are read: starting a process reads those of all others too, and each can be read once."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float) -> Done:
    """Run `command`, a Python and its script, to the end. AssertionError, and its group is ended, after `seconds`."""
    with tempfile.TemporaryDirectory(prefix="streams-") as streams:
        out, err = Path(streams, "stdout"), Path(streams, "stderr")
        process = _FORKS.Process(
            target=_become, args=(list(command), str(folder), dict(environment), str(out), str(err))
        )
        with _LOCK:
            process.start()
        try:
            running = not wait([process.sentinel], seconds)
        finally:
            if process.pid and not wait([process.sentinel], 0):
                kill_group(process.pid)
                wait([process.sentinel], LAST)
            with _LOCK:
                process.join(LAST)
        stdout, stderr = (file.read_text(encoding="utf-8") if file.exists() else "" for file in (out, err))
    assert not running, f"still running after {seconds:g} s:\n{stdout}{stderr}"
    assert process.exitcode is not None
    return Done(process.exitcode, stdout, stderr)


def _become(command: list[str], folder: str, environment: dict[str, str], out: str, err: str) -> None:
    """Be the process that `command` would start."""
    os.setpgid(0, 0)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    write = os.O_WRONLY | os.O_CREAT
    for number, (path, flags) in enumerate(((os.devnull, os.O_RDONLY), (out, write), (err, write))):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    # The process's own streams for good, as a new Python makes them.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.orig_argv[:] = command
    sys.argv[:] = command[1:]
    runpy.run_path(command[1], run_name="__main__")

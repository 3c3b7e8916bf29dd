"""Runs of deploy.py in a pseudo-terminal, forked from loaded modules as those of `forks` are."""

from __future__ import annotations

import os
import termios
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import pexpect
import ptyprocess

from tests.support.forks import ForkedProcess


class ForkInTerminal(pexpect.spawn):  # type: ignore[type-arg]  # only its stub is generic
    """A Python with its script, in a pseudo-terminal and a session of its own, as `pexpect.spawn` starts it."""

    def _spawnpty(
        self,
        args: Sequence[bytes],
        *,
        env: Mapping[str, str],
        cwd: str,
        dimensions: tuple[int, int],
        **_: object,
    ) -> ptyprocess.PtyProcess:
        ours, its = os.openpty()
        termios.tcsetwinsize(ours, dimensions)
        with Connection(its) as terminal:
            return _Forked(ForkedProcess([os.fsdecode(word) for word in args], Path(cwd), env, terminal), ours)


class _Forked(ptyprocess.PtyProcess):  # type: ignore[misc]  # it has no types
    """The pseudo-terminal of a process that is not our child, and is asked how it ended."""

    def __init__(self, fork: ForkedProcess, terminal: int) -> None:
        super().__init__(fork.pid, terminal)
        self._fork = fork

    def isalive(self) -> bool:
        code = self._fork.poll()
        if code is None:
            return True
        self.terminated = True
        self.exitstatus: int | None = None if code < 0 else code
        self.signalstatus: int | None = -code if code < 0 else None
        return False

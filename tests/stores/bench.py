"""What a case asks of the place where a store keeps its state, and the processes that use it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from tests.support import processes
from tests.support.world import ROOT

PROGRAM = Path(__file__).with_name("program.py")
SECONDS = 90.0
"""For one answer: longer than a lease lasts."""


class Failed(AssertionError):
    """A command of a store's user ended otherwise than it should."""


class User:
    """A process that uses the store as a run does."""

    def __init__(self, place: str, folder: Path, environment: Mapping[str, str]) -> None:
        paths = [environment.get("PYTHONPATH", ""), str(ROOT)]
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), place],
            cwd=folder,
            env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # a line that were read ahead would be waited for in the pipe
            process_group=0,
        )

    def __enter__(self) -> User:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            processes.kill_group(self._process.pid)
        self._process.communicate(timeout=processes.LAST)

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, *commands: tuple[Any, ...]) -> None:
        """Give commands without waiting for answers."""
        assert self._process.stdin
        self._process.stdin.write("".join(json.dumps(command) + "\n" for command in commands).encode())

    def heard(self) -> dict[str, Any] | None:
        """Return the answer to the next command; None when the process ended without one."""
        assert self._process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(SECONDS):
                raise Failed(f"no answer within {SECONDS:.0f} s")
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def ask(self, *command: Any) -> Any:
        """Return what a command answers; Failed when it is refused."""
        self.tell(command)
        answer = self.heard()
        if answer is None or "error" in answer:
            raise Failed(f"{command}: {answer}")
        return answer["answer"]

    def refused(self, *command: Any) -> dict[str, Any]:
        """Return the error that a command ends with; Failed when it is carried out."""
        self.tell(command)
        answer = self.heard()
        if answer is None or "error" not in answer:
            raise Failed(f"{command}: {answer}")
        return answer

    def kill(self) -> None:
        """Kill it, as `kill -9` does."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(processes.LAST)

    def answers(self, most: int) -> int:
        """Return how many of so many commands it answered, before it ended."""
        return sum(self.heard() is not None for _ in range(most))

    def stop(self) -> None:
        """Stop it for a while, as a laptop that sleeps."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)


class Bench(Protocol):
    """A place for one state, new for each case."""

    def user(self, **environment: str) -> User:
        """Start a process that uses the state."""

    def content(self) -> bytes | None:
        """Return what is kept, as another program sees it; None for nothing."""

    def change(self, content: bytes) -> None:
        """Change what is kept as another program would, whoever has the lock."""

    def killed_at(self, point: int, *commands: tuple[Any, ...]) -> bool:
        """Have a user carry out commands and kill it at a point of its writes; False if it has fewer."""

    def let_in(self) -> None:
        """Do what lets the next run in after a run was killed, without waiting."""

    def outlive_the_lock(self, user: User) -> None:
        """Stop a user until another can take the lock from it."""

    def offline(self, *, cut: bool) -> None:
        """Cut the way to what is kept, or mend it."""

"""Where everything is measured: processes that are timed, embedded Azures, and what was said on the command line."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.tool import SUBSCRIPTION
from tests.world import ROOT, Emulator

Json = dict[str, Any]

TIMEOUT = 600.0
DEPLOY = ("--yes", "--subscription", SUBSCRIPTION)


class Failed(Exception):
    """A command that ended otherwise than it should: its figures would mean nothing."""


@dataclass(frozen=True)
class Took:
    """What one process took, from its start to its end."""

    wall: float
    cpu: float
    """User and system seconds, of the process and those it waited for."""
    memory: float
    """The most it had in memory, in MB."""
    stdout: str = ""
    stderr: str = ""
    begun: float = 0.0
    """When it was started, as time.time() has it."""

    def json(self) -> Json:
        """Return the figures alone."""
        return {key: round(asdict(self)[key], 3) for key in ("wall", "cpu", "memory")}


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], *, code: int | None = 0) -> Took:
    """Run a command to its end in `folder`, without a terminal; Failed when it doesn't end with `code`."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun, clock = time.time(), time.perf_counter()
        with subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        ) as process:
            _, status, used = os.wait4(process.pid, 0)
            wall = time.perf_counter() - clock
            process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        stdout, stderr = (file.read().decode(errors="replace") for file in (out, err))
    if code is not None and process.returncode != code:
        what = " ".join(str(part) for part in command[:6])
        raise Failed(f"{what} ended with {process.returncode}: {(stdout + stderr)[-800:]}")
    per_mb = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Took(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / per_mb, stdout, stderr, begun)


@dataclass(frozen=True)
class Tool:
    """deploy.py in a folder of its own, as the one who is signed in to an embedded Azure."""

    azure: Emulator
    folder: Path

    def environment(self) -> dict[str, str]:
        """Return the environment of a run: the embedded Azure's, without settings of the one who measures."""
        kept = {key: value for key, value in self.azure.env.items() if not key.startswith("ADT_")}
        kept.pop("AZURE_SUBSCRIPTION_ID", None)
        return kept

    def run(self, *arguments: str, starter: Sequence[str] = (), extra: Mapping[str, str] | None = None) -> Took:
        """Run deploy.py to its end, started by this Python or by what `starter` adds to it."""
        command = [sys.executable, *starter, str(ROOT / "deploy.py"), *arguments]
        return run(command, self.folder, {**self.environment(), **(extra or {})})

    def deploy(self, *arguments: str) -> Took:
        """Run `deploy --yes` in the registered subscription."""
        return self.run(*DEPLOY, *arguments)


@dataclass
class Lab:
    """One run of the bench."""

    folder: Path
    az: Path | None
    """The Azure CLI to compare with, where there is one."""
    quick: bool
    """Fewer repetitions, and nothing at Azure's own speed."""
    rooms: int = 0

    def times(self, usual: int) -> int:
        """Return how often something is measured that is usually measured so often."""
        return min(2, usual) if self.quick else usual

    def place(self) -> Path:
        """Return a new empty folder."""
        self.rooms += 1
        room = self.folder / f"room-{self.rooms}"
        room.mkdir()
        return room

    @contextlib.contextmanager
    def tool(self, latency: str = "none", *more: str) -> Iterator[Tool]:
        """Start a new embedded Azure with `owner` signed in, and yield the tool in an empty folder in it."""
        room = self.place()
        with Emulator(room / "azure", "--latency", latency, *more) as azure:
            work = room / "work"
            work.mkdir()
            yield Tool(azure, work)


def forget_traffic(azure: Emulator) -> None:
    """Let the recording begin anew."""
    azure.control("DELETE", "/requests")
    os.truncate(azure.traffic, 0)


def middle(values: Sequence[float]) -> float:
    """Return the median, to the millisecond."""
    return round(statistics.median(values), 3)


def say(text: str) -> None:
    """Say how far the bench is."""
    print(text, file=sys.stderr, flush=True)

"""Where everything is measured: processes that are timed, embedded Azures, and what was said on the command line."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emulator.lag import AZURE_TABLE
from tests.support.tool import SUBSCRIPTION
from tests.support.world import ROOT, Emulator

Json = dict[str, Any]

TIMEOUT = 1800.0
DEPLOY = ("--yes", "--subscription", SUBSCRIPTION)


NONE = "none"
"""Nothing takes any time, and nothing is late: a table of zeros.

The emulator's own `none` counts observations instead, with `Retry-After: 0`, which az takes for 30 s.
"""


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


_TIMER = """
import json, os, sys, time
note, *command = sys.argv[1:]
begun, clock = time.time(), time.perf_counter()
process = os.posix_spawnp(command[0], command, os.environ)
_, status, used = os.wait4(process, 0)
wall = time.perf_counter() - clock
with open(note, "w") as file:
    json.dump([wall, used.ru_utime + used.ru_stime, used.ru_maxrss, begun, os.waitstatus_to_exitcode(status)], file)
"""
"""Starts a command, and times it. A process of its own: a new process is said to have had its starter's memory."""


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], *, code: int | None = 0) -> Took:
    """Run a command to its end in `folder`, without a terminal; Failed when it doesn't end with `code`."""
    with tempfile.TemporaryDirectory() as name:
        note = Path(name) / "note"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _TIMER, note, *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=True,
        )
        wall, cpu, memory, begun, ended = json.loads(note.read_text())
    stdout, stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if code is not None and ended != code:
        what = " ".join(str(part) for part in command[:6])
        raise Failed(f"{what} ended with {ended}: {(stdout + stderr)[-800:]}")
    return Took(wall, cpu, memory / (1024 * 1024 if sys.platform == "darwin" else 1024), stdout, stderr, begun)


@dataclass(frozen=True)
class Tool:
    """deploy.py in a folder of its own, as the signed-in user of an embedded Azure."""

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

    def warm_up(self) -> None:
        """Let Python compile what runs, and keep it: the first run is measured by itself."""
        with self.tool() as tool:
            tool.deploy()
            tool.run("verify")

    def times(self, usual: int) -> int:
        """Return how often something is measured that is usually measured so often."""
        return min(2, usual) if self.quick else usual

    def place(self) -> Path:
        """Return a new empty folder."""
        self.rooms += 1
        room = self.folder / f"room-{self.rooms}"
        room.mkdir()
        return room

    def table(self, seconds: Mapping[str, float]) -> str:
        """Return, as the emulator's option takes it, a latency table of one's own."""
        file = self.place() / "latency.json"
        file.write_text(json.dumps({"table": seconds}))
        return str(file)

    @contextlib.contextmanager
    def azure(self, latency: str = NONE, *more: str) -> Iterator[Emulator]:
        """Start a new embedded Azure with `owner` signed in, and `more` options."""
        if latency == NONE:
            latency = self.table(dict.fromkeys(AZURE_TABLE, 0.0))
        with Emulator(self.place() / "azure", "--latency", latency, *more) as azure:
            yield azure

    @contextlib.contextmanager
    def tool(self, latency: str = NONE) -> Iterator[Tool]:
        """Start a new embedded Azure, and yield the tool in an empty folder in it."""
        with self.azure(latency) as azure:
            yield Tool(azure, self.place())


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

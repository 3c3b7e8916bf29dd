"""A world to break things in: one embedded Azure that is put back as it was, and runs of the tool in fresh folders."""

from __future__ import annotations

import contextlib
import json
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.matrix import leaks
from tests.support.azure import MARK
from tests.support.forks import RUN_FIRST
from tests.support.processes import LAST, Process, kill, kill_group
from tests.support.tool import SUBSCRIPTION, Tool
from tests.support.world import Emulator

INSIDE = Path(__file__).parent / "inside"
DEPLOY = ("--yes", "--subscription", SUBSCRIPTION)
SETTINGS = "settings.toml"
TIMEOUT = 240.0
GLANCE = 0.05
"""Seconds between two looks at a run that is being watched."""

Inventory = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Scenario:
    """Who runs the tool, and with what arguments."""

    name: str
    sign_in: str = "owner"
    arguments: tuple[str, ...] = DEPLOY
    settings: str = ""
    """The settings file, which the arguments name, or nothing."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Other files beside it, by their names."""
    secret_file: str = ""
    """Where its client secret is to be."""
    network: str = "outside"
    """Where it runs, seen from private endpoints."""
    states: tuple[str, ...] = ("deploy.state.json",)
    """The state files, one for each deployment."""


@dataclass(frozen=True)
class Ran:
    """How one run of the tool ended, and what it said. `code` is -9 when it was killed."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    note: str = ""
    """What the run was met with: the request that was held, the point it was killed at."""
    leaks: tuple[str, ...] = ()
    """Secrets that its command line or its children's showed while it ran."""

    @property
    def text(self) -> str:
        return self.stdout + self.stderr

    def json(self) -> dict[str, Any]:
        ends = {"stdout": self.stdout[-8000:], "stderr": self.stderr[-16000:]}
        return {"code": self.code, "note": self.note, "seconds": round(self.seconds, 1), **ends}


@dataclass
class Undisturbed:
    """What a run that nothing disturbs does and leaves."""

    inventory: Inventory
    requests: list[dict[str, Any]]
    points: list[str]


class Clock:
    """The tool's clock, which can jump ahead."""

    def __init__(self, file: Path) -> None:
        self.file, self.ahead = file, 0.0
        file.write_bytes(struct.pack("dd", 0.0, -1.0))

    def jump(self, seconds: float) -> bool:
        """Let time jump ahead; False, and it does not, while the tool has not lived through the last jump."""
        with self.file.open("r+b") as handle:  # the same file stays mapped in the tool
            if struct.unpack("dd", handle.read())[1] != self.ahead:
                return False
            self.ahead += seconds
            handle.seek(0)
            handle.write(struct.pack("d", self.ahead))
        return True


@dataclass
class Lab:
    """An embedded Azure in `folder` for one case after another. A context manager; not for two threads at once."""

    folder: Path
    scenario: Scenario
    azure: Emulator = field(init=False)
    undisturbed: Undisturbed = field(init=False)

    def __enter__(self) -> Lab:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.azure = Emulator(
            self.folder / "azure", "--sign-in", self.scenario.sign_in, "--network", self.scenario.network
        ).start()
        try:
            self.seeded = self.azure.keep()
            self._secrets = leaks.secrets_of(self.azure.data)
            self.undisturbed = self._undisturbed()
        except BaseException:
            self.azure.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.azure.kill()
        self.azure.conforms()

    def fresh(self) -> Tool:
        """Put everything back as it was seeded, and return the tool in an empty folder."""
        self.azure.conforms()
        self.azure.renew(self.seeded)
        shutil.rmtree(self.folder / "work", ignore_errors=True)
        for file in self.folder.glob("run.*"):
            file.unlink()
        tool = Tool(self.azure, self.folder / "work")
        if self.scenario.settings:
            (tool.folder / SETTINGS).write_text(self.scenario.settings, encoding="utf-8")
        for name, text in self.scenario.files.items():
            (tool.folder / name).write_text(text, encoding="utf-8")
        return tool

    def run(
        self,
        tool: Tool,
        *,
        arguments: tuple[str, ...] = (),
        watch: Callable[[Process], str | None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Ran:
        """Run the tool to its end. `watch` is called again and again meanwhile; what it says kills the run."""
        self.azure.control("DELETE", "/requests")
        begun, note, seen = time.monotonic(), "", list[str]()
        watched = Tool(tool.azure, tool.folder, {**tool.extra, **(environment or {})})
        process = watched.start(*self.scenario.arguments, *arguments)
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    out, err = process.communicate(timeout=GLANCE if watch and not note else LAST if note else TIMEOUT)
                    break
                assert not note, f"{note}, and not ended {LAST:.0f} s later"
                late = time.monotonic() - begun > TIMEOUT
                said = f"still running after {TIMEOUT:.0f} s" if late else watch(process) if watch else None
                if said and process.poll() is None:
                    note, seen = said, leaks.in_process(process.pid, self._secrets)
                    kill_group(process.pid)
        finally:
            kill(process)
        return Ran(process.wait(LAST), out, err, time.monotonic() - begun, note, tuple(seen))

    def inventory(self) -> Inventory:
        """Return everything that exists. A group that several deployments share has the mark of any of them."""
        found = self.azure.inventory()
        if len(self.scenario.states) > 1:
            for group in found["resourceGroups"]:
                group["tags"] = {name: "" if name == MARK else value for name, value in group.get("tags", {}).items()}
        return found

    def leaks(self, tool: Tool, *runs: Ran) -> list[str]:
        """Return where secrets show: in the output of these runs, the tool's folder, the recorded traffic.

        In the file that the secret is meant for it shows only where others may read it.
        """
        secrets = {**self._secrets, **leaks.secrets_of(self.azure.data)}  # those made meanwhile too
        found = [f"command line of run {number}: {what}" for number, run in enumerate(runs, 1) for what in run.leaks]
        for number, run in enumerate(runs, 1):
            found += [f"output of run {number}: {what}" for what in leaks.within(run.text, secrets)]
        for file in [*sorted(tool.folder.rglob("*")), self.azure.traffic]:
            meant = file.name == self.scenario.secret_file and file.stat().st_mode & 0o077 == 0
            if file.is_file() and not meant:
                text = file.read_text(encoding="utf-8", errors="replace")
                found += [f"{file.name}: {what}" for what in leaks.within(text, secrets)]
        return found

    def living_secrets(self) -> set[str]:
        """Return the client secrets that sign in."""
        documents = self.azure.keep()
        living = {
            f"{app['appId']}/{credential['keyId']}"
            for kind, _, body in documents
            if kind == "application" and (app := json.loads(body))
            for credential in app.get("passwordCredentials") or ()
        }
        return {json.loads(body)["secret"] for kind, key, body in documents if kind == "clientSecret" and key in living}

    def points(self, tool: Tool, kill_at: int = 0) -> dict[str, str]:
        """Return the environment that watches the tool's writes, and kills it at the point of this number."""
        file = self.folder / "run.points"
        file.write_text("")
        watched = {"MATRIX_FOLDER": str(tool.folder), "MATRIX_POINTS": str(file), "MATRIX_KILL_AT": str(kill_at)}
        return {RUN_FIRST: str(INSIDE / "sitecustomize.py"), **watched}

    def seen_points(self) -> list[str]:
        """Return the points of the latest run that was watched."""
        return (self.folder / "run.points").read_text(encoding="utf-8").splitlines()

    def clock(self) -> tuple[Clock, dict[str, str]]:
        """Return a clock for the next run that can jump ahead, and the environment that makes the tool live by it."""
        clock = Clock(self.folder / "run.clock")
        return clock, {"PYTHONPATH": str(INSIDE), "MATRIX_CLOCK": str(clock.file)}

    def _undisturbed(self) -> Undisturbed:
        tool = self.fresh()
        ran = self.run(tool, environment=self.points(tool))
        assert ran.code == 0, ran.text
        return Undisturbed(self.inventory(), self.azure.requests()["log"], self.seen_points())


def state_of(tool: Tool) -> Any:
    """Return the state file's document; None without a file. ValueError when it is torn."""
    if not tool.state_file.exists():
        return None
    return json.loads(tool.state_file.read_text(encoding="utf-8"))

"""deploy.py as a user runs it: a process of its own, in a folder of its own, in an embedded Azure's environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect

from tests.world import ROOT, Emulator

SUBSCRIPTION = "1c0ffee0-0000-4000-8000-000000000001"
GROUP, INSTANCE, HOST = "digital-twins-0fd74108", "adt-0fd74108", "adt-0fd74108.api.wus2.digitaltwins.azure.net"
"""The default names in the embedded Azure's tenant and registered subscription."""
TIMEOUT = 120


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


class Tool:
    """Runs deploy.py in `folder`. `extra` goes on top of its environment; None takes a variable out."""

    def __init__(self, azure: Emulator, folder: Path, extra: Mapping[str, str | None] | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.azure, self.folder, self.extra = azure, folder, dict(extra or {})

    @property
    def state_file(self) -> Path:
        return self.folder / "deploy.state.json"

    @property
    def state(self) -> Any:
        return json.loads(self.state_file.read_text())

    def environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in self.azure.env.items() if not key.startswith("ADT_")}
        inherited.pop("AZURE_SUBSCRIPTION_ID", None)
        return {key: value for key, value in {**inherited, **self.extra}.items() if value is not None}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "deploy.py"), *arguments]

    def run(self, *arguments: str) -> Done:
        """Run to the end, without a terminal."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def deploy(self, *arguments: str) -> Done:
        """Run `deploy --yes` in the registered subscription."""
        return self.run("--yes", "--subscription", SUBSCRIPTION, *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a run that is met half-way; the caller ends it."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def terminal(self, *arguments: str, rows: int = 40, columns: int = 160) -> pexpect.spawn[str]:
        """Start a run in a pseudo-terminal."""
        command = self.command(*arguments)
        environment = {**self.environment(), "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(rows)}
        return pexpect.spawn(
            command[0],
            command[1:],
            cwd=str(self.folder),
            env=environment,
            dimensions=(rows, columns),
            encoding="utf-8",
            timeout=60,
        )


def kill(process: subprocess.Popen[str]) -> None:
    """End it as `kill -9` does, and read what it wrote."""
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)

"""deploy.py as a user runs it: a process of its own, in a folder of its own, in an embedded Azure's environment."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pexpect

from tests.support import processes
from tests.support.processes import TIMEOUT, Done
from tests.support.world import ROOT, Emulator

SUBSCRIPTION = "1c0ffee0-0000-4000-8000-000000000001"
GROUP, INSTANCE, HOST = "digital-twins-0fd74108", "adt-0fd74108", "adt-0fd74108.api.wus2.digitaltwins.azure.net"
"""The default names in the embedded Azure's tenant and registered subscription."""
BEFORE_THE_FIRST_LINE = ("PYTHON", "LC_", "LANG")
"""How variables begin that Python looks at when it starts."""
START = ("--yes", "--subscription", SUBSCRIPTION)
"""The arguments of a run that asks nothing."""


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

    def run(self, *arguments: str, seconds: float = TIMEOUT) -> Done:
        """Run to the end, without a terminal. AssertionError, and nothing is left of it, after `seconds`."""
        return processes.ended(self.start(*arguments), seconds)

    def deploy(self, *arguments: str) -> Done:
        """Run `deploy --yes` in the registered subscription."""
        return self.run(*START, *arguments)

    def start(self, *arguments: str) -> processes.Process:
        """Start a run that is met half-way; what is left of it is ended with the test."""
        start = processes.start_loaded if self._can_be_loaded else processes.start
        return start(self.command(*arguments), self.folder, self.environment())

    def terminal(self, *arguments: str, rows: int = 40, columns: int = 160) -> pexpect.spawn[str]:
        """Start a run in a pseudo-terminal; what is left of it is ended with the test."""
        return processes.start_in_terminal(
            self.command(*arguments),
            self.folder,
            self.environment(),
            rows=rows,
            columns=columns,
            kind=self.extra.get("TERM") or "xterm-256color",
            is_loaded=self._can_be_loaded,
        )

    @property
    def _can_be_loaded(self) -> bool:
        """Whether a run starts from loaded modules.

        Not where it is another command than this checkout's deploy.py, or `extra` has something that Python itself
        looks at when it starts.
        """
        is_ours = self.command()[:2] == [sys.executable, str(ROOT / "deploy.py")]
        return is_ours and not any(name.startswith(BEFORE_THE_FIRST_LINE) for name in self.extra)

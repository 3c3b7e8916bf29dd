"""How a command was called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.display import command_for
from state.store import StateStore


@dataclass(frozen=True)
class Options:
    """How a command was called."""

    flags: Mapping[str, Any]
    """The inputs as click gives them."""
    config: Path | None
    state: StateStore
    yes: bool
    may_ask: bool
    """There is a terminal, and no --non-interactive."""
    json: bool
    talks_on_stderr: bool = False
    """Whoever is asked to confirm doesn't see stdout: what is said before that goes to stderr."""
    keeps_answers: bool = False
    """In `deploy`: answers are proposed again by the next run, if this one comes to nothing."""
    suggested_subscription: str | None = None
    import_file: Path | None = None
    """A config.json of deploy.ps1, whose values come before what the state file remembers."""
    remembered_only: bool = False
    """The inputs are those that the state file remembers; names given beside them are only compared."""
    traffic: Path | None = None
    """The file to which requests and answers are appended."""
    purge: bool = False
    """In `destroy`: purge the application from the recycle bin."""
    config_found: bool = False
    """The settings file is that of the current folder: nobody named it."""
    detailed_exitcode: bool = False
    """In `plan`: the exit code tells whether Azure differs."""
    verbose: bool = False
    """Requests are logged on stderr, and screens leave nothing out."""
    called: Mapping[str, Any] = field(default_factory=dict)
    """All options, as click gives them: what every command that is printed carries on."""

    @property
    def deployment(self) -> str:
        """The name of the deployment in a settings file of several; "" in one of one."""
        return next(iter(self.called.get("deployment") or ()), "")

    @property
    def local(self) -> bool:
        """It runs against the embedded Azure of this machine: nothing leads to the real one."""
        return bool(self.called.get("local"))

    def command_for(self, name: str, *, again: bool = False, **more: Any) -> str:
        """Return a command line for the same deployment; `more` are options beside those that were given."""
        return command_for(name, {**self.called, "state": self.state.place, **more}, again=again)

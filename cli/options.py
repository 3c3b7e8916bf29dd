"""How a command was called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from state.file_store import StateFile


@dataclass(frozen=True)
class Options:
    """How a command was called."""

    flags: Mapping[str, Any]
    """The inputs as click gives them."""
    config: Path | None
    state: StateFile
    yes: bool
    may_ask: bool
    """There is a terminal, and no --non-interactive."""
    json: bool
    suggested_subscription: str | None = None
    import_file: Path | None = None
    """A config.json of deploy.ps1, whose values come before what the state file remembers."""
    remembered_only: bool = False
    """The inputs are those that the state file remembers; names given beside them are only compared."""
    traffic: Path | None = None
    """The file to which requests and answers are appended."""
    purge: bool = False
    """In `destroy`: purge the application from the recycle bin."""
    verbose: bool = False
    """Requests are logged on stderr, and screens leave nothing out."""

"""Reading a state file for the commands that need nothing else."""

from __future__ import annotations

from pathlib import Path

from cli import json_output
from cli.console import make_console, show_refusal
from engine.refusal import Refusal
from state.document import StateDocument, StateRefused
from state.file_store import StateFile


def read_state(path: Path) -> StateDocument | Refusal | None:
    """Return the document, None when there is no file, or the refusal of a file that can't be used."""
    try:
        return StateFile(path).read()
    except StateRefused as error:
        return Refusal(str(error), exit_code=2)


def refuse(refusal: Refusal, *, as_json: bool) -> int:
    """Show a refusal, as JSON on stdout too where that is asked for, and return its exit code."""
    if as_json:
        json_output.emit_refusal(refusal)
    show_refusal(make_console(stderr=True), refusal)
    return refusal.exit_code

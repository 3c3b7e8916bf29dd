"""Reading a state file for the commands that need nothing else."""

from __future__ import annotations

from pathlib import Path

from cli.display import DEFAULT_STATE, TRIAL, command_for
from engine.refusal import Refusal
from state.document import StateDocument, StateRefused
from state.file_store import StateFile


def read_state(path: Path) -> StateDocument | Refusal | None:
    """Return the document, None when there is no file, or the refusal of a file that can't be used."""
    try:
        return StateFile(path).read()
    except StateRefused as error:
        return Refusal(str(error), exit_code=2)


def no_deployment(path: Path, document: StateDocument | None, *, local: bool) -> Refusal:
    """Return the error (exit code 2) of a command that needs a deployment, where there is none."""
    deploy = command_for("deploy", {"state": path, "local": local})
    if document is not None:
        return Refusal(
            f"This deployment was removed on {when(document.removed_at)}.",
            next=f"To set it up again: {deploy}",
            exit_code=2,
        )
    others = state_files_in(path.absolute().parent)
    found = f"State files there: {', '.join(others)}. Name one with --state FILE." if others else ""
    if not others and not local and (TRIAL / DEFAULT_STATE).is_file():
        found = f"The trial's: {command_for('status', {'local': True})}. To deploy: {deploy}"
    return Refusal(
        f"There is no deployment yet: no state file at {path.absolute()}.",
        next=found or f"To deploy: {deploy}",
        exit_code=2,
    )


def state_files_in(folder: Path) -> list[str]:
    """Return the names of the state files in a folder, sorted."""
    try:
        return sorted(file.name for file in folder.glob("*.state.json") if file.is_file())
    except OSError:
        return []


def when(moment: str | None) -> str:
    """Return a moment of the state file as it is shown: `2026-11-25 18:50 UTC`."""
    return f"{(moment or '')[:16].replace('T', ' ')} UTC" if moment else ""

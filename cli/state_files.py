"""Reading a state file for the commands that need nothing else."""

from __future__ import annotations

from pathlib import Path

from cli.display import DEFAULT_STATE, TRIAL, absolute, command_for
from cli.stores import Place, opened
from engine.refusal import Refusal
from state.document import StateDocument, StateRefused


def read_state(place: Place) -> StateDocument | Refusal | None:
    """Return the document, None when there is none, or the refusal of a state that can't be used."""
    try:
        with opened(place, {}, None) as store:
            return store.read()
    except StateRefused as error:
        return Refusal(str(error), exit_code=2)
    except Refusal as refusal:
        return refusal


def is_in_use(place: Place) -> bool:
    """Whether a run holds the lock of a state."""
    with opened(place, {}, None) as store:
        return store.holder() is not None


def no_deployment(path: Place, document: StateDocument | None, *, local: bool) -> Refusal:
    """Return the error (exit code 2) of a command that needs a deployment, where there is none."""
    deploy = command_for("deploy", {"state": path, "local": local})
    if document is not None:
        return Refusal(
            f"This deployment was removed on {when(document.removed_at)}.",
            next=f"To set it up again: {deploy}",
            exit_code=2,
        )
    others = state_files_in(path.absolute().parent) if isinstance(path, Path) else []
    found = f"State files there: {', '.join(others)}. Name one with --state FILE." if others else ""
    if isinstance(path, Path) and not others and not local and (TRIAL / DEFAULT_STATE).is_file():
        found = f"The trial's: {command_for('status', {'local': True})}. To deploy: {deploy}"
    return Refusal(
        f"There is no deployment yet: no {'state file' if isinstance(path, Path) else 'state'} at {absolute(path)}.",
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

"""Reading a state file for the commands that need nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from cli.display import absolute, command_for
from cli.stores import DEFAULT_STATE, TRIAL, Place, opened
from engine.refusal import Refusal
from state.document import StateDocument, StateRefused
from state.store import StateStore

AT_A_TIME = 20
"""How many blobs are read at a time."""

Read = StateDocument | Refusal | None
"""A document, None when there is none, or the refusal of a state that can't be used."""


def read_state(place: Place, called: Mapping[str, Any] = {}) -> Read:
    """Return the document of a state.

    `called` are the options of the command, which may say where the sign-in is to be had.
    """
    return read_states({"": (place, called)})[""]


def read_states(wanted: Mapping[str, tuple[Place, Mapping[str, Any]]]) -> dict[str, Read]:
    """Return the documents of several states, as `read_state` does: blobs side by side, by one sign-in."""
    found: dict[str, Read] = {}
    with ExitStack() as opened_ones:
        stores: dict[str, StateStore] = {}
        for name, (place, called) in wanted.items():
            try:
                stores[name] = opened_ones.enter_context(_opened(place, called))
            except Refusal as refusal:
                found[name] = refusal
        if sum(store.is_shared for store in stores.values()) > 1:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(AT_A_TIME) as pool:
                found |= zip(stores, pool.map(_read, stores.values()), strict=True)
        else:
            found |= {name: _read(store) for name, store in stores.items()}
    return {name: found[name] for name in wanted}


def _read(store: StateStore) -> Read:
    try:
        return store.read()
    except StateRefused as error:
        return Refusal(str(error), exit_code=2)
    except Refusal as refusal:
        return refusal


def is_in_use(place: Place, called: Mapping[str, Any] = {}) -> bool:
    """Whether a run holds the lock of a state."""
    with _opened(place, called) as store:
        return store.holder() is not None


def _opened(place: Place, called: Mapping[str, Any]) -> AbstractContextManager[StateStore]:
    return opened(place, {}, called.get("config"), *(called.get("deployment") or ()))


def no_deployment(
    path: Place, document: StateDocument | None, *, local: bool, called: Mapping[str, Any] = {}
) -> Refusal:
    """Return the error (exit code 2) of a command that needs a deployment, where there is none.

    Where `called`, the options of the command, choose a deployment of a settings file, the next command does too.
    """
    chosen = {name: called.get(name) for name in ("deployment", "config")} if called.get("deployment") else {}
    deploy = command_for("deploy", {**chosen, "state": path, "local": local})
    if document is not None:
        return Refusal(
            f"This deployment was removed on {when(document.removed_at)}.",
            next=f"To set it up again: {deploy}",
            exit_code=2,
        )
    is_alone = isinstance(path, Path) and not chosen
    others = state_files_in(path.absolute().parent) if isinstance(path, Path) and is_alone else []
    found = f"State files there: {', '.join(others)}. Name one with --state FILE." if others else ""
    if is_alone and not others and not local and (TRIAL / DEFAULT_STATE).is_file():
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

"""`state move` and `state unlock`: where the state is, and who holds its lock."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from cli import json_output, left_files
from cli.console import make_console, say, text
from cli.display import command_for, shown
from cli.ending import end
from cli.hand_off import HandOff
from cli.stores import Place, opened
from engine.refusal import BadInput, Refusal
from state.document import StateDocument, StateRefused, serialized
from state.store import StateLocked, StateLost, StateStore


def move(source: Place, target: Place, *, as_json: bool) -> int:
    """Move a state, under the locks of both places, and return the exit code.

    It is written there before it is deleted here: a move that was interrupted is finished by the same command.
    """
    if source == target:
        return end(BadInput("Both are the same place.", "Name another one to move it to."), as_json=as_json)
    try:
        with opened(source, {}, None) as old, opened(target, {}, None) as new:
            for store in (old, new):
                store.check_writable()
            with old.locked(), new.locked():
                _move(old, new)
    except (Refusal, StateRefused, StateLocked, StateLost) as error:
        return end(_refusal(error), as_json=as_json)
    following = command_for("plan", {"state": target})
    if as_json:
        json_output.emit({"command": "state move", "exit_code": 0, "from": str(source), "to": str(target)})
    console = make_console(stderr=as_json)
    say(console, f"Moved: the state is at {shown(target)} now, and no longer at {shown(source)}.")
    say(
        console,
        f"Name it from now on with --state, ADT_STATE or `state` in the settings file: {following}",
        first="Next: ",
    )
    return 0


def _move(old: StateStore, new: StateStore) -> None:
    document, there = old.read(), new.read()
    if document is None:
        what = f"There is no state at {old.place}."
        raise BadInput(f"{what} {new.place} has one." if there else what, "Name the one to move: state move FROM TO")
    if new.is_shared:
        files = [("log", old.log_path), ("hand-off", HandOff(old).path)]
        left_files.record(document, [(what, path.absolute()) for what, path in files if path.exists()])
    if there is not None and not _same(there, document):
        raise BadInput(f"There is another state at {new.place}: it was left alone.", "Name a place that has none.")
    new.write(document)
    old.delete()


def _same(one: StateDocument, other: StateDocument) -> bool:
    """Whether two states are the same, but for what was left where."""
    return serialized(one.model_copy(update={"files": []})) == serialized(other.model_copy(update={"files": []}))


def unlock(place: Place, *, yes: bool, as_json: bool) -> int:
    """Say who holds the lock, ask, and take it from them. Return the exit code: 1 when the person declined."""
    console = make_console(stderr=as_json)
    try:
        with opened(place, {}, None) as store:
            holder = store.holder()
            if holder is None:
                say(console, f"Nobody holds the lock of {shown(place)}.")
            else:
                say(console, f"The lock of {shown(place)} is held by {holder}.")
                if not yes and not _confirmed():
                    console.print(text("Nothing was changed."))
                    return 1
                store.unlock()
                say(
                    console,
                    "Unlocked. A run that is still going on notices within 20 seconds, and writes nothing more.",
                )
    except (Refusal, StateRefused, StateLocked) as error:
        return end(_refusal(error), as_json=as_json)
    if as_json:
        document: dict[str, Any] = {"command": "state unlock", "exit_code": 0, "state": str(place), "holder": holder}
        json_output.emit(document)
    return 0


def _confirmed() -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BadInput(
            "Refusing to unlock without confirmation: there is no terminal to ask in.", "Confirm with --yes."
        )
    from cli.prompts import Terminal

    return asyncio.run(Terminal().proceed(default=False))


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    return Refusal(str(error), exit_code=2 if isinstance(error, StateRefused) else 4)

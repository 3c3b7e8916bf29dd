"""`status`: the state file as a person reads it; offline, without any SDK."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cli import json_output
from cli.console import make_console, say, show_pairs
from cli.display import shown
from cli.ending import end
from cli.plan_view import show_rows
from cli.signs import by_number, short_ids, write_words
from cli.state_files import is_in_use, no_deployment, read_state, when
from cli.stores import Place
from engine.refusal import Refusal
from steps import STEPS
from steps.shared.applications import ADOPTED

if TYPE_CHECKING:
    from engine.step import AnyStep
    from state.document import StateDocument, StepRecord


def show_status(path: Place, *, as_json: bool, called: Mapping[str, Any] = {}) -> int:
    """Print what the state says, or it as JSON. Return the exit code. `called` are the options of the command."""
    local = bool(called.get("local"))
    document = read_state(path, called)
    if isinstance(document, Refusal):
        return end(document, as_json=as_json)
    if as_json:
        json_output.emit(json_output.status_document(document))
        return 0
    console = make_console(stderr=False)
    if document is None:
        nothing = no_deployment(path, None, local=local, called=called)
        say(console, nothing.what)
        say(console, nothing.next, first="  Next: ")
        return 0
    show_pairs(console, _about(document, path), indent=0)
    console.print()
    if document.removed_at:
        removed = no_deployment(path, document, local=local, called=called)
        say(console, removed.what, style="bold")
        say(console, removed.next, first="  Next: ")
        return 0
    created, added = _owned(document)
    if created:
        say(console, ", ".join(created), first="Created by this tool: ", first_style="cyan")
    if added:
        say(console, ", ".join(added), first="Added to what existed: ", first_style="cyan")
    if created or added:
        console.print()
    running = any(record.interrupted for record in document.steps.values()) and is_in_use(path, called)
    steps = by_number(step for step in STEPS if _is_told(step, document))
    show_rows(console, [_row(step, document.step(step.key), running=running) for step in steps])
    return 0


def _about(document: StateDocument, path: Place) -> dict[str, str]:
    belongs, inputs, values = document.belongs_to, document.inputs, document.produced()
    about = {
        "Instance": str(inputs.get("instance") or ""),
        "Group": str(inputs.get("resource_group") or ""),
        "Region": values.get("location") or str(inputs.get("location") or ""),
        "Host name": values.get("host_name", ""),
        "State file": shown(path),
        "Tenant": belongs.tenant,
        "Subscription": belongs.subscription,
    }
    return {name: value for name, value in about.items() if value}


def _owned(document: StateDocument) -> tuple[list[str], list[str]]:
    """Return in words what this tool created, and the settings that it added to what it did not create.

    It is counted as the changes of a plan are. Of resources of a long id only what they are is told.
    """
    created, added = Counter[str](), Counter[str]()
    for step in by_number(STEPS):
        owned = document.step(step.key).owned
        items = [(kind, item) for kind in step.kinds for item in kind.among(owned)]
        whole = {kind.name for kind, _item in items if not kind.is_setting} - {ADOPTED.name}
        for kind, item in items:
            word = kind.name.replace("-", " ") if "/" in item or not kind.shown else kind.words(item)
            if kind.name in whole:
                created[word] += 1
            elif kind.shown and not whole:
                added[word] += 1
    return _counted(created), _counted(added)


def _counted(words: Counter[str]) -> list[str]:
    return [word if count == 1 else f"{count} {word}s" for word, count in words.items()]


def _is_told(step: AnyStep, document: StateDocument) -> bool:
    record = document.steps.get(step.key)
    return record is not None and not (step.optional and record.state in ("skipped", "pending"))


def _row(step: AnyStep, record: StepRecord, *, running: bool) -> tuple[str, str, str]:
    """Return the row of a step. What a run that is over was doing is interrupted."""
    state: str = record.state
    detail = record.error.what if record.error else record.reason
    if record.interrupted:
        detail = f"{write_words(record.interrupted)}, since {when(record.started)}"
        state = "doing" if running else "interrupted"
    if record.finished and not record.interrupted:
        detail = f"{when(record.finished)}{'  ' if detail else ''}{short_ids(detail)}"
    return step.label, state, detail

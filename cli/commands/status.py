"""`status`: the state file as a person reads it; offline, without any SDK."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from cli import json_output
from cli.console import make_console, say, show_pairs, text
from cli.display import shown
from cli.plan_view import show_rows
from cli.signs import by_number, short_ids, write_words
from cli.state_files import no_deployment, read_state, refuse, when
from engine.refusal import Refusal
from state.file_store import StateFile
from steps import STEPS

if TYPE_CHECKING:
    from engine.step import AnyStep
    from state.document import StateDocument, StepRecord


def show_status(path: Path, *, as_json: bool, local: bool = False) -> int:
    """Print what the state file says, or it as JSON. Return the exit code."""
    document = read_state(path)
    if isinstance(document, Refusal):
        return refuse(document, as_json=as_json)
    if as_json:
        json_output.emit(json_output.status_document(document))
        return 0
    console = make_console(stderr=False)
    if document is None:
        nothing = no_deployment(path, None, local=local)
        say(console, nothing.what)
        say(console, nothing.next, first="  Next: ")
        return 0
    show_pairs(console, _about(document, path), indent=0)
    console.print()
    if document.removed_at:
        removed = no_deployment(path, document, local=local)
        console.print(text(removed.what, "bold"))
        say(console, removed.next, first="  Next: ")
        return 0
    if owned := _owned(document):
        say(console, ", ".join(owned), first="Created by this tool: ", first_style="cyan")
        console.print()
    running = any(record.in_progress for record in document.steps.values()) and StateFile(path).is_locked()
    steps = by_number(step for step in STEPS if _is_told(step, document))
    show_rows(console, [_row(step, document.step(step.key), running=running) for step in steps])
    return 0


def _about(document: StateDocument, path: Path) -> dict[str, str]:
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


def _owned(document: StateDocument) -> list[str]:
    """Return what this tool created, in words: of resources of a long id only what they are."""
    items = [
        (kind, item)
        for step in by_number(STEPS)
        for kind in step.kinds
        if kind.shown
        for item in kind.among(document.step(step.key).owned)
    ]
    words = (kind.name.replace("-", " ") if "/" in item else kind.words(item) for kind, item in items)
    return [word if count == 1 else f"{count} times {word}" for word, count in Counter(words).items()]


def _is_told(step: AnyStep, document: StateDocument) -> bool:
    record = document.steps.get(step.key)
    return record is not None and not (step.optional and record.state in ("skipped", "pending"))


def _row(step: AnyStep, record: StepRecord, *, running: bool) -> tuple[str, str, str]:
    """Return the row of a step. What a run that is over was doing is interrupted."""
    state: str = record.state
    detail = record.error.what if record.error else record.reason
    if record.in_progress:
        detail = f"{write_words(record.in_progress)}, since {when(record.started)}"
        state = "doing" if running else "interrupted"
    if record.finished and not record.in_progress:
        detail = f"{when(record.finished)}{'  ' if detail else ''}{short_ids(detail)}"
    return f"{step.number} {step.title}", state, detail

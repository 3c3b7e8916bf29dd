"""`status` and `outputs` of one deployment or of several; offline, without any SDK."""

from __future__ import annotations

from typing import Any

from cli import json_output, output_forms
from cli.chosen import Chosen
from cli.commands.outputs import outputs_of, show_outputs
from cli.commands.status import show_status
from cli.console import make_console, say, show_pairs, text
from cli.ending import end
from cli.near import hint
from cli.plan_view import show_rows
from cli.state_files import read_states, when
from engine.refusal import BadInput, Refusal, worst
from state.document import StateDocument
from steps import STEPS


def status(chosen: Chosen) -> int:
    """Print what the state files say and return the exit code; of several a line each, or one JSON document."""
    as_json = chosen.options["output"] == "json"
    if not chosen.several:
        return show_status(chosen.place, as_json=as_json, called=chosen.options)
    found = read_states({name: (one.place, one.options) for name, one in chosen.each()})
    code = worst(document.exit_code for document in found.values() if isinstance(document, Refusal))
    if as_json:
        described = {
            name: json_output.refusal_document(document)
            if isinstance(document, Refusal)
            else json_output.status_document(document)
            for name, document in found.items()
        }
        json_output.emit({"command": "status", "exit_code": code, "deployments": described})
        return code
    show_rows(make_console(stderr=False), [_row(name, document) for name, document in found.items()])
    return code


def _row(name: str, document: StateDocument | Refusal | None) -> tuple[str, str, str]:
    """Return a deployment's name, the worst state of its steps, and where it is."""
    if isinstance(document, Refusal):
        return name, "failed", document.what
    if document is None:
        return name, "nothing to do", "never deployed"
    if document.removed_at:
        return name, "removed", when(document.removed_at)
    inputs = document.inputs
    place = ", ".join(str(inputs[key]) for key in ("instance", "resource_group", "location") if inputs.get(key))
    records = [(step, document.steps[step.key]) for step in STEPS if step.key in document.steps]
    for step, record in records:
        if record.in_progress:
            return name, "interrupted", f"{step.title.lower()}, since {when(record.started)}; {place}"
    for state in ("failed", "blocked", "kept", "needs you"):
        titles = [step.title.lower() for step, record in records if record.state == state]
        if titles:
            return name, state, f"{', '.join(titles)}; {place}"
    return name, "done", place


def outputs(chosen: Chosen, form: str, value: str | None) -> int:
    """Print the collected values, or one of them, and return the exit code.

    Of several deployments only as text or as one JSON document, by the deployment's name; one that can't be read, or
    was never deployed, is said, and stops no other.
    """
    if not chosen.several:
        return show_outputs(chosen.place, form, value, called=chosen.options)
    if form not in ("text", "json"):
        return end(BadInput(f"The form {form} has no place for several deployments.", "Choose one."), as_json=False)
    found: dict[str, dict[str, str] | Refusal] = {}
    documents = read_states({name: (one.place, one.options) for name, one in chosen.each()})
    for name, one in chosen.each():
        values = outputs_of(documents[name], one.place, called=one.options)
        if value is not None and not isinstance(values, Refusal):
            known = output_forms.selectable(values)
            values = {value: known[value]} if value in known else _no_value(value, list(known))
        found[name] = values
    refused = {name: values for name, values in found.items() if isinstance(values, Refusal)}
    code = worst(refusal.exit_code for refusal in refused.values())
    if form == "json":
        described: dict[str, Any] = {
            name: json_output.refusal_document(values) if isinstance(values, Refusal) else values
            for name, values in found.items()
        }
        json_output.emit({"command": "outputs", "exit_code": code, "deployments": described})
        return code
    console, errors = make_console(stderr=False), make_console(stderr=True)
    if value is not None:
        show_pairs(console, {name: v[value] for name, v in found.items() if not isinstance(v, Refusal)}, indent=0)
    for name, values in found.items():
        if isinstance(values, Refusal):
            say(errors, f"{name}: {values.what}", first="! ", first_style="yellow")
        elif value is None:
            console.print(text(name, "bold"))
            show_pairs(console, values)
    return code


def _no_value(name: str, known: list[str]) -> Refusal:
    return BadInput(f"There is no value {name}.{hint(name, known)}")

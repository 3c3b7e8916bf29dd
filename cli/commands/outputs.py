"""`outputs`: the collected values, or one of them, in the form asked for; offline, without any SDK."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from cli import output_forms
from cli.display import command_for
from cli.ending import end
from cli.near import hint
from cli.state_files import Read, no_deployment, read_state
from cli.stores import Place
from cli.streams import write_utf_8
from engine.refusal import BadInput, Refusal
from state.document import StateDocument


def show_outputs(path: Place, form: str, name: str | None, *, called: Mapping[str, Any]) -> int:
    """Print the collected values, or the one of this name, in the form asked for. Return the exit code."""
    values = outputs_of(read_state(path, called), path, called=called)
    if isinstance(values, Refusal):
        return end(values, as_json=form == "json")
    known = output_forms.selectable(values)
    if name is not None and name not in known:
        every = command_for("outputs", {**called, "state": path})
        unknown = BadInput(f"There is no value {name}.{hint(name, list(known))}", f"To see all of them: {every}")
        return end(unknown, as_json=form == "json")
    if form in output_forms.EXCHANGED:
        write_utf_8()
    shown = output_forms.one_in_form(name, known[name], form) if name else output_forms.all_in_form(values, form)
    sys.stdout.write(shown)
    return 0


def outputs_of(document: Read, path: Place, *, called: Mapping[str, Any]) -> dict[str, str] | Refusal:
    """Return the collected values of a state by name, or why there are none. `called` are the command's options."""
    if document is None or (isinstance(document, StateDocument) and document.removed_at):
        document = no_deployment(path, document, local=bool(called.get("local")), called=called)
    if isinstance(document, Refusal):
        return document
    login = (document.belongs_to.endpoints or {}).get("login", "")
    return output_forms.with_client_values(document.outputs(), login)

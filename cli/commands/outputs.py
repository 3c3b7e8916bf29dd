"""`outputs`: the collected values, in the form asked for; offline, without any SDK."""

from __future__ import annotations

import sys
from pathlib import Path

from cli import json_output
from cli.state_files import no_deployment, read_state, refuse
from engine.refusal import Refusal
from state.document import StateDocument


def show_outputs(path: Path, form: str) -> int:
    """Print the collected values in the form asked for. Return the exit code."""
    document = read_state(path)
    if document is None or (isinstance(document, StateDocument) and document.removed_at):
        document = no_deployment(path, document)
    if isinstance(document, Refusal):
        return refuse(document, as_json=form == "json")
    login = (document.belongs_to.endpoints or {}).get("login", "")
    values = json_output.with_client_values(document.outputs(), login)
    sys.stdout.write(json_output.outputs_text(values, form))
    return 0

"""The commands that need the state file alone: `status` and `outputs`. No SDK is imported here."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.table import Table

from cli import documents
from cli.called import shown
from cli.console import SYMBOLS, make_console, show_pairs, show_refusal, text
from cloud.errors import Refusal
from state.document import StateDocument, StateRefused
from state.file_store import StateFile


def show_status(path: Path, *, as_json: bool) -> int:
    """Print the state file as a table, or as JSON. Return the exit code."""
    document = _read(path)
    if isinstance(document, Refusal):
        return _refused(document, as_json=as_json)
    if as_json:
        documents.emit(documents.status_document(document))
        return 0
    console = make_console(stderr=False)
    if document is None:
        console.print(text(f"There is no deployment yet: no state file at {path}."))
        return 0
    belongs = document.belongs_to
    about = {"State file": shown(path), "Tenant": belongs.tenant, "Subscription": belongs.subscription}
    show_pairs(console, about, indent=0)
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("Step", "State", "Finished (UTC)"):
        table.add_column(heading, no_wrap=True)
    table.add_column("")
    for key, record in document.steps.items():
        symbol, style = SYMBOLS[record.state]
        detail = record.error.what if record.error else record.doing or record.reason
        table.add_row(
            text(key.replace("_", " ").capitalize()), text(f"{symbol} {record.state}", style),
            text((record.finished or "")[:19].replace("T", " ")), text(detail, "dim"),
        )  # fmt: skip
    console.print(table)
    return 0


def show_outputs(path: Path, form: str) -> int:
    """Print the collected values in the form asked for. Return the exit code."""
    document = _read(path)
    if document is None:
        document = Refusal(f"There is no deployment yet: no state file at {path}.", next="Deploy first.", exit_code=2)
    if isinstance(document, Refusal):
        return _refused(document, as_json=form == "json")
    login = (document.belongs_to.endpoints or {}).get("login", "")
    values = documents.with_client_values(document.outputs(), login)
    sys.stdout.write(documents.outputs_text(values, form))
    return 0


def _read(path: Path) -> StateDocument | Refusal | None:
    try:
        return StateFile(path).read()
    except StateRefused as error:
        return Refusal(str(error), exit_code=2)


def _refused(refusal: Refusal, *, as_json: bool) -> int:
    if as_json:
        documents.emit_refusal(refusal)
    show_refusal(make_console(stderr=True), refusal)
    return refusal.exit_code

"""`status`: the state file as a table; offline, without any SDK."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from cli import json_output
from cli.console import SYMBOLS, make_console, show_pairs, text
from cli.display import shown
from cli.state_files import read_state, refuse
from engine.refusal import Refusal


def show_status(path: Path, *, as_json: bool) -> int:
    """Print the state file as a table, or as JSON. Return the exit code."""
    document = read_state(path)
    if isinstance(document, Refusal):
        return refuse(document, as_json=as_json)
    if as_json:
        json_output.emit(json_output.status_document(document))
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
        detail = record.error.what if record.error else record.in_progress or record.reason
        table.add_row(
            text(key.replace("_", " ").capitalize()), text(f"{symbol} {record.state}", style),
            text((record.finished or "")[:19].replace("T", " ")), text(detail, "dim"),
        )  # fmt: skip
    console.print(table)
    return 0

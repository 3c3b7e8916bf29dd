"""What is given to one run, from all sources; says which files were taken that need saying."""

from __future__ import annotations

from rich.console import Console

from cli import deploy_ps1
from cli.console import say
from cli.options import Options
from cli.sources import IDENTIFYING, gather, recalled
from engine.input import Given
from engine.refusal import BadInput
from state.document import StateDocument


def collect(options: Options, document: StateDocument | None, console: Console) -> dict[str, Given]:
    """Return what is given, by precedence. BadInput for what can't be used."""
    remembered = document.remembered() if document else {}
    if options.remembered_only:
        return {**recalled(remembered), **gather(options.flags, None, {}, IDENTIFYING)}
    imported = deploy_ps1.read(options.import_file) if options.import_file else None
    taken = (imported.inputs, str(options.import_file)) if imported else ({}, "")
    if options.config_found:
        say(console, f"Settings: {options.config}, as it is in this folder (--no-config leaves it).")
    try:
        given = gather(options.flags, options.config, remembered, imported=taken)
    except BadInput as refusal:
        if options.config_found and str(options.config) in refusal.what:
            refusal.next = f"{refusal.next} To leave it: --no-config".strip()
        raise
    for note in imported.notes if imported else ():
        say(console, note, first="! ", first_style="yellow")
    return given

"""What is given to one run, from all sources; says which files were taken that need saying."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    if document is None and options.state.is_shared:
        say(console, f"There is no state at {options.state.place} yet: this is a new deployment.", first="· ")
    imported = deploy_ps1.read(options.import_file) if options.import_file else None
    taken = (imported.inputs, str(options.import_file)) if imported else ({}, "")
    found = options.config if options.config_found else None
    with announced(found, console):
        given = gather(options.flags, options.config, remembered, imported=taken, deployment=options.deployment)
    for note in imported.notes if imported else ():
        say(console, note, first="! ", first_style="yellow")
    return given


@contextmanager
def announced(found: Path | None, console: Console) -> Iterator[None]:
    """Say that the settings file of this folder is taken, if any; of bad input in it, how it is left."""
    if found is not None:
        say(console, f"Settings: {found}, as it is in this folder (--no-config leaves it).")
    try:
        yield
    except BadInput as refusal:
        if found is not None and str(found) in refusal.what:
            refusal.next = f"{refusal.next} To leave it: --no-config".strip()
        raise

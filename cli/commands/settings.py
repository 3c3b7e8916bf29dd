"""`settings`: what a deployment was set up with, as a settings file; offline, without any SDK."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.console import make_console, say
from cli.display import command_for, shown
from cli.ending import end
from cli.given import announced
from cli.sources import BY_NAME, gather, is_kept
from cli.state_files import no_deployment, read_state
from cli.stores import Place, beside_of
from engine.input import Value
from engine.refusal import BadInput, Refusal
from state.proposals import Proposals
from steps import INPUTS


def write_settings(place: Place, options: Mapping[str, Any]) -> int:
    """Write the settings file and return the exit code: 2 when it exists, unless `overwrite` is given.

    In it is what the state at `place` remembers or, where nothing was deployed, what was answered last; and what
    the options give.
    """
    names = options.get("deployment") or ("",)
    path = beside_of(place, names[0])
    try:
        in_folder = options["config"] if options.get("config_found") else None
        with announced(in_folder, make_console(stderr=True)):
            given = gather(options, options["config"], _remembered(place, path, options), deployment=names[0])
        values = {name: found.value for name, found in given.items() if is_kept(BY_NAME[name], found.value)}
        target = options["file"] or path.with_name(f"{path.name.removesuffix('.json').removesuffix('.state')}.toml")
        content = settings_text(values)
        if str(target) == "-":
            sys.stdout.write(content)
            return 0
        _write(target, content, overwrite=options["overwrite"])
    except Refusal as refusal:
        return end(refusal, as_json=False)
    console = make_console(stderr=True)
    say(console, f"Written: {shown(target)}")
    used = command_for("plan", {"config": target, "state": place, "local": options["local"]})
    say(console, f"To see what it would do: {used}", first="  Next: ")
    return 0


def _remembered(place: Place, path: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    document = read_state(place, options)
    if isinstance(document, Refusal):
        raise document
    if document is not None:
        return document.remembered()
    proposals = Proposals(path)
    answers = proposals.answers(proposals.subscription)
    if not answers and not any(options.get(row.name) not in (None, ()) for row in INPUTS):
        raise no_deployment(place, None, local=options["local"], called=options)
    return {**answers, **({"subscription": proposals.subscription} if answers else {})}


def _write(file: Path, content: str, *, overwrite: bool) -> None:
    try:
        with file.open("w" if overwrite else "x", encoding="utf-8", newline="\n") as opened:
            opened.write(content)
    except FileExistsError:
        raise BadInput(f"{shown(file)} exists already.", "Name another file, or overwrite it: --overwrite") from None
    except OSError as error:
        raise BadInput(f"{shown(file)} can't be written: {error.strerror}.", "Name another file.") from None


def settings_text(values: Mapping[str, Value]) -> str:
    """Return the inputs as TOML that `--config` reads, in the order of the documentation."""
    lines = ["# Settings of deploy.py: give this file with --config."]
    tables: list[str] = []
    for row in INPUTS:
        value = values.get(row.name)
        if value is None:
            continue
        if isinstance(value, Mapping):
            tables += ["", f"[{row.name}]", *_pairs(value)]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for item in value:
                tables += ["", f"[[{row.name}]]", *(_pairs(item) if isinstance(item, Mapping) else ())]
        else:
            lines.append(f"{row.name} = {_toml(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def _pairs(pairs: Mapping[str, str]) -> list[str]:
    return [f"{_toml(name)} = {_toml(value)}" for name, value in pairs.items()]


def _toml(value: object) -> str:
    """Return a text, a bool or a list of texts as TOML, whose strings are JSON's, but for DEL. Source: TOML 1.0."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

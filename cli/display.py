"""How files and this program's own commands are written for the person who called it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cli.bootstrap import ROOT
from cli.stores import DEFAULT_STATE, TRIAL, places_in, state_name, taken_by_itself
from engine.input import Input
from engine.refusal import BadInput
from state.blob_address import BlobAddress
from steps import INPUTS

_SETTLED = ("deploy", "plan", "verify", "settings")
"""The commands that take every input, and the files that settle them."""
_WORD = re.compile(r"(?!-)[\w./:\\+=-]+|--?[A-Za-z][\w-]*", re.ASCII)
"""What PowerShell takes as it is written. A comma would make an array, and `@` splat a variable."""


def absolute(place: Path | BlobAddress) -> str:
    """Return the place of a state in full."""
    return str(place.absolute() if isinstance(place, Path) else place)


def shown(path: Path | BlobAddress) -> str:
    """Return the path as short as it can be written: relative to the current folder when it is inside."""
    if isinstance(path, BlobAddress):
        return str(path)
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def command(words: Sequence[str]) -> str:
    """Return a command line of this program, with these arguments, that can be pasted."""
    python = "python" if os.name == "nt" else "python3"
    return quoted([python, shown(ROOT / "deploy.py"), *words])


def state_command(action: str, place: Path | BlobAddress) -> str:
    """Return a command line of `state`, for the deployment whose state is there."""
    return command(["state", action, *_deployment({"state": place})])


def command_for(name: str, options: Mapping[str, Any], *, again: bool = False) -> str:
    """Return a command line that can be pasted: the command `name` for the deployment that `options` are about.

    `options` are as click gives them, by name. None, False and () stand for what wasn't given, and a name that isn't
    there for what the calling command doesn't take.
    """
    return command([name, *arguments_for(name, options, again=again)])


def arguments_for(name: str, options: Mapping[str, Any], *, again: bool = False) -> list[str]:
    """Return the arguments of `command_for`.

    They tell the deployment (`--state`, `--local`), and carry the inputs and the settings file to a command that takes
    them. With `again` it is the same command once more, so they also say how it was to be done: `--yes`, `--output`.
    """
    inputs = INPUTS if name in _SETTLED else [row for row in INPUTS if row.identifies] if name == "destroy" else ()
    words = [word for row in inputs for word in _input(row, options.get(row.name))]
    chosen = bool(options.get("deployment") or options.get("all"))
    files = ["config"] if name in _SETTLED or chosen or again else []
    files += ["import"] if name in _SETTLED and name != "settings" else []
    for file in (*files, "traffic") if again else files:
        if options.get(file) is not None:
            words += [f"--{file}", shown(Path(options[file]))]
    if (name in _SETTLED or again) and options.get("no_config"):
        words.append("--no-config")
    words += _deployment(options)
    if inputs and name != "settings" and options.get("local") and options.get("sign_in"):
        words += ["--sign-in", str(options["sign_in"])]
    if again:
        words += ["--output", str(options["output"])] if options.get("output") not in (None, "text") else []
        switches = ("yes", "non_interactive", "verbose", "purge", "detailed_exitcode")
        words += [f"--{switch.replace('_', '-')}" for switch in switches if options.get(switch)]
        words += ["--parallel", str(options["parallel"])] if options.get("parallel") else []
    return words


def _deployment(options: Mapping[str, Any]) -> list[str]:
    """Return the flags that name the deployment, or several; none for the one that is taken anyway."""
    state, names = options.get("state"), tuple(options.get("deployment") or ())
    words = ["--local"] if options.get("local") else []
    words += [word for name in names for word in ("--deployment", name)]
    words += ["--all"] if options.get("all") else []
    if state is None or ((isinstance(state, Path) or names) and absolute(state) == _taken_anyway(options, names)):
        return words
    return [*words, "--state", shown(state)]


def _taken_anyway(options: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Return the place of the state that is taken where no flag names it; None where that can't be told."""
    local = bool(options.get("local"))
    try:
        if os.environ.get("ADT_STATE") and not local:
            return None
        if names:
            return absolute(places_in(options.get("config"), local=local).get(names[0], Path(state_name(names[0]))))
        return absolute((TRIAL if local else Path()) / DEFAULT_STATE) if local or taken_by_itself() is None else None
    except BadInput:
        return None


def _input(row: Input, value: Any) -> list[str]:
    """Return an input as flags, one for each part of a list."""
    if value in (None, ()):
        return []
    if row.is_flag:
        return [row.flag if value else row.opposite]
    return [word for part in (value if row.is_many else [value]) for word in (row.flag, str(part))]


def quoted(words: Sequence[str], *, powershell: bool = os.name == "nt") -> str:
    """Return the words as a line for this system's shell: PowerShell on Windows, otherwise a POSIX shell.

    PowerShell takes typographic single quotes for quotes too. Source: about_Quoting_Rules in its documentation.
    """
    if not powershell:
        return shlex.join(words)
    doubled = (re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", word) for word in words)
    return " ".join(word if _WORD.fullmatch(word) else f"'{safe}'" for word, safe in zip(words, doubled, strict=True))

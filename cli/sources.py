"""Collects the inputs that are given, by precedence, and reads each in the form of its kind. No request is made."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cli.near import hint, nearest
from cli.settings_file import read_settings
from cli.unresolved import Wrong
from cloud.identifiers import pasted
from engine.input import FROM_STATE, Field, Given, Input, OneOf, Value
from engine.refusal import BadInput
from steps import INPUTS

FOUND_SETTINGS = Path("deploy.toml")
"""The settings file of the current folder, which is taken where none is named."""
OPTION_VARIABLES = ("ADT_CONFIG", "ADT_DEPLOYMENT", "ADT_STATE", "ADT_OUTPUT", "ADT_NON_INTERACTIVE")
"""The variables of options that are no inputs. There is none for --yes and --purge: what confirms is typed."""
_OF_OTHERS = ("ADT_SERVICE_URL",)
"""What applications read, and `outputs` prints: no variable of ours."""
BY_NAME = {row.name: row for row in INPUTS}
IDENTIFYING = tuple(row for row in INPUTS if row.identifies)
"""The inputs by which a deployment is told from others."""


def gather(
    flags: Mapping[str, Any],
    config: Path | None,
    remembered: Mapping[str, Any],
    inputs: Sequence[Input] = INPUTS,
    imported: tuple[Mapping[str, Any], str] = ({}, ""),
    *,
    deployment: str = "",
) -> dict[str, Given]:
    """Return what is given, by precedence: flag, environment, settings file, `imported` (and from where), state file.

    `flags` are as click gives them: a text, a bool, a tuple of texts; None or () where there is none. `deployment` is
    one of the settings file's, "" where that has no tables. Reads the settings file and the environment. Raises
    BadInput for a settings file that can't be used, and for values that can't be right: for all of them at once.
    """
    wrong = Wrong()
    from_file = read_settings(config, BY_NAME, deployment, wrong) if config else {}
    given: dict[str, Given] = {}
    for row in inputs:
        with wrong.collected():
            found = _first(row, flags, from_file, imported) or _recalled(row, remembered)
            if found is not None:
                _check(row, found, wrong)
                in_file = config if row.name in from_file and found.source == from_file[row.name][1] else None
                given[row.name] = _full_path(found, in_file) if row.path else found
    wrong.refuse()
    return given


def recalled(remembered: Mapping[str, Any]) -> dict[str, Given]:
    """Return what the state file remembers, and nothing else. BadInput for a value that can't be right."""
    found = {row.name: _recalled(row, remembered) for row in INPUTS}
    given = {name: value for name, value in found.items() if value is not None}
    wrong = Wrong()
    for name, value in given.items():
        _check(BY_NAME[name], value, wrong)
    wrong.refuse()
    return given


def unknown_variables(environment: Iterable[str]) -> list[str]:
    """Return what to say of variables that look like ours and aren't, a sentence each."""
    known = [*OPTION_VARIABLES, *(row.variables[0] for row in INPUTS)]
    ours = {*known, *_OF_OTHERS}
    mistyped = sorted(name for name in environment if name.upper().startswith("ADT_") and name not in ours)
    rests = [name.removeprefix("ADT_") for name in known]
    return [
        f"{name} is no variable of deploy.py, and is not taken."
        + (f" Did you mean ADT_{near}?" if (near := nearest(name[4:], rests, cutoff=0.6)) else "")
        for name in mistyped
    ]


def _full_path(file: Given, config: Path | None) -> Given:
    """Return the files by their full paths, which hold in any folder: those that `config` names are beside it."""
    beside = config.parent if config else Path()

    def full(name: str) -> str:
        path = beside / name
        return name if name == "-" else str(path.parent.resolve() / path.name)

    many = [full(str(name)) for name in file.value] if isinstance(file.value, list) else full(str(file.value))
    return Given(many, file.source, file.quiet)


def _first(
    row: Input,
    flags: Mapping[str, Any],
    from_file: Mapping[str, tuple[Any, str]],
    imported: tuple[Mapping[str, Any], str],
) -> Given | None:
    flag = flags.get(row.name)
    if flag not in (None, ()):
        return Given(_read(row, flag, row.flag), row.flag)
    for variable in row.variables:
        text = os.environ.get(variable, "")
        if text if row.verbatim else pasted(text):
            raw = [part for part in re.split(r"[;\n]", text) if part.strip()] or "" if row.is_many else text
            return Given(_read(row, raw, variable), variable)
    if row.name in from_file:
        value, source = from_file[row.name]
        return Given(_read(row, value, source), source)
    values, source = imported
    if row.name in values:
        return Given(_read(row, values[row.name], source), source, quiet=True)
    return None


def is_kept(row: Input, value: object) -> bool:
    """Whether the state file remembers a value. `-`, for no file, is of the one run that it was given to."""
    return row.kept and not (row.path and value == "-")


def _recalled(row: Input, known: Mapping[str, Any]) -> Given | None:
    if row.name not in known or not is_kept(row, known[row.name]):
        return None
    value = known[row.name]
    if not _has_form(row, value):
        raise BadInput(
            f"{FROM_STATE.capitalize()} has a wrong value at inputs.{row.name}. It was left as it was.",
            "Correct it, or move the file away and run again: everything in Azure is found and adopted.",
        )
    return Given(value, FROM_STATE, quiet=True)


def _has_form(row: Input, value: object) -> bool:
    """Whether a remembered value has the form of its kind."""

    def texts(values: object) -> bool:
        return isinstance(values, list) and all(isinstance(part, str) for part in values)

    def pairs(values: object) -> bool:
        return isinstance(values, dict) and texts([*values.keys(), *values.values()])

    if row.kind == "flag":
        return isinstance(value, bool)
    if row.kind == "list":
        return texts(value)
    if row.kind == "pairs":
        return pairs(value)
    if row.kind == "items":
        return isinstance(value, list) and all(pairs(item) for item in value)
    return isinstance(value, str)


def _read(row: Input, raw: Any, source: str) -> Value:
    """Return a value in its kind's form. BadInput when it has another."""
    where = f"{row.name} (from {source})"
    if row.kind == "flag":
        return raw if isinstance(raw, bool) else _truth(_clean(raw, where) if isinstance(raw, str) else raw, where)
    if row.kind == "number" and isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if not row.is_many:
        if not isinstance(raw, str):
            raise BadInput(f"{where} takes {'a number' if row.kind == 'number' else 'text in quotes'}.")
        return pasted(raw) if row.path else _spelled(row, _clean(raw, where, verbatim=row.verbatim))
    if row.kind == "pairs" and isinstance(raw, Mapping):
        return {str(name): _text(value, f"{where}: {name}") for name, value in raw.items()}
    many: list[Any] = [raw] if isinstance(raw, str | Mapping) else list(raw) if isinstance(raw, Sequence) else [raw]
    many = [_clean(part, where) if isinstance(part, str) else part for part in many]
    if "" in many:  # as of a variable that isn't set: what follows would be a removal
        raise BadInput(f"{where} is empty.", f"To remove what there is of it, say so: {row.flag} none")
    if many == ["none"]:  # a flag and a variable have no empty list
        many = []
    if row.kind == "list":
        return [_text(part, where) for part in many]
    if row.kind == "pairs":
        return dict(_pair(_text(part, where), where) for part in many)
    return [_item(row, part, where) for part in many]


def _spelled(row: Input | Field, text: str) -> str:
    """Return one of a few values as it is written, whatever its capitals: `user` is User, as for az."""
    return row.problem.spelled(text) if isinstance(row.problem, OneOf) else text


def _clean(text: str, where: str, *, verbatim: bool = False) -> str:
    """Return a text without what was pasted around it, unless it is `verbatim`.

    BadInput for bytes that are neither of this locale's encoding nor UTF-8, which Python tells as lone surrogates.
    """
    try:
        text = text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        raise BadInput(
            f"{where} can't be read in this locale's encoding.", "Use one with UTF-8: export LC_ALL=C.UTF-8"
        ) from None
    return text if verbatim else pasted(text)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{where} takes text in quotes.")
    return value


def _pair(text: str, where: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BadInput(f"{where}: {text!r} is not NAME=VALUE.")
    return name.strip(), value.strip()


def _item(row: Input, raw: Any, where: str) -> dict[str, str]:
    """Return an item's fields, given as a table or as `name=VALUE,name=VALUE`; a value may have commas in it."""
    known = [field.name for field in row.fields]
    if isinstance(raw, str):
        starts = "|".join(name.replace("_", "[_-]") for name in known)
        parts = re.split(rf",(?=\s*(?:{starts})\s*=)", raw)
        raw = dict(_pair(part, where) for part in parts)
    if not isinstance(raw, Mapping):
        raise BadInput(f"{where} takes tables: [[{row.name}]].")
    truths = {field.name for field in row.fields if "true" in getattr(field.problem, "choices", ())}
    item = {
        name: "true" if name in truths and value is True else _text(value, f"{where}: {name}")
        for name, value in ((str(name).replace("-", "_"), value) for name, value in raw.items())
    }
    for name in item:
        if name not in known:
            raise BadInput(f"{where} has an unknown field, {name}.{hint(name, known)}")
    return {
        field.name: item[field.name] if field.verbatim else _spelled(field, pasted(item[field.name]))
        for field in row.fields
        if field.name in item
    }


def _check(row: Input, given: Given, wrong: Wrong) -> None:
    """Have `wrong` collect what can't be right of a value."""
    value, about = given.value, f"(from {given.source})"
    title = row.name.replace("_", " ").capitalize()

    def refuse(what: str, problem: str | None) -> None:
        if problem:
            with wrong.collected():
                raise BadInput(f"{what}: {problem}")

    if isinstance(value, bool):
        return
    if isinstance(value, str):
        refuse(f"{title} {value!r} {about}", "it is empty." if value == "" else row.problem(value))
        return
    if row.kind != "items":
        for part in value:
            refuse(f"{title} {part!r} {about}", row.problem(str(part)))
        return
    known: set[tuple[str, ...]] = set()
    for item in value:
        assert isinstance(item, Mapping)  # noqa: S101 - `items` has no others
        for field in row.fields:
            if field.name not in item:
                refuse(f"{title} {about}", f"an item lacks its {field.name}." if field.required else None)
                continue
            text = item[field.name]
            refuse(f"{title}: {field.name} {text!r} {about}", "it is empty." if text == "" else field.problem(text))
        told = tuple(item.get(name, "") for name in row.distinct)
        key = tuple(part.lower() for part in told)
        refuse(f"{title} {about}", f"{', '.join(told)} is there twice." if key in known and all(told) else None)
        known.add(key)


def _truth(text: Any, where: str) -> bool:
    if str(text).lower() in ("1", "true", "yes", "on") and isinstance(text, str):
        return True
    if str(text).lower() in ("0", "false", "no", "off") and isinstance(text, str):
        return False
    raise BadInput(f"{where} is {text!r}: it takes true or false.")

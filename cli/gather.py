"""Collects the inputs that are given, by precedence, and reads each in the form of its kind."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.inputs import BY_NAME, INPUTS, BadInput, Input, Value

FROM_STATE = "the state file"


@dataclass(frozen=True)
class Given:
    """A value and where it came from, in words: `--location`, `ADT_LOCATION`, `settings.toml`, `the state file`."""

    value: Value
    source: str


def gather(
    flags: Mapping[str, Any],
    config: Path | None,
    remembered: Mapping[str, Any],
    inputs: Sequence[Input] = INPUTS,
    imported: tuple[Mapping[str, Any], str] = ({}, ""),
) -> dict[str, Given]:
    """Return what is given, by precedence: flag, environment, settings file, `imported` (and from where), state file.

    `flags` are as click gives them: a text, a bool, a tuple of texts; None or () where there is none. Raises BadInput
    for a settings file that can't be used and for a value that can't be right.
    """
    from_file = _read_settings(config) if config else {}
    given: dict[str, Given] = {}
    for one in inputs:
        found = _first(one, flags, from_file, config, imported) or _recalled(one, remembered)
        if found is not None:
            _check(one, found)
            if one.name == "secret_file":
                found = _resolved(found, config)
            given[one.name] = found
    return given


def _resolved(file: Given, config: Path | None) -> Given:
    """Return the file by its full path, which holds in any folder: one that settings name is beside them."""
    if file.value == "-":
        return file
    path = (config.parent if config and file.source == str(config) else Path()) / str(file.value)
    return Given(str(path.parent.resolve() / path.name), file.source)


def recalled(remembered: Mapping[str, Any]) -> dict[str, Given]:
    """Return what the state file remembers, and nothing else. BadInput for a value that can't be right."""
    given = {one.name: Given(remembered[one.name], FROM_STATE) for one in INPUTS if one.name in remembered}
    for name, value in given.items():
        _check(BY_NAME[name], value)
    return given


def _first(
    one: Input,
    flags: Mapping[str, Any],
    from_file: Mapping[str, Any],
    config: Path | None,
    imported: tuple[Mapping[str, Any], str],
) -> Given | None:
    flag = flags.get(one.name)
    if flag not in (None, ()):
        return Given(_read(one, flag, one.flag), one.flag)
    for variable in one.variables:
        text = os.environ.get(variable)
        if text:
            raw = [part for part in re.split(r"[;\n]", text) if part.strip()] if one.is_many else text
            return Given(_read(one, raw, variable), variable)
    if one.name in from_file:
        return Given(_read(one, from_file[one.name], str(config)), str(config))
    values, source = imported
    if one.name in values:
        return Given(_read(one, values[one.name], source), source)
    return None


def _recalled(one: Input, known: Mapping[str, Any]) -> Given | None:
    return Given(known[one.name], FROM_STATE) if one.name in known and one.kept else None


def _read(one: Input, raw: Any, source: str) -> Value:
    """Return a value in its kind's form. BadInput when it has another."""
    where = f"{one.name} (from {source})"
    if one.kind == "flag":
        return raw if isinstance(raw, bool) else _truth(raw, where)
    if one.kind == "number" and isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if not one.is_many:
        if not isinstance(raw, str):
            raise BadInput(f"{where} takes {'a number' if one.kind == 'number' else 'text in quotes'}.")
        return raw
    if one.kind == "pairs" and isinstance(raw, Mapping):
        return {str(name): _text(value, f"{where}: {name}") for name, value in raw.items()}
    many: list[Any] = [raw] if isinstance(raw, str | Mapping) else list(raw) if isinstance(raw, Sequence) else [raw]
    if many in ([""], ["none"]):  # none of it, said in a way that a flag and a variable can say
        many = []
    if one.kind == "list":
        return [_text(part, where).strip() for part in many]
    if one.kind == "pairs":
        return dict(_pair(_text(part, where), where) for part in many)
    return [_item(one, part, where) for part in many]


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{where} takes text in quotes.")
    return value


def _pair(text: str, where: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BadInput(f"{where}: {text!r} is not NAME=VALUE.")
    return name.strip(), value.strip()


def _item(one: Input, raw: Any, where: str) -> dict[str, str]:
    """Return an item's fields, given as a table or as `name=VALUE,name=VALUE`; a value may have commas in it."""
    known = [field.name for field in one.fields]
    if isinstance(raw, str):
        starts = "|".join(name.replace("_", "[_-]") for name in known)
        parts = re.split(rf",(?=\s*(?:{starts})\s*=)", raw)
        raw = dict(_pair(part, where) for part in parts)
    if not isinstance(raw, Mapping):
        raise BadInput(f"{where} takes tables: [[{one.name}]].")
    item = {str(name).replace("-", "_"): _text(value, f"{where}: {name}") for name, value in raw.items()}
    for name in item:
        if name not in known:
            raise BadInput(f"{where} has an unknown field, {name}.{_hint(name, known)}")
    return item


def _check(one: Input, given: Given) -> None:
    """Raise BadInput for a value that can't be right."""
    value, about = given.value, f"(from {given.source})"
    title = one.name.replace("_", " ").capitalize()
    if isinstance(value, bool):
        return
    if isinstance(value, str):
        _refuse(f"{title} {value!r} {about}", "it is empty." if value == "" else one.problem(value))
        return
    if one.kind != "items":
        for part in value:
            _refuse(f"{title} {part!r} {about}", one.problem(str(part)))
        return
    seen: set[str] = set()
    for item in value:
        assert isinstance(item, Mapping)  # noqa: S101 - `items` has no others
        for field in one.fields:
            if field.name not in item:
                _refuse(f"{title} {about}", f"an item lacks its {field.name}." if field.required else None)
                continue
            text = item[field.name]
            _refuse(f"{title}: {field.name} {text!r} {about}", "it is empty." if text == "" else field.problem(text))
        name = item["name"].lower()
        _refuse(f"{title} {about}", f"{item['name']} is there twice." if name in seen else None)
        seen.add(name)


def _refuse(what: str, problem: str | None) -> None:
    if problem:
        raise BadInput(f"{what}: {problem}")


def _truth(text: Any, where: str) -> bool:
    if str(text).lower() in ("1", "true", "yes", "on") and isinstance(text, str):
        return True
    if str(text).lower() in ("0", "false", "no", "off") and isinstance(text, str):
        return False
    raise BadInput(f"{where} is {text!r}: it takes true or false.")


def _hint(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.replace("-", "_"), known, n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else f" It knows: {', '.join(known)}."


def _read_settings(file: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"The settings file {file} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"The settings file {file} is not TOML: {error}.") from None
    for key, value in content.items():
        if key not in BY_NAME:
            raise BadInput(f"The settings file {file} has an unknown key, {key}.{_hint(key, list(BY_NAME))}")
        if BY_NAME[key].is_flag and not isinstance(value, bool):
            raise BadInput(f"The settings file {file}: {key} takes true or false.")
    return {key: value for key, value in content.items() if value != "" or BY_NAME[key].is_many}

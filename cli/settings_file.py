"""The settings file: one deployment, or several in tables of their own, `[deployments.NAME]`. No request is made."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from cli.near import hint
from cli.unresolved import Wrong
from engine.input import NOT_TEXT, Input, decoded
from engine.refusal import BadInput

TABLES = "deployments"
LONGEST_NAME = 40
"""Default names of a group (90 characters) and of an instance (63) have the deployment's name in them."""
SETTING = "state"
"""The key of what is no input: where the state is, which who needs it reads."""
NAME = "[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
"""The names of deployments, as a regular expression: they are in names of files and of resources."""


def read_settings(file: Path, known: Mapping[str, Input], deployment: str, wrong: Wrong) -> dict[str, tuple[Any, str]]:
    """Return the values of a deployment by input, each with its source in words; "" for a file without tables.

    What stands before the tables holds for all: a deployment's own value replaces it; pairs are merged by name. Keys
    that are wrong are left out, and collected in `wrong`. Raises BadInput for a file that can't be read, for tables
    that can't be deployments, and for a deployment that isn't in it.
    """
    content = _content(file)
    tables = _tables(file, content, known, wrong)
    shared_by_all = {key: value for key, value in content.items() if key != TABLES}
    right = _without_wrong_keys(f"The settings file {file}", shared_by_all, known, (*known, SETTING, TABLES), wrong)
    values = {name: (value, str(file)) for name, value in right.items() if _is_given(known[name], value)}
    if deployment:
        if deployment not in tables:
            raise unknown_deployment(file, deployment, list(tables))
        source = f"{file}, {TABLES}.{deployment}"
        for name, value in tables[deployment].items():
            if _is_given(known[name], value):
                shared = values[name][0] if name in values and known[name].kind == "pairs" else None
                values[name] = (_merged(shared, value), source)
    return values


def deployments_in(file: Path, known: Mapping[str, Input]) -> tuple[str, ...]:
    """Return the names of the deployments in a settings file, in its order; () for a file without tables.

    Raises BadInput as `read_settings` does.
    """
    return tuple(_tables(file, _content(file), known, Wrong()))


def states_in(file: Path) -> dict[str, object]:
    """Return what a settings file says of where states are, by deployment; "" is the one of a file without tables.

    BadInput for a file that can't be read.
    """
    content = _content(file)
    tables = content.get(TABLES)
    every = {"": content, **(tables if isinstance(tables, dict) else {})}
    named = {name: table.get(SETTING) for name, table in every.items() if isinstance(table, dict)}
    return {name: value for name, value in named.items() if value not in (None, "")}


def unknown_deployment(file: Path, name: str, names: Sequence[str]) -> BadInput:
    """Return the error of a deployment that isn't in the file."""
    if names:
        return BadInput(f"{file} has no deployment {name}.{hint(name, names)}")
    return BadInput(
        f"{file} has no deployment {name}: it has no table [{TABLES}.NAME], so it is one deployment.",
        f"Leave --deployment and --all out, or give the file a table [{TABLES}.{name}].",
    )


def _content(file: Path) -> Mapping[str, Any]:
    try:
        return _parsed(decoded(file.read_bytes()))
    except OSError as error:
        raise BadInput(f"The settings file {file} can't be read: {error.strerror}.") from None
    except UnicodeError:
        raise BadInput(f"The settings file {file} is {NOT_TEXT}.", "Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"The settings file {file} is not TOML: {error}.") from None


@lru_cache(maxsize=1)
def _parsed(text: str) -> Mapping[str, Any]:
    """Return what the text says, for all who ask: each of many deployments reads the whole file. It is not changed."""
    return tomllib.loads(text)


def _tables(
    file: Path, content: Mapping[str, Any], known: Mapping[str, Input], wrong: Wrong
) -> dict[str, dict[str, Any]]:
    """Return the deployments in the content, by name."""
    tables = content.get(TABLES, {})
    if not isinstance(tables, dict):
        raise BadInput(f"The settings file {file}: {TABLES} takes tables: [{TABLES}.NAME].")
    if tables and SETTING in content:
        raise BadInput(
            f"The settings file {file} has deployments, and one {SETTING} for all of them: each has its own.",
            f"Leave it out (a deployment's is NAME.state.json), or give it in each table: [{TABLES}.NAME].",
        )
    spelled: dict[str, str] = {}
    right: dict[str, dict[str, Any]] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            in_words = f"{TABLES}.{name}" if name not in known else f"{name}, which is an input and goes before it"
            raise BadInput(f"The settings file {file}: [{TABLES}] takes tables, [{TABLES}.NAME], and has {in_words}.")
        if not re.fullmatch(NAME, name) or len(name) > LONGEST_NAME:
            raise BadInput(
                f"The settings file {file}: {name!r} can't be the name of a deployment.",
                f"Use up to {LONGEST_NAME} letters (a to z), digits and single hyphens between them.",
            )
        if name.lower() in spelled:
            raise BadInput(
                f"The settings file {file} has the deployment {name} twice: {spelled[name.lower()]} and {name}.",
                "Their names differ in more than case: files are called after them.",
            )
        spelled[name.lower()] = name
        where = f"The settings file {file}: {TABLES}.{name}"
        right[name] = _without_wrong_keys(where, table, known, (*known, SETTING), wrong)
    return right


def _without_wrong_keys(
    where: str, content: Mapping[str, Any], known: Mapping[str, Input], names: Sequence[str], wrong: Wrong
) -> dict[str, Any]:
    right: dict[str, Any] = {}
    for key, value in content.items():
        with wrong.collected():
            if key == SETTING:
                continue
            if key not in known:
                raise BadInput(f"{where} has an unknown key, {key}.{hint(key, names)}")
            if known[key].is_flag and not isinstance(value, bool):
                raise BadInput(f"{where}: {key} takes true or false.")
            right[key] = value
    return right


def _is_given(row: Input, value: object) -> bool:
    return value != "" or row.is_many


def _merged(shared: object, own: object) -> object:
    """Return pairs with those of the deployment on top, whose names ignore case; an empty own value means none."""
    before, after = _pairs(shared), _pairs(own)
    if not before or not after:
        return own
    replaced = {name.lower() for name in after}
    return {**{name: value for name, value in before.items() if name.lower() not in replaced}, **after}


def _pairs(value: object) -> dict[str, Any]:
    """Return pairs that are a table, `NAME=VALUE` or a list of that; none for what isn't, which is refused later."""
    if isinstance(value, Mapping):
        return dict(value)
    parts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    texts = [part for part in parts if isinstance(part, str) and "=" in part]
    if len(texts) < len(parts):
        return {}
    return {part.partition("=")[0].strip(): part.partition("=")[2].strip() for part in texts}

"""Reads models from files: `.json` and `.dtdl`, one model or an array of them in each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.input import NOT_TEXT, decoded
from engine.refusal import BadInput
from steps.step_10_models.models import Model

ENDINGS = (".json", ".dtdl")
MOST_TOLD = 10
"""Problems that are told at once."""


DTMI = re.compile(
    r"dtmi:[A-Za-z](?:\w*[A-Za-z0-9])?(?::[A-Za-z](?:\w*[A-Za-z0-9])?)*(?:;[1-9]\d{0,8}(?:\.[1-9]\d{0,5})?)?", re.ASCII
)
"""The id of a model. Source: "Digital Twin Model Identifier" in the DTDL language description, version 3."""


class _NotJson(ValueError):
    """What Python reads and JSON doesn't allow, in words."""


class BadFile(Exception):
    """What is wrong with a file, and where: in words."""


def read_models(paths: Iterable[Path]) -> tuple[Model, ...]:
    """Return the models in the files, each id once, in the order in which they were found.

    BadInput for a file that can't be read or has anything but models, and for an id with two contents.
    """
    found: dict[str, Model] = {}
    problems: list[str] = []
    for path in paths:
        try:
            for file in dict.fromkeys(_files(path)):
                try:
                    _add(found, parsed(_text(file), file))
                except BadFile as problem:
                    problems.append(str(problem))
        except BadFile as problem:
            problems.append(str(problem))
    if problems:
        more = [f"and {len(problems) - MOST_TOLD} more"] if len(problems) > MOST_TOLD else []
        raise BadInput(
            "The models can't be used.",
            "Correct the files, or name others with --models.",
            why="\n".join([*problems[:MOST_TOLD], *more]),
        )
    return tuple(found.values())


def parsed(text: str, file: Path) -> Iterator[Model]:
    """Yield the models in a file's text, each with its line. BadFile for what isn't JSON or has anything else in it."""
    try:
        content = json.loads(text, object_pairs_hook=_with_distinct_names, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise BadFile(f"{file}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}.") from None
    except _NotJson as error:
        raise BadFile(f"{file}: {error}") from None
    except RecursionError:
        raise BadFile(f"{file}: nested too deeply.") from None
    for part in content if isinstance(content, list) else [content]:
        identifier = part.get("@id") if isinstance(part, dict) else None
        if not isinstance(identifier, str):
            raise BadFile(f"{file}: {_shown(part)} is no model: it has no @id.")
        if not DTMI.fullmatch(identifier):
            line = _line(text, identifier)
            raise BadFile(f"{file}{f', line {line}' if line else ''}: the @id {identifier} is no DTMI, as dtmi:a:b;1.")
        yield Model(identifier, part, str(file), _line(text, identifier))


def _with_distinct_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the object; _NotJson for a name that is in it twice, of which Python would take the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotJson(f"an object has {twice} twice.")
    return found


def _no_constant(name: str) -> object:
    """Refuse NaN and the infinities, which Python reads and JSON doesn't have."""
    raise _NotJson(f"{name} is no value of JSON.")


def _add(found: dict[str, Model], models: Iterable[Model]) -> None:
    for model in models:
        known = found.setdefault(model.id, model)
        if known.digest != model.digest:
            raise BadFile(f"{model.where}: {model.id} is in {known.where} too, with another content.")


def _files(path: Path) -> Iterator[Path]:
    """Yield the files that a path stands for; of a folder those in its folders too, but what is hidden."""
    if not path.is_dir():
        yield path
        return
    inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
    visible = [file for file in inside if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    if not visible:
        raise BadFile(f"{path}: the folder has no {' or '.join(ENDINGS)} files.")
    yield from visible


def _text(file: Path) -> str:
    try:
        return decoded(file.read_bytes())
    except OSError as error:
        raise BadFile(f"{file}: can't be read: {error.strerror}.") from None
    except UnicodeError:
        raise BadFile(f"{file}: {NOT_TEXT}. Save it as UTF-8.") from None


def _line(text: str, identifier: str) -> int:
    """Return the line on which the model's id is; 0 where it is written otherwise than plainly."""
    found = re.search(rf'"@id"\s*:\s*"{re.escape(identifier)}"', text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def _shown(part: object) -> str:
    text = json.dumps(part, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:40]}..."

"""Inputs: one row of a table gives a flag, an environment variable, a key of the settings file, and the docs."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Value = str | bool | list[str] | dict[str, str] | list[dict[str, str]]
"""Of the kinds: a text or number; a flag; a list; pairs; items."""

FROM_STATE = "the state file"
"""The source of a value that nobody gave anew."""
ASKED = "your answer"
"""The source of a value that was typed at a question."""


def _accept(_value: str) -> str | None:
    return None


def file_problem(value: str) -> str | None:
    """Say why a text can't name a file: it is a URL."""
    return "it is a URL, and no file." if re.match(r"[A-Za-z][\w+.-]+://", value) else None


class OneOf:
    """A `problem` of values that are one of a few."""

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def __call__(self, value: str) -> str | None:
        """Say why the value is none of them, or None."""
        return None if value in self.choices else f"it is one of: {', '.join(self.choices)}."

    def spelled(self, value: str) -> str:
        """Return the choice that the value is but for capitals, else the value."""
        return next((choice for choice in self.choices if choice.lower() == value.lower()), value)


@dataclass(frozen=True)
class Field:
    """A field of an item: `name=VALUE` in a flag, a key of the item's table in a settings file."""

    name: str
    help: str
    problem: Callable[[str], str | None] = _accept
    """Says why a value can't be right, without asking Azure."""
    required: bool = False
    verbatim: bool = False
    """Blanks and quotes around a value belong to it."""


@dataclass(frozen=True)
class Input:
    """An input. Its flag is `--` and its name with hyphens; its key in the settings file is its name."""

    name: str
    help: str
    metavar: str
    problem: Callable[[str], str | None] = _accept
    """Says why a value (of a list: each; of pairs: the name) can't be right, without asking Azure."""
    also: tuple[str, ...] = ()
    """Environment variables of other tools that count too, after our own."""
    kind: Literal["text", "number", "flag", "list", "pairs", "items"] = "text"
    fields: tuple[Field, ...] = ()
    distinct: tuple[str, ...] = ("name",)
    """The fields by which an item is told from others."""
    group: str = "Options"
    """The heading it stands under in `--help` and in docs/settings.md."""
    kept: bool = True
    """The state file remembers it."""
    identifies: bool = False
    """It tells a deployment from others."""
    answers: bool = False
    """It answers a question of a plan, by its name."""
    path: bool = False
    """It names a file, or of a list each: in a settings file, relative to that file. `-` stands for no file."""
    verbatim: bool = False
    """Blanks and quotes around a value belong to it."""

    @property
    def flag(self) -> str:
        """The flag, as typed."""
        return "--" + self.name.replace("_", "-")

    @property
    def is_flag(self) -> bool:
        """Whether it is on or off."""
        return self.kind == "flag"

    @property
    def is_many(self) -> bool:
        """Whether its flag can be repeated. An empty list, or the word `none`, removes what this tool created of it."""
        return self.kind in ("list", "pairs", "items")

    @property
    def opposite(self) -> str:
        """The flag that says the contrary."""
        return self.flag.replace("--no-", "--") if self.flag.startswith("--no-") else f"--no-{self.flag[2:]}"

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables, first one first."""
        return (f"ADT_{self.name.upper()}", *self.also)


@dataclass(frozen=True)
class Given:
    """A value and where it came from, in words: `--location`, `ADT_LOCATION`, `settings.toml`, `the state file`."""

    value: Value
    source: str
    quiet: bool = False
    """It comes from the state file or an imported file, so it says less than what is given now."""


@dataclass(frozen=True)
class Lookup:
    """A name in an input that Azure has to resolve."""

    kind: Literal["principal", "role"]
    name: str
    scope: str = ""
    """Of a role: the resource id of the subscription or group where it has to be assignable."""
    remembered: bool = False
    """It comes from the state file, so what an earlier run resolved holds."""
    type: str = ""
    """Of a principal: User, ServicePrincipal or Group; "" where that isn't said. An object id needs no look-up then."""
    source: str = field(default="", compare=False)
    """The setting that it comes from, as it is told."""
    followed: bool = False
    """Of a principal: it is looked for in every run, and one that nobody is any more stands for who it was."""


def told(given: Mapping[str, Given], name: str) -> str:
    """Return an input and where its value comes from: `owner (from settings.toml)`."""
    return f"{name} (from {given[name].source})" if name in given else name


def text_of(given: Mapping[str, Given], name: str) -> str | None:
    """Return the value of a text or number input; None when it isn't given."""
    return str(given[name].value) if name in given else None


def flag_of(given: Mapping[str, Given], name: str) -> bool | None:
    """Return the value of a flag; None when it isn't given."""
    return bool(given[name].value) if name in given else None


def list_of(given: Mapping[str, Given], name: str) -> tuple[str, ...] | None:
    """Return the values of a list, each once; None when it isn't given."""
    if name not in given:
        return None
    value = given[name].value
    return tuple(dict.fromkeys(str(part) for part in value)) if isinstance(value, list) else (str(value),)


def pairs_of(given: Mapping[str, Given], name: str) -> dict[str, str] | None:
    """Return the pairs; None when they aren't given."""
    value = given[name].value if name in given else None
    return dict(value) if isinstance(value, dict) else None


def items_of(given: Mapping[str, Given], name: str) -> tuple[dict[str, str], ...] | None:
    """Return the items, each with its fields; None when they aren't given."""
    value = given[name].value if name in given else None
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else None


NOT_TEXT = "neither UTF-8, nor UTF-16 or UTF-32 with a byte order mark"
"""What is said of a file that `decoded` refuses."""


def decoded(data: bytes) -> str:
    """Return the text of a file that an editor or a shell wrote: UTF-8, or what its byte order mark says.

    Windows PowerShell 5 writes UTF-16 with a byte order mark; it and Notepad write UTF-8 with one too, and some editors
    add a second one. UnicodeError for any other encoding, as UTF-16 without a mark.
    """
    text = data.decode(encoding_of(data)).lstrip("\ufeff")
    if "\0" in text:
        raise UnicodeError(f"{encoding_of(data)} has no zeros in its text.")
    return text


def encoding_of(data: bytes) -> str:
    """Return the encoding that a byte order mark names, UTF-8 without one."""
    marks = {
        "UTF-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),  # first: it begins as UTF-16 does
        "UTF-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    }
    return next((name for name, both in marks.items() if data.startswith(both)), "UTF-8")

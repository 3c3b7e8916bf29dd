"""A row of each kind, and inputs taken from flags and from a settings file."""

from __future__ import annotations

from pathlib import Path

from cli.sources import gather
from engine.input import Field, Given, Input, OneOf, Value

TEXT = Input("colour", "", "COLOUR", OneOf("red", "green", "blue"))
NUMBER = Input("days", "", "N", kind="number")
FLAG = Input("fast", "", "", kind="flag")
LIST = Input("friend", "", "NAME", OneOf("ada", "bob", "cleo"), kind="list")
PAIRS = Input("label", "", "NAME=VALUE", OneOf("a", "b"), kind="pairs")
FIELDS = Field("name", "", required=True), Field("dead_letter", ""), Field("size", "", OneOf("s", "l"))
ITEMS = Input("box", "", "FIELDS", kind="items", fields=FIELDS)
PATH = Input("letter", "", "FILE", path=True)
FORGOTTEN = Input("renew", "", "", kind="flag", kept=False)
ROWS = (TEXT, NUMBER, FLAG, LIST, PAIRS, ITEMS, PATH, FORGOTTEN)


def from_flags(**flags: object) -> dict[str, Given]:
    return gather(flags, None, {}, ROWS)


def value_of(row: Input, flag: object) -> Value:
    return from_flags(**{row.name: flag})[row.name].value


def from_file(folder: Path, content: str) -> dict[str, Given]:
    file = folder / "settings.toml"
    file.write_text(content, encoding="utf-8")
    return gather({}, file, {})

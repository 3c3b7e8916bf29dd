"""What is made from the inputs themselves: the tables of docs/settings.md, and the JSON Schema of a settings file.

`python3 -m cli.reference` rewrites both.
"""

from __future__ import annotations

import json
from typing import Any

from cli.bootstrap import ROOT
from cli.inputs import GROUPS, INPUTS, Field, Input, OneOf

BEGIN, END = "<!-- inputs: begin -->\n", "<!-- inputs: end -->"
SETTINGS, SCHEMA = ROOT / "docs/settings.md", ROOT / "docs/settings.schema.json"


def table() -> str:
    """Return the tables in Markdown: the inputs by group, and the fields of those that are items."""
    lines: list[str] = []
    for title, group in GROUPS.items():
        lines += [f"### {title}", "", "| flag | environment | key | meaning |", "| --- | --- | --- | --- |"]
        for one in group:
            flag = f"`{one.flag} {one.metavar}`".replace(" `", "`").replace("|", "\\|")
            variables = ", ".join(f"`{name}`" for name in one.variables)
            lines.append(f"| {flag} | {variables} | `{one.name}` | {one.help} |")
        lines.append("")
        for one in group:
            if one.fields:
                lines += [f"Fields of `{one.name}`:", "", "| field | meaning |", "| --- | --- |"]
                lines += [
                    f"| `{field.name}`{' (required)' if field.required else ''} | {field.help} |"
                    for field in one.fields
                ]
                lines.append("")
    return "\n".join(lines)


def updated(page: str) -> str:
    """Return the page's text with the tables in their place."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


def schema() -> str:
    """Return the JSON Schema of a settings file, as text. Draft 7 is what the editors' TOML extensions read."""
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of deploy.py",
        "description": "What to set up for Azure Digital Twins. Every key is also a flag and an environment variable.",
        "type": "object",
        "additionalProperties": False,
        "properties": {one.name: {"description": one.help, **_form(one)} for one in INPUTS},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _form(one: Input) -> dict[str, Any]:
    text = _text(one)
    if one.kind == "flag":
        return {"type": "boolean"}
    if one.kind == "number":
        return {"type": ["integer", "string"]}
    if one.kind == "text":
        return text
    if one.kind == "list":
        return {"oneOf": [text, {"type": "array", "items": text}]}
    if one.kind == "pairs":
        return {"type": "object", "additionalProperties": {"type": "string"}}
    item = {
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in one.fields if field.required],
        "properties": {field.name: {"description": field.help, **_text(field)} for field in one.fields},
    }
    return {"type": "array", "items": {"oneOf": [item, {"type": "string"}]}}


def _text(one: Input | Field) -> dict[str, Any]:
    choices = {"enum": list(one.problem.choices)} if isinstance(one.problem, OneOf) else {}
    return {"type": "string", **choices}


if __name__ == "__main__":
    SETTINGS.write_text(updated(SETTINGS.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")

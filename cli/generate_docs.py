"""What is made from the inputs themselves: the tables of docs/settings.md, and the JSON Schema of a settings file.

`python3 -m cli.generate_docs` rewrites both.
"""

from __future__ import annotations

import json
from typing import Any

from cli.bootstrap import ROOT
from cli.settings_file import LONGEST_NAME, NAME, SETTING, TABLES
from engine.input import Field, Input, OneOf
from steps import INPUTS

BEGIN, END = "<!-- inputs: begin -->\n", "<!-- inputs: end -->"
SETTINGS, SCHEMA = ROOT / "docs/settings.md", ROOT / "docs/settings.schema.json"


def groups() -> dict[str, list[Input]]:
    """Return the inputs by the heading that they stand under, in order."""
    found: dict[str, list[Input]] = {}
    for row in INPUTS:
        found.setdefault(row.group, []).append(row)
    return found


def table() -> str:
    """Return the tables in Markdown: the inputs by group, and the fields of those that are items."""
    lines: list[str] = []
    for title, group in groups().items():
        lines += [f"### {title}", "", "| flag | environment | key | meaning |", "| --- | --- | --- | --- |"]
        for row in group:
            flag = f"`{row.flag} {row.metavar}`".replace(" `", "`").replace("|", "\\|")
            variables = ", ".join(f"`{name}`" for name in row.variables)
            lines.append(f"| {flag} | {variables} | `{row.name}` | {row.help} |")
        lines.append("")
        for row in group:
            if row.fields:
                lines += [f"Fields of `{row.name}`:", "", "| field | meaning |", "| --- | --- |"]
                lines += [
                    f"| `{field.name}`{' (required)' if field.required else ''} | {field.help} |"
                    for field in row.fields
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
        "properties": {
            **{row.name: {"description": row.help, **_form(row)} for row in INPUTS},
            SETTING: {"description": "State file, or the URL of a blob that a team shares.", "type": "string"},
            TABLES: {
                "description": "Several deployments, each in a table of its own; what stands before holds for all.",
                "type": "object",
                "additionalProperties": False,
                "patternProperties": {
                    f"^(?!.{{{LONGEST_NAME + 1}}}){NAME}$": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            name: {"$ref": f"#/properties/{name}"} for name in (*(row.name for row in INPUTS), SETTING)
                        },
                    }
                },
            },
        },
        "not": {"required": [SETTING, TABLES]},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _form(row: Input) -> dict[str, Any]:
    text = _text(row)
    if row.kind == "flag":
        return {"type": "boolean"}
    if row.kind == "number":
        return {"type": ["integer", "string"]}
    if row.kind == "text":
        return text
    if row.kind == "list":
        return {"oneOf": [text, {"type": "array", "items": text}]}
    if row.kind == "pairs":
        return {"type": "object", "additionalProperties": {"type": "string"}}
    item = {
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in row.fields if field.required],
        "properties": {field.name: {"description": field.help, **_text(field)} for field in row.fields},
    }
    return {"type": "array", "items": {"oneOf": [item, {"type": "string"}]}}


def _text(row: Input | Field) -> dict[str, Any]:
    choices = {"enum": list(row.problem.choices)} if isinstance(row.problem, OneOf) else {}
    return {"type": "string", **choices}


if __name__ == "__main__":
    SETTINGS.write_text(updated(SETTINGS.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")

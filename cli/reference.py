"""The README's table of inputs, made from the inputs themselves: `python3 -m cli.reference` rewrites it."""

from __future__ import annotations

from cli.bootstrap import ROOT
from cli.inputs import GROUPS

BEGIN, END = "<!-- inputs: begin -->\n", "<!-- inputs: end -->"


def table() -> str:
    """Return the table in Markdown."""
    lines = ["| flag | environment | key | meaning |", "| --- | --- | --- | --- |"]
    for title, group in GROUPS.items():
        lines.append(f"| **{title}** | | | |")
        for one in group:
            flag = f"`{one.flag} {one.metavar}`".replace(" `", "`").replace("|", "\\|")
            variables = ", ".join(f"`{name}`" for name in one.variables)
            lines.append(f"| {flag} | {variables} | `{one.name}` | {one.help} |")
    return "\n".join(lines) + "\n"


def updated(readme: str) -> str:
    """Return the README's text with the table in its place."""
    before, _, rest = readme.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    file = ROOT / "README.md"
    file.write_text(updated(file.read_text(encoding="utf-8")), encoding="utf-8")

"""Makes docs/run.svg, the picture of a run in the README: `.venv/bin/python -m docs.make_picture`.

A real run in a fresh copy of the project, in a pseudo-terminal, as a terminal shows it.
"""

from __future__ import annotations

import shutil
import sys
from io import StringIO
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import pexpect
import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tests.support.screen import Screen

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, ROWS = 112, 60
COMMAND = "python3 deploy.py --local"
NOT_OURS = shutil.ignore_patterns(".*", "__pycache__", "*.state.*")
TEMPLATE = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's own, without the fonts that it loads from the network."""


def take() -> Screen:
    """Run the tool, with every default confirmed, and return what the terminal shows at the end."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=NOT_OURS)
        arguments = [str(copy / "deploy.py"), *COMMAND.split()[2:]]
        child = pexpect.spawn(sys.executable, arguments, cwd=copy, encoding="utf-8", dimensions=(ROWS, COLUMNS))
        with Screen(child) as screen:
            for question in ("Subscription", "Resource group", "Name of the new resource group", "Region"):
                screen.answer(question)
            for question in ("Name of the Digital Twins instance", "Name of the app registration", "Proceed?"):
                screen.answer(question)
            screen.end()
            return screen


def line_of(screen: Screen, number: int) -> Text:
    """Return a line of the screen with its colours."""
    row = screen.display.buffer[number]
    parts = groupby((row[column] for column in range(COLUMNS)), key=style_of)
    line = Text.assemble(*(("".join(char.data for char in chars), style) for style, chars in parts))
    line.rstrip()
    return line


def style_of(char: pyte.screens.Char) -> Style:
    """Return the colours of a character as rich names them."""
    colour = char.fg.replace("brown", "yellow")
    if colour == "default":
        colour = ""
    elif len(colour) == 6 and all(digit in "0123456789abcdef" for digit in colour):
        colour = f"#{colour}"
    elif colour.startswith("bright"):
        colour = f"bright_{colour.removeprefix('bright')}"
    return Style(color=colour or None, bold=char.bold, reverse=char.reverse)


def main() -> None:
    """Write the picture."""
    screen = take()
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ {COMMAND}"))
    for number in range(len(screen.text.splitlines())):
        console.print(line_of(screen, number), no_wrap=True, crop=False)
    svg = console.export_svg(title=COMMAND, code_format=TEMPLATE, unique_id="run")
    (ROOT / "docs/run.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

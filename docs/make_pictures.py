"""Makes the pictures of the screens, docs/*.svg: `.venv/bin/python -m docs.make_pictures`.

Real runs in a fresh copy of the project, in a pseudo-terminal, as a terminal shows them.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
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
COLUMNS, ROWS = 100, 60
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


@dataclass(frozen=True)
class Scene:
    """A run to be shown: the questions that are answered with Enter, and when it is looked at, if not at its end."""

    name: str
    arguments: str
    questions: tuple[str, ...] = ()
    typed: str = ""
    """What the last question is answered with."""
    when: str = ""
    """A text that is shown half-way, at which the picture is taken."""


SCENES = (
    Scene("plan", "plan --local --yes --tag team=twins --secret ci"),
    Scene(
        "live",
        "--local --tag team=twins",
        (
            "Subscription",
            "Resource group",
            "Name of the new resource group",
            "Region",
            "Name of the Digital Twins instance",
            "Name of the app registration",
            "Proceed?",
        ),
        when="Azure is creating the instance",
    ),
    Scene("run", "--local --tag team=twins --tag stage=trial --yes"),
    Scene("status", "status --local"),
    Scene("verify", "verify --local --tag team=operations --assignee carlos@contoso.onmicrosoft.com"),
    Scene("hand-off", "--local --sign-in contributor --yes --resource-group other --instance other --state other.json"),
    Scene("destroy", "destroy --local", ("To remove all this",), typed="adt-0fd74108"),
)


def take(scene: Scene, copy: Path) -> list[Text]:
    """Run the tool in the copy, and return the lines that the terminal shows, with their colours."""
    arguments = [str(copy / "deploy.py"), *scene.arguments.split()]
    child = pexpect.spawn(sys.executable, arguments, cwd=copy, encoding="utf-8", dimensions=(ROWS, COLUMNS))
    with Screen(child) as screen:
        for question in scene.questions:
            screen.answer(question, scene.typed if question == scene.questions[-1] else "")
        if scene.when:
            screen.wait(scene.when)
            lines = shown(screen)
            screen.end()
            return lines
        screen.end()
        return shown(screen)


def shown(screen: Screen) -> list[Text]:
    """Return the lines of the screen."""
    return [line_of(screen, number) for number in range(len(screen.text.splitlines()))]


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


def draw(scene: Scene, lines: list[Text]) -> None:
    """Write the picture of a scene."""
    command = f"python3 deploy.py {scene.arguments}"
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ {command}"))
    for line in lines:
        console.print(line, no_wrap=True, crop=False)
    svg = console.export_svg(title="deploy.py", code_format=TEMPLATE, unique_id=scene.name)
    text = "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"
    (ROOT / f"docs/{scene.name}.svg").write_text(text, encoding="utf-8")


def main() -> None:
    """Write all pictures."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=NOT_OURS)
        for scene in SCENES:
            draw(scene, take(scene, copy))


if __name__ == "__main__":
    main()

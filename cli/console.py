"""How anything is printed for a person: paragraphs, pairs and errors. What the cloud says is shown as text."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleDimensions
from rich.text import Text

from cli.signs import short_ids

if TYPE_CHECKING:
    from engine.refusal import Refusal
    from engine.step import AnyStep, NeedsYou


def plain(text: str) -> str:
    """Return the text with control characters, and so terminal escapes, made visible. Tabs and line breaks stay."""
    return "".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in text.expandtabs(4))


def make_console(*, stderr: bool) -> Console:
    """Return the console that everything for people is written to."""
    console = Console(stderr=stderr, highlight=False, emoji=False, markup=False, soft_wrap=True)
    if not console.file.isatty():
        console.width = 200  # nothing is cut or folded in a log
    elif console.is_dumb_terminal:  # rich takes all of these for 80 columns wide
        with suppress(OSError):
            columns, rows = os.get_terminal_size(console.file.fileno())
            console.size = ConsoleDimensions(columns or 80, rows or 25)
    return console


def animates(console: Console) -> bool:
    """Whether the stream is a terminal that can draw over itself. FORCE_COLOR doesn't make it one."""
    return console.file.isatty() and not console.is_dumb_terminal


def busy(console: Console, what: str) -> AbstractContextManager[object]:
    """Show that something is going on, where it can be wiped out afterwards."""
    return console.status(what) if animates(console) else nullcontext()


def text(content: str, style: str = "") -> Text:
    """Return what can be printed without being taken for markup or escapes."""
    return Text(plain(content), style=style)


def fold(console: Console, content: str, width: int) -> list[str]:
    """Return the lines of a paragraph, in a terminal folded between words: a long id or link stays in one piece."""
    lines = plain(content).split("\n")
    if not console.file.isatty():
        return lines
    wrapped = (textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) for line in lines)
    return [part for found in wrapped for part in found or [""]]


def say(console: Console, content: str, *, first: str = "", first_style: str = "", style: str = "") -> None:
    """Print a paragraph after `first`, the following lines indented like it.

    In a terminal it is folded between words: a long link or id stays in one piece. Lines that begin with a space, such
    as commands to paste, are left alone, and those that begin with a hyphen are items of a list.
    """
    indent = " " * len(first)
    lines: list[str] = []
    for line in plain(content).split("\n"):
        before = indent if lines else first
        if console.file.isatty() and not line.startswith(" "):
            lines += textwrap.wrap(
                line, console.width, initial_indent=before, break_long_words=False, break_on_hyphens=False,
                subsequent_indent=f"{indent}  " if line.startswith("- ") else indent,
            ) or [""]  # fmt: skip
        else:
            lines.append(before + line)
    printed = Text("\n".join(lines), style=style)
    printed.stylize(first_style, 0, len(first.rstrip()))
    console.print(printed)


def show_parts(console: Console, parts: Sequence[str]) -> None:
    """Print a conclusion, its parts separated by a dot; in a terminal it is folded between them."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]} · {part}"
        if console.file.isatty() and len(longer) > console.width:
            lines.append(part)
        else:
            lines[-1] = longer
    say(console, "\n".join(lines), style="bold")


def show_pairs(console: Console, pairs: Mapping[str, str], *, width: int = 0, indent: int = 2) -> None:
    """Print names and values as two columns that can be copied from; a value that doesn't fit begins a line."""
    width = max((width, *(len(name) for name in pairs)))
    before = " " * indent
    for name, value in ((plain(name), plain(value)) for name, value in pairs.items()):
        fits = not console.file.isatty() or indent + width + 2 + len(value) <= console.width
        head = f"{before}{name.ljust(width)}  " if fits else f"{before}{name}\n{before}  "
        console.print(Text.assemble((head, "cyan"), value))


def show_refusal(console: Console, refusal: Refusal, where: str = "", *, verbose: bool = False) -> None:
    """Print an error: what, why, what to do next, and Azure's request id. Resource ids become names, unless `verbose`.

    What is wrong with an input is told as it was typed.
    """
    shorten = str if verbose or refusal.exit_code == 2 else short_ids
    say(console, f"{where}{shorten(refusal.what)}", first="✗ ", first_style="red", style="bold")
    if refusal.why:
        say(console, shorten(refusal.why), first="  Why: ")
    if refusal.next:
        say(console, refusal.next, first="  Next: ")
    if refusal.request_id:
        console.print(text(f"  Azure's request id: {refusal.request_id}", "dim"))


def show_error(refusal: Refusal, where: str = "", *, verbose: bool = False) -> None:
    """Print the error of a step or a check on stderr, with an empty line after it."""
    console = make_console(stderr=True)
    show_refusal(console, refusal, where, verbose=verbose)
    console.print()


def show_needs_you(console: Console, step: AnyStep, needs: NeedsYou, *, local: bool = False) -> None:
    """Print what only a person can do; of a trial without the links and commands, which would meet the real Azure."""
    told = needs.what
    if local and needs.how:
        told = f"{told.removesuffix(':')}. A real run prints how."
    say(console, f"{step.title}: {told}", first="! ", first_style="yellow")
    if not local:
        show_pairs(console, dict(needs.how))

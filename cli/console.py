"""What a person sees: one live view in a terminal, plain lines elsewhere. What the cloud says is shown as text."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from engine.change import AnyChange
    from engine.outcome import Result, StepLook
    from engine.refusal import Refusal
    from engine.step import AnyStep, NeedsYou, Plan

SYMBOLS = {
    "done": ("✓", "green"),
    "already done": ("✓", "green"),
    "needs you": ("!", "yellow"),
    "skipped": ("-", "dim"),
    "failed": ("✗", "red"),
    "blocked": ("✗", "dim"),
    "removed": ("✓", "green"),
    "nothing to do": ("-", "dim"),
    "kept": ("!", "yellow"),
    "ok": ("✓", "green"),
    "drift": ("✗", "red"),
    "note": ("!", "yellow"),
    "doing": ("…", "cyan"),
    "pending": (" ", "dim"),
}
LEAST_DETAIL = 30
"""Columns below which a detail of the live view is cut rather than folded."""


def plain(text: str) -> str:
    """Return the text with control characters, and so terminal escapes, made visible. Tabs and line breaks stay."""
    return "".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in text.expandtabs(4))


def make_console(*, stderr: bool) -> Console:
    """Return the console that everything for people is written to."""
    console = Console(stderr=stderr, highlight=False, emoji=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 200  # nothing is cut or folded in a log
    return console


def text(content: str, style: str = "") -> Text:
    """Return what can be printed without being taken for markup or escapes."""
    return Text(plain(content), style=style)


def say(console: Console, content: str, *, first: str = "", first_style: str = "", style: str = "") -> None:
    """Print a paragraph after `first`, the following lines indented like it.

    In a terminal it is folded between words: a long link or id stays in one piece. Lines that begin with a space, such
    as commands to paste, are left alone.
    """
    indent = " " * len(first)
    lines: list[str] = []
    for line in plain(content).split("\n"):
        before = indent if lines else first
        if console.is_terminal and not line.startswith(" "):
            lines += textwrap.wrap(
                line, console.width, initial_indent=before, subsequent_indent=indent, break_long_words=False,
                break_on_hyphens=False,
            ) or [""]  # fmt: skip
        else:
            lines.append(before + line)
    printed = Text("\n".join(lines), style=style)
    printed.stylize(first_style, 0, len(first))
    console.print(printed)


def show_pairs(console: Console, pairs: Mapping[str, str], *, width: int = 0, indent: int = 2) -> None:
    """Print names and values as two columns that can be copied from."""
    width = max((width, *(len(name) for name in pairs)))
    for name, value in pairs.items():
        console.print(Text.assemble((f"{' ' * indent}{plain(name).ljust(width)}  ", "cyan"), plain(value)))


class Screen:
    """Shows a walk. In a terminal one table that changes in place, otherwise a line for each thing that happens."""

    def __init__(self, console: Console, steps: tuple[AnyStep, ...], *, removing: bool = False) -> None:
        self._console, self._steps, self._removing = console, steps, removing
        self._states: dict[str, tuple[str, str]] = {step.key: ("pending", "") for step in steps}
        self._since: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._writing: dict[str, str] = {}
        self._live: Live | None = None
        self._over = False

    def __enter__(self) -> Screen:
        if self._console.is_terminal:
            self._live = Live(get_renderable=self._table, console=self._console, refresh_per_second=8, transient=False)
            self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        if self._live:
            self._live.__exit__(None, None, None)
            self._live = None

    def started(self, step: AnyStep, change: AnyChange) -> None:
        """A write begins."""
        self._since.setdefault(step.key, time.monotonic())
        self._writing[step.key] = change.title
        self._set(step, "doing", change.title)

    def waiting(self, step: AnyStep, what: str) -> None:
        """The step waits for something."""
        if self._states[step.key][0] == "doing" and self._states[step.key][1] != what:
            self._set(step, "doing", what)

    def notice(self, what: str) -> None:
        """Something worth knowing happened on the way: a pause that Azure asked for, a lost connection."""
        self._console.print(text(f"  {what}", "dim"))

    def reveal(self, what: str, secret: str) -> None:
        """Show what is told only once, as one line that can be copied from."""
        self._console.print(Text.assemble((f"{plain(what)}, shown only now: ", "bold"), plain(secret)), soft_wrap=True)

    def ended(self, step: AnyStep, result: Result) -> None:
        """The step has ended."""
        if step.key in self._since:
            self._took[step.key] = time.monotonic() - self._since[step.key]
        elif (step.optional or self._removing) and result.outcome.value == "skipped":
            self._steps = tuple(other for other in self._steps if other.key != step.key)
            return
        self._writing.pop(step.key, None)
        detail = result.error.what if result.error else result.reason
        if result.plan and result.plan.changes and not result.error:
            detail = ""  # the plan has named them
        self._set(step, result.outcome.value, detail)

    @property
    def has_written(self) -> bool:
        """Whether any write has begun."""
        return bool(self._since)

    def unfinished(self) -> list[str]:
        """Return the writes that may still go on in Azure."""
        return [f"{step.title}: {self._writing[step.key]}" for step in self._steps if step.key in self._writing]

    def _set(self, step: AnyStep, state: str, detail: str) -> None:
        self._states[step.key] = (state, detail)
        if self._live is None:
            took = f" ({_clock(self._took[step.key])})" if step.key in self._took else ""
            word = f"{detail} ..." if state == "doing" else f"{state}{took}{': ' if detail else ''}{detail}"
            self._console.print(text(f"{step.number} {step.title}: {word}"))

    def _table(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        title = max(len(step.title) for step in self._steps)
        word = max(9, *(len(state) for state, _ in self._states.values()))
        clock = 6 if self.has_written else 0
        for width in (1, 1, title, word, clock):
            grid.add_column(min_width=width, no_wrap=True)
        # The last columns stay free: a ^C that the terminal echoes there must not start a new line.
        room = self._console.width - (title + word + clock + 10)
        grid.add_column(max_width=max(room, 1))
        cut = not self._over or room < LEAST_DETAIL
        for step in self._steps:
            state, detail = self._states[step.key]
            symbol, style = SYMBOLS[state]
            spins = state == "doing" and not self._over
            mark: Spinner | Text = Spinner("dots", style=style) if spins else Text(symbol, style=style)
            seconds = self._took.get(step.key)
            if seconds is None and state == "doing":
                seconds = time.monotonic() - self._since[step.key]
            took = "" if seconds is None else _clock(seconds)
            about = text("" if self._over and state == "failed" else detail, "dim")  # told in full below
            about.no_wrap, about.overflow = cut, "ellipsis"
            grid.add_row(
                mark, str(step.number), text(step.title), Text("" if state == "pending" else state, style=style),
                Text(took, justify="right", style="dim"), about,
            )  # fmt: skip
        return grid


def _clock(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def show_plan(
    console: Console,
    steps: Sequence[AnyStep],
    looks: Mapping[str, StepLook],
    others: Mapping[str, Sequence[str]] = {},
    *,
    removing: bool = False,
) -> None:
    """Print what would be done, step by step; `others` is what is said, by step, of rights that are missing."""
    for step in steps:
        look = looks[step.key]
        if look.is_idle(step, removing=removing):
            continue
        console.print(text(f"  {step.number} {step.title}", "bold"))
        for symbol, style, content in _planned(look.plan, look.error):
            say(console, content, first=f"    {symbol} ", first_style=style)
        for line in others.get(step.key, ()):
            say(console, line, first="    ! ", first_style="yellow")


def _planned(plan: Plan | None, error: Refusal | None) -> list[tuple[str, str, str]]:
    """Return the lines about one step: a symbol, its colour, and the text."""
    if plan is None:
        return [("✗", "red", f"can't be planned: {error.what if error else ''}")]
    lines = [
        ("+", "green", f"{change.title} ({change.detail})" if change.detail else change.title)
        for change in plan.changes
    ]
    if plan.needs_you:
        lines.append(("!", "yellow", f"needs you: {plan.reason}"))
    elif not plan.changes:
        lines.append(("-", "dim", f"{'skipped' if plan.skipped else 'no change'}: {plan.reason}"))
    if plan.ask:
        lines.append(("?", "yellow", plan.ask.question))
        lines += [("!", "yellow", line) for line in plan.ask.about]
    lines += [("!", "yellow", f"kept: {line}") for line in plan.retained]
    return lines + [("!", "yellow", f"note: {note}") for note in plan.notes]


def show_checks(console: Console, checks: Sequence[tuple[str, str, str]]) -> None:
    """Print checks as a table: what was checked, how it is, and what there is to say."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("Check", "Result"):
        table.add_column(heading, no_wrap=True)
    table.add_column("")
    for title, result, detail in checks:
        symbol, style = SYMBOLS[result]
        table.add_row(text(title), text(f"{symbol} {result}", style), text(detail))
    console.print(table)


def show_refusal(console: Console, refusal: Refusal, where: str = "") -> None:
    """Print an error: what, why, what to do next, and Azure's request id."""
    say(console, f"{where}{refusal.what}", first="✗ ", first_style="red", style="bold")
    if refusal.why:
        say(console, refusal.why, first="  Why: ")
    if refusal.next:
        say(console, refusal.next, first="  Next: ")
    if refusal.request_id:
        console.print(text(f"  Azure's request id: {refusal.request_id}", "dim"))


def show_needs_you(console: Console, step: AnyStep, needs: NeedsYou) -> None:
    """Print what only a person can do."""
    say(console, f"{step.title}: {needs.what}", first="! ", first_style="yellow")
    show_pairs(console, dict(needs.how))

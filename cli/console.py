"""What a person sees: one live view in a terminal, plain lines elsewhere. What the cloud says is shown as text."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from cloud.errors import Refusal
    from steps.model import Change, NeedsYou, Plan, Step
    from steps.walk import Look, Result

SYMBOLS = {
    "done": ("✓", "green"),
    "already done": ("✓", "green"),
    "needs you": ("!", "yellow"),
    "skipped": ("-", "dim"),
    "failed": ("✗", "red"),
    "blocked": ("✗", "dim"),
    "doing": ("…", "cyan"),
    "pending": (" ", "dim"),
}


def plain(text: str) -> str:
    """Return the text with control characters, and so terminal escapes, made visible. Line breaks stay."""
    return "".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in text)


def make_console(*, stderr: bool) -> Console:
    """Return the console that everything for people is written to."""
    console = Console(stderr=stderr, highlight=False, emoji=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 200  # nothing is cut or folded in a log
    return console


def text(content: str, style: str = "") -> Text:
    """Return what can be printed without being taken for markup or escapes."""
    return Text(plain(content), style=style)


class Screen:
    """Shows a walk. In a terminal one table that changes in place, otherwise a line for each thing that happens."""

    def __init__(self, console: Console, steps: tuple[Step, ...]) -> None:
        self._console, self._steps = console, steps
        self._states: dict[str, tuple[str, str]] = {step.key: ("pending", "") for step in steps}
        self._since: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._live: Live | None = None

    def __enter__(self) -> Screen:
        if self._console.is_terminal:
            self._live = Live(get_renderable=self._table, console=self._console, refresh_per_second=8, transient=False)
            self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.__exit__(None, None, None)
            self._live = None

    def started(self, step: Step, change: Change) -> None:
        """A write begins."""
        self._since.setdefault(step.key, time.monotonic())
        self._set(step, "doing", change.title)

    def waiting(self, step: Step, what: str) -> None:
        """The step waits for something."""
        if self._states[step.key][0] == "doing" and self._states[step.key][1] != what:
            self._set(step, "doing", what)

    def ended(self, step: Step, result: Result) -> None:
        """The step has ended."""
        if step.key in self._since:
            self._took[step.key] = time.monotonic() - self._since[step.key]
        detail = result.error.what if result.error else result.reason
        if result.plan and result.plan.changes and not result.error:
            detail = "; ".join(change.title for change in result.plan.changes)
        self._set(step, result.outcome.value, detail)

    def running(self) -> list[Step]:
        """Return the steps whose writes may still go on in Azure."""
        return [step for step in self._steps if self._states[step.key][0] == "doing"]

    def _set(self, step: Step, state: str, detail: str) -> None:
        self._states[step.key] = (state, detail)
        if self._live is None:
            took = f" ({self._took[step.key]:.1f} s)" if step.key in self._took else ""
            self._console.print(text(f"{step.number} {step.title}: {state}{took}{': ' if detail else ''}{detail}"))

    def _table(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        for step in self._steps:
            state, detail = self._states[step.key]
            symbol, style = SYMBOLS[state]
            mark: Spinner | Text = Spinner("dots", style=style) if state == "doing" else Text(symbol, style=style)
            seconds = self._took.get(step.key)
            if seconds is None and state == "doing":
                seconds = time.monotonic() - self._since[step.key]
            clock = "" if seconds is None else f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
            word = "" if state == "pending" else state
            grid.add_row(
                mark, str(step.number), text(step.title), Text(word, style=style),
                Text(clock, justify="right", style="dim"), text(detail, "dim"),
            )  # fmt: skip
        return grid


def show_plan(console: Console, steps: tuple[Step, ...], looks: Mapping[str, Look]) -> None:
    """Print what would be done, step by step."""
    grid = Table.grid(padding=(0, 2))
    for step in steps:
        look = looks[step.key]
        grid.add_row(str(step.number), text(step.title, "bold"), _what(look.plan, look.error))
    console.print(grid)


def _what(plan: Plan | None, error: Refusal | None) -> Group:
    if plan is None:
        lines = [text(f"can't be planned: {error.what if error else ''}", "red")]
        if error and error.why:
            lines.append(text(error.why, "dim"))
        return Group(*lines)
    lines = [Text("+ ", style="green") + text(change.title) for change in plan.changes]
    lines += [text(f"  {change.detail}", "dim") for change in plan.changes if change.detail]
    if not plan.changes:
        word = "skipped" if plan.skipped else "needs you" if plan.needs_you else "nothing to do"
        lines.append(text(f"{word}: {plan.reason}", "yellow" if plan.needs_you else "dim"))
    lines += [text(f"note: {note}", "yellow") for note in plan.notes]
    return Group(*lines)


def show_refusal(console: Console, refusal: Refusal, where: str = "") -> None:
    """Print an error: what, why, what to do next, and Azure's request id."""
    console.print(Text("✗ ", style="red") + text(f"{where}{refusal.what}", "bold"))
    if refusal.why:
        console.print(text(f"  Why: {refusal.why}"))
    if refusal.next:
        console.print(text(f"  Next: {refusal.next}"))
    if refusal.request_id:
        console.print(text(f"  Azure's request id: {refusal.request_id}", "dim"))


def show_needs_you(console: Console, step: Step, needs: NeedsYou) -> None:
    """Print what only a person can do."""
    console.print(Text("! ", style="yellow") + text(f"{step.title}: {needs.what}"))
    for label, how in needs.how:
        console.print(text(f"  {label}: {how}"))


def show_values(console: Console, values: Mapping[str, str]) -> None:
    """Print the collected values as a table that can be copied from."""
    width = max((len(name) for name in values), default=0)
    for name, value in values.items():
        console.print(text(f"  {name.ljust(width)}  ", "cyan") + text(value))

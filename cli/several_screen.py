"""Several deployments on one screen: a line for each in a terminal, lines that begin with its name elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.console import animates, plain, text
from cli.screen import Screen
from cli.signs import SYMBOLS, clock, short_ids
from steps import STEPS

if TYPE_CHECKING:
    from engine.change import AnyChange
    from engine.outcome import Result
    from engine.step import AnyStep

SPARE = 3
"""Lines of a terminal that the table leaves free: what a person types, and the counts."""


class Captured(Console):
    """A console whose text is kept, folded and coloured as for `shown`; nothing on it moves."""

    def __init__(self, shown: Console) -> None:
        super().__init__(
            file=_Text(is_terminal=shown.file.isatty()), color_system=shown.color_system,  # type: ignore[arg-type]
            width=shown.width, height=shown.height,  # without both of them, 80 columns of one that can't draw
            highlight=False, emoji=False, markup=False, soft_wrap=True,
        )  # fmt: skip

    @property
    def is_dumb_terminal(self) -> bool:
        """It can't draw over itself."""
        return True

    def taken(self) -> str:
        """Return what was printed since this was last asked for."""
        assert isinstance(self.file, _Text)  # noqa: S101 - it was made so
        content = self.file.getvalue()
        self.file.seek(0)
        self.file.truncate()
        return content


class _Text(StringIO):
    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@dataclass
class _Row:
    state: str = "pending"
    detail: str = ""
    since: float | None = None
    took: float | None = None


class Overview:
    """All deployments and how each gets on. `begin` shows the table where the console is a terminal that can draw."""

    def __init__(self, console: Console, names: Iterable[str], *, verbose: bool) -> None:
        self.console = console
        self._rows = {name: _Row() for name in names}
        self._draws = animates(console) and not verbose
        self._live: Live | None = None
        self._over = False

    def begin(self) -> None:
        """Show the table, where it can be, unless it is shown."""
        if self._draws and self._live is None:
            self._live = Live(get_renderable=self._table, console=self.console, refresh_per_second=8, transient=True)
            self._live.__enter__()

    def end(self) -> None:
        """Take the table away."""
        self._over = True
        if self._live is not None:
            self._live.__exit__(None, None, None)
            self._live = None

    def show(self, name: str, state: str, detail: str) -> None:
        """Show how a deployment is; its time begins with the first state but pending."""
        row, now = self._rows[name], time.monotonic()
        row.state, row.detail = state, detail
        row.since = now if row.since is None else row.since
        row.took = None if state == "doing" else now - row.since

    def line(self, name: str, content: str) -> None:
        """Say what happens in a deployment, where no table shows it; with the time of day, as logs are read later."""
        if not self._draws:
            self.console.print(
                Text.assemble((f"{datetime.now():%H:%M:%S} ", "dim"), (f"{name}  ", "bold"), plain(content))
            )

    def notice(self, name: str, what: str) -> None:
        """Say what is worth knowing on the way: a pause that Azure asked for, a lost connection."""
        self.console.print(text(f"  {name}{': ' if name else ''}{what}", "dim"))

    def _table(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        name_width = max(len(name) for name in self._rows)
        for width in (1, name_width, 12, 10):
            grid.add_column(min_width=width, no_wrap=True)
        grid.add_column(max_width=max(self.console.width - name_width - 30, 1))
        rows = list(self._rows.items())
        most = max(self.console.height - SPARE, 1)
        if len(rows) > most:  # what can't be shown is counted: what is at work, or failed, comes first
            order = {"failed": 0, "needs you": 0, "doing": 1, "pending": 2}
            kept = {name for name, _ in sorted(rows, key=lambda row: order.get(row[1].state, 3))[: most - 1]}
            hidden = Counter(row.state for name, row in rows if name not in kept)
            rows = [(name, row) for name, row in rows if name in kept]
        else:
            hidden = Counter()
        now = time.monotonic()
        for name, row in rows:
            symbol, style = SYMBOLS[row.state]
            seconds = row.took if row.took is not None or row.since is None else now - row.since
            about = text(row.detail, "dim")
            about.no_wrap, about.overflow = True, "ellipsis"
            took = Text("" if seconds is None else clock(seconds), justify="right", style="dim")
            word = Text("" if row.state == "pending" else row.state, style=style)
            grid.add_row(Text(symbol, style=style), text(name), word, took, about)
        if hidden:
            hidden["waiting"] = hidden.pop("pending", 0)
            counts = ", ".join(f"{count} {state}" for state, count in hidden.items() if count)
            grid.add_row("", "", "", "", text(f"and {counts}", "dim"))
        return grid


class PartScreen(Screen):
    """The screen of a run of several: what happens goes to the overview."""

    def __init__(self, overview: Overview, name: str, console: Console, *, removing: bool, verbose: bool) -> None:
        super().__init__(console, STEPS, removing=removing, verbose=verbose)
        self._overview, self._name = overview, name
        self.secrets: list[tuple[str, str]] = []
        """What is told only once: what it is, and the secret. They are shown when all runs have ended."""

    def __enter__(self) -> PartScreen:
        self._began = self._seconds()
        self._overview.begin()
        self._wait_to_speak()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_speaking()

    def notice(self, what: str) -> None:
        """Something worth knowing happened on the way."""
        self._overview.notice(self._name, what)

    def reveal(self, what: str, secret: str) -> None:
        """Keep what is told only once."""
        self.secrets.append((what, secret))

    def show_secrets(self) -> None:
        """Show nothing: the secrets of all runs are shown together."""

    def started(self, step: AnyStep, change: AnyChange) -> None:
        """A write begins."""
        super().started(step, change)
        self._overview.show(self._name, "doing", short_ids(change.title))

    def waiting(self, step: AnyStep, what: str) -> None:
        """The step waits for something."""
        super().waiting(step, what)
        if self.has_written:
            self._overview.show(self._name, "doing", f"{step.title}: {what}")

    def ended(self, step: AnyStep, result: Result) -> None:
        """The step has ended."""
        super().ended(step, result)
        if result.error:
            self._overview.show(self._name, "doing", f"{step.title} failed: {result.error.what}")

    def _line(self, content: str) -> None:
        self._overview.line(self._name, content)

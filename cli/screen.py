"""A walk while it happens: one table that changes in place in a terminal, plain lines elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cli import github_actions
from cli.console import animates, plain, say, text
from cli.signs import SYMBOLS, UNCHANGED, WORDS, by_number, clock, named, short_ids

if TYPE_CHECKING:
    from engine.change import AnyChange
    from engine.outcome import Result
    from engine.step import AnyStep

LEAST_SHOWN = 8
"""Columns below which the live view leaves a detail out. Where there are none at all, it leaves out the times too."""
LEAST_DETAIL = 30
"""Columns below which a detail is told under the table, once the walk is over."""
TOLD_BELOW = ("failed", "needs you", "interrupted")
"""Of these, the end of a run tells everything."""
SILENCE = 20.0
"""Seconds after which a step that waits says so again, where no table does."""


class Screen:
    """Shows a walk. In a terminal one table that changes in place, otherwise a line for each thing that happens.

    With `verbose` there are lines in a terminal too, as the log is written between them, and nothing is left out.
    """

    def __init__(
        self,
        console: Console,
        steps: Iterable[AnyStep],
        *,
        removing: bool = False,
        verbose: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console, self._removing, self._verbose, self._seconds = console, removing, verbose, seconds
        self._steps = by_number(steps, removing=removing)
        self._listed = {step.key for step in self._steps}
        self._unchanged: set[str] = set()
        self._states: dict[str, tuple[str, str]] = {step.key: ("pending", "") for step in self._steps}
        self._since: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._spoke: dict[str, float] = {}
        self._writing: dict[str, str] = {}
        self._secrets: list[tuple[str, str]] = []
        self._live: Live | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._over = False

    def list_only(self, steps: Iterable[AnyStep]) -> None:
        """Leave out the other steps, unless something happens in them: nobody asked for them."""
        self._listed = {step.key for step in steps}

    def __enter__(self) -> Screen:
        self._began = self._seconds()
        if animates(self.console) and not self._verbose:
            self._live = Live(get_renderable=self._table, console=self.console, refresh_per_second=8, transient=False)
            self._live.__enter__()
        else:
            self._wait_to_speak()
        return self

    def _stop_speaking(self) -> None:
        self._over = True
        if self._timer:
            self._timer.cancel()

    def __exit__(self, *_: object) -> None:
        self._stop_speaking()
        if self._live:
            self._live.__exit__(None, None, None)
            self._live = None
            self._tell_what_did_not_fit()
        folded = [step for step in self._steps if step.key in self._unchanged & self._listed]
        if folded and not self._verbose:
            say(self.console, f"no change: {named(folded)}", first="· ", style=UNCHANGED[1])

    @property
    def elapsed(self) -> float:
        """The seconds since the walk began."""
        return self._seconds() - self._began

    def started(self, step: AnyStep, change: AnyChange) -> None:
        """A write begins."""
        self._since.setdefault(step.key, self._seconds())
        self._listed.add(step.key)
        self._writing[step.key] = change.title
        self._set(step, "doing", change.title)

    def waiting(self, step: AnyStep, what: str) -> None:
        """The step waits for something; before its first write too, and while everything is looked at."""
        state, detail = self._states[step.key]
        if state not in ("pending", "doing") or detail == what:
            return
        if self._live is None and self._timer is None:
            self._states[step.key] = (state, what)
            self.notice(f"{step.title}: {what}")
            return
        self._since.setdefault(step.key, self._seconds())
        self._listed.add(step.key)
        self._set(step, "doing", what)

    def notice(self, what: str) -> None:
        """Something worth knowing happened on the way: a pause that Azure asked for, a lost connection."""
        say(self.console, what, first="  ", style="dim")

    def reveal(self, what: str, secret: str) -> None:
        """Keep what is told only once, until `show_secrets`: a table and results would push it off the screen."""
        self._secrets.append((what, secret))

    def show_secrets(self) -> None:
        """Show what is told only once, a line each, that can be copied from. However a run ends, this comes last."""
        for what, secret in self._secrets:
            for line in github_actions.mask(secret):
                self.console.print(text(line), soft_wrap=True)
            self.console.print()
            self.console.print(
                Text.assemble((f"{plain(what)}, shown only now: ", "bold"), plain(secret)), soft_wrap=True
            )
        self._secrets.clear()

    def ended(self, step: AnyStep, result: Result) -> None:
        """The step has ended."""
        if step.key in self._since:
            self._took[step.key] = self._seconds() - self._since[step.key]
        elif (step.optional or self._removing) and result.outcome.value == "skipped":
            self._listed.discard(step.key)
            return
        elif not self._removing and not result.error and result.outcome.value in ("already done", "skipped"):
            self._unchanged.add(step.key)
        self._listed.add(step.key)
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

    def speak(self) -> None:
        """Say of each step that has been silent for SILENCE seconds what it is waiting for, and since when."""
        now = self._seconds()
        for step in self._steps:
            state, detail = self._states[step.key]
            if state == "doing" and now - self._spoke[step.key] >= SILENCE:
                self._spoke[step.key] = now
                self._line(f"{step.label}: {detail} ({clock(now - self._since[step.key])}) ...")

    def _wait_to_speak(self) -> None:
        self.speak()
        self._timer = asyncio.get_running_loop().call_later(1.0, self._wait_to_speak)

    def _set(self, step: AnyStep, state: str, detail: str) -> None:
        detail, state = detail if self._verbose else short_ids(detail), WORDS.get(state, state)
        self._states[step.key] = (state, detail)
        self._spoke[step.key] = self._seconds()
        if self._live is None and (self._verbose or step.key not in self._unchanged):
            took = f" ({clock(self._took[step.key])})" if step.key in self._took else ""
            word = f"{detail} ..." if state == "doing" else f"{state}{took}{': ' if detail else ''}{detail}"
            self._line(f"{step.label}: {word}")

    def _line(self, content: str) -> None:
        """Print a line with the time of day, as logs of pipelines are read later."""
        self.console.print(Text.assemble((f"{datetime.now():%H:%M:%S} ", "dim"), plain(content)))

    def _room(self) -> int:
        """Return the columns that the table has for details; the last ones of the terminal stay free.

        A ^C that it echoes there must not start a new line.
        """
        return self.console.width - sum(self._widths()) - 8

    def _widths(self) -> tuple[int, int, int, int, int]:
        title = max((len(step.title) for step in self._steps if step.key in self._listed), default=0)
        word = max((9, *(len(self._state(step)) for step in self._rows())))
        took = max((6, *(len(clock(seconds)) for seconds in self._took.values()))) if self.has_written else 0
        return 1, 1, title, word, took

    def _rows(self) -> list[AnyStep]:
        return [step for step in self._steps if step.key in self._listed and step.key not in self._unchanged]

    def _state(self, step: AnyStep) -> str:
        """Return how a step is; once the walk is over, nothing is being done any more."""
        state = self._states[step.key][0]
        return "interrupted" if self._over and state == "doing" else state

    def _tell_what_did_not_fit(self) -> None:
        """Print the details that the table left out at the end, but for those that are told in full anyway."""
        if self._room() >= LEAST_DETAIL:
            return
        for step in self._rows():
            detail = self._states[step.key][1]
            if detail and self._state(step) not in TOLD_BELOW:
                say(self.console, f"{step.label}: {detail}", first="  ", style="dim")

    def _table(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        widths, room, least = self._widths(), self._room(), LEAST_DETAIL if self._over else LEAST_SHOWN
        for width in widths[: 4 if room < 0 else 5]:
            grid.add_column(min_width=width, no_wrap=True)
        if room >= least:
            grid.add_column(max_width=room)
        for step in self._rows():
            state, detail = self._state(step), self._states[step.key][1]
            symbol, style = SYMBOLS[state]
            mark: Spinner | Text = Spinner("dots", style=style) if state == "doing" else Text(symbol, style=style)
            seconds = self._took.get(step.key)
            if seconds is None and step.key in self._since:
                seconds = self._seconds() - self._since[step.key]
            took = "" if seconds is None else clock(seconds)
            about = text("" if self._over and state in ("failed", "interrupted") else detail, "dim")
            about.no_wrap, about.overflow = not self._over, "fold" if self._over else "ellipsis"
            cells = (
                mark, str(step.number), text(step.title), Text("" if state == "pending" else state, style=style),
                Text(took, justify="right", style="dim"), about,
            )  # fmt: skip
            grid.add_row(*cells[: len(grid.columns)])
        return grid

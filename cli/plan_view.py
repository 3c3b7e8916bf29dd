"""A plan and checks, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from cli.console import fold, plain, say, text
from cli.signs import SYMBOLS, UNCHANGED, by_number, named, short_ids, sign_of

if TYPE_CHECKING:
    from engine.change import AnyChange, Difference
    from engine.outcome import StepLook
    from engine.refusal import Refusal
    from engine.step import AnyStep, Plan

LEAST_ROOM = 30
"""Columns below which what there is to say of a row is told under it."""


def show_plan(
    console: Console,
    steps: Sequence[AnyStep],
    looks: Mapping[str, StepLook],
    others: Mapping[str, Sequence[str]] = {},
    *,
    removing: bool = False,
    verbose: bool = False,
) -> None:
    """Print what would be done, by the steps' numbers; `others` is what is said, by step, of rights that are missing.

    Without `verbose`, resource ids are shortened to names, and steps without anything to tell share a line;
    in a removal each tells why it keeps what it keeps.
    """
    shorten = str if verbose else short_ids
    unchanged: list[AnyStep] = []
    for step in by_number(steps, removing=removing):
        look = looks[step.key]
        if look.is_idle(step, removing=removing):
            continue
        if not (verbose or removing) and not others.get(step.key) and _is_unchanged(look.plan):
            unchanged.append(step)
            continue
        console.print(text(f"  {step.label}", "bold"))
        for symbol, style, content in _planned(look.plan, look.error):
            say(console, shorten(content), first=f"    {symbol} ", first_style=style)
        for line in others.get(step.key, ()):
            say(console, shorten(line), first="    ! ", first_style="yellow")
    if unchanged:
        say(console, f"no change: {named(unchanged)}", first="  · ", style=UNCHANGED[1])


def _is_unchanged(plan: Plan | None) -> bool:
    return plan is not None and not (plan.changes or plan.needs_you or plan.ask or plan.retained or plan.notes)


def difference_words(difference: Difference) -> str:
    """Return a difference in words: `tag team: (none) → twins`."""
    return f"{difference.name}: {difference.before or '(none)'} → {difference.after or '(none)'}"


def change_words(change: AnyChange) -> str:
    """Return a change's title, and its detail in parentheses."""
    return f"{change.title} ({change.detail})" if change.detail else change.title


def _planned(plan: Plan | None, error: Refusal | None) -> list[tuple[str, str, str]]:
    """Return the lines about one step: a symbol, its colour, and the text."""
    if plan is None:
        return [("✗", "red", f"can't be planned: {error.what if error else ''}")]
    lines: list[tuple[str, str, str]] = []
    for change in plan.changes:
        lines.append((*sign_of(change), change_words(change)))
        # What is only added, the title has named.
        replaced = (difference for difference in change.differences if difference.before)
        lines += [(" ", "", f"  {difference_words(difference)}") for difference in replaced]
    if plan.needs_you:
        lines.append(("!", "yellow", f"needs you: {plan.reason}"))
    elif not plan.changes:
        lines.append((*UNCHANGED, f"{'skipped' if plan.skipped else 'no change'}: {plan.reason}"))
    if plan.ask:
        lines.append(("?", "yellow", plan.ask.question))
        lines += [("!", "yellow", line) for line in plan.ask.about]
    lines += [("!", "yellow", f"kept: {line}") for line in plan.retained]
    return lines + [("!", "yellow", f"note: {note}") for note in plan.notes]


def show_rows(console: Console, rows: Sequence[tuple[str, str, str]], signs: Sequence[tuple[str, str]] = ()) -> None:
    """Print rows of a title, how it is, and what there is to say, which is folded in its column, or below the row.

    `signs` replace the symbols of how it is. A title that is that of the row above isn't repeated.
    """
    signs = signs or [SYMBOLS[result] for _, result, _ in rows]
    widest, word = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    indent = widest + word + 6
    above = ""
    for (title, result, detail), (symbol, style) in zip(rows, signs, strict=True):
        head = Text.assemble(
            (symbol, style), f" {plain('' if title == above else title).ljust(widest)}  ", (result, style)
        )
        above = title
        if not detail:
            console.print(head)
        elif console.width - indent < LEAST_ROOM:
            console.print(head)
            say(console, detail, first="    ")
        else:
            lines = fold(console, detail, console.width - indent)
            head.pad_right(indent - len(head))
            console.print(Text.assemble(head, f"\n{' ' * indent}".join(lines)))

"""The lines of a run where nothing can be drawn over."""

from __future__ import annotations

import asyncio
import re
from io import StringIO

import pytest
from rich.console import Console

from cli.console import animates
from cli.screen import Screen
from engine.outcome import Outcome, Result
from engine.step import Plan
from tests.plans.engine.small import SmallStep, Write, always


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def steps() -> list[SmallStep]:
    found = [SmallStep(key, always()) for key in ("a", "b", "c")]
    for number, step in enumerate(found, 1):
        step.number = number
    found[2].optional = True
    return found


def shown(*, verbose: bool = False) -> list[str]:
    """Return the lines of a run in which a waits for 50 s, b is unchanged and nobody asked for c."""
    out, clock = StringIO(), [0.0]
    first, second, third = steps()

    async def run() -> None:
        screen = Screen(Console(file=out, width=200), (third, second, first), verbose=verbose, seconds=lambda: clock[0])
        screen.list_only([first, second])
        with screen:
            screen.reveal("The secret", "s3cret")
            screen.started(first, Write(name="create", words="create a"))
            for _ in range(5):
                clock[0] += 10
                screen.speak()
            screen.ended(second, Result(Outcome.UNCHANGED, Plan(reason="it is there"), reason="it is there"))
            screen.ended(third, Result(Outcome.SKIPPED, Plan(skipped=True)))
            screen.ended(first, Result(Outcome.DONE, Plan((Write(name="create"),))))
        assert screen.elapsed == 50
        assert screen.unfinished() == []
        assert "s3cret" not in out.getvalue()
        screen.show_secrets()

    asyncio.run(run())
    return [re.sub(r"^\d\d:\d\d:\d\d ", "T ", line) for line in out.getvalue().splitlines() if line]


def test_github_actions_is_told_to_mask_a_secret_before_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, lines in (("true", ["::add-mask::s3%25cret"]), ("", [])):
        monkeypatch.setenv("GITHUB_ACTIONS", value)
        out = StringIO()
        screen = Screen(Console(file=out, width=200), ())
        screen.reveal("The secret", "s3%cret")
        screen.show_secrets()
        *before, last = [line for line in out.getvalue().splitlines() if line]
        assert (before, "s3%cret" in last) == (lines, True)


def test_a_step_that_waits_speaks_every_20_seconds_and_the_secret_comes_last() -> None:
    assert shown() == [
        "T 1 Step a: create a ...",
        "T 1 Step a: create a (20 s) ...",
        "T 1 Step a: create a (40 s) ...",
        "T 1 Step a: done (50 s)",
        "· no change: 2 Step b",
        "The secret, shown only now: s3cret",
    ]


def test_verbose_leaves_nothing_out() -> None:
    assert "T 2 Step b: no change: it is there" in shown(verbose=True)


@pytest.mark.parametrize(("columns", "line"), [(40, "done 50 s"), (26, "done")])
def test_a_narrow_terminal_gets_fewer_columns_and_whole_words(
    monkeypatch: pytest.MonkeyPatch, columns: int, line: str
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out, clock = _Terminal(), [0.0]
    first, second, third = steps()

    async def run() -> None:
        screen = Screen(Console(file=out, width=columns), (first, second, third), seconds=lambda: clock[0])
        with screen:
            screen.started(first, Write(name="create", words="create a box with a long name"))
            clock[0] += 50
            screen.ended(first, Result(Outcome.DONE, Plan((Write(name="create"),))))
            screen.ended(second, Result(Outcome.FAILED, reason="for a reason that takes some words"))
            screen.ended(third, Result(Outcome.BLOCKED, reason="needs: Step b"))

    asyncio.run(run())
    rows = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()).splitlines()
    table = [row for row in rows if re.search("Step [ab] ", row)][-2:]
    assert [" ".join(table[0].split())] == [f"✓ 1 Step a {line}"]
    assert "2 Step b failed" in table[1]
    assert all(len(row) <= columns for row in table)
    assert [" ".join(row.split()) for row in rows if "Step c" in row][-1] == "3 Step c: needs: Step b"


def test_what_was_under_way_when_a_run_ended_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = _Terminal()
    first = steps()[0]
    with Screen(Console(file=out, width=80), (first,)) as screen:
        screen.started(first, Write(name="create"))
    assert re.findall(r"doing|interrupted", out.getvalue())[-1] == "interrupted"


def test_only_a_terminal_that_can_draw_is_animated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert animates(Console(file=_Terminal()))
    monkeypatch.setenv("FORCE_COLOR", "1")
    pipe = Console(file=StringIO())
    assert pipe.is_terminal
    assert not animates(pipe)
    monkeypatch.setenv("TERM", "dumb")
    assert not animates(Console(file=_Terminal()))

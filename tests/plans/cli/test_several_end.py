"""How several deployments are told to have ended, and where each of them logs."""

from __future__ import annotations

import contextvars
import io
import logging
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.console import say
from cli.logs import current_run, start_logging
from cli.options import Options
from cli.several_end import Ending, show_end
from cli.several_screen import Captured
from engine.refusal import Refusal
from state.file_store import StateFile


def ended(command: str, *outcomes: str, code: int = 0, **more: Any) -> Ending:
    return Ending(code, document={"command": command, "steps": [{"outcome": one, **more} for one in outcomes]})


@pytest.mark.parametrize(
    ("ending", "word"),
    [
        (ended("deploy", "already done", "done"), "done"),
        (ended("deploy", "already done"), "already done"),
        (ended("deploy", "done", needs_you={}), "needs you"),
        (ended("deploy", "done", "failed", code=1), "failed"),
        (ended("destroy", "removed", "nothing to do"), "removed"),
        (ended("destroy", "nothing to do"), "nothing to do"),
        (Ending(note="never deployed"), "nothing to do"),
        (Ending(2, Refusal("no", exit_code=2)), "failed"),
        (ended("verify"), "ok"),
        (ended("verify", code=5), "drift"),
        (ended("plan", code=5), "drift"),
        (ended("verify", code=3), "failed"),
    ],
)
def test_in_a_word(ending: Ending, word: str) -> None:
    assert ending.word == word


def test_as_json() -> None:
    assert ended("plan").described() == {"command": "plan", "steps": []}
    assert Ending(1, declined=True).described() == {"exit_code": 1, "declined": True}
    assert Ending().described() == {"exit_code": 0}
    refused = Ending(4, Refusal("locked", exit_code=4)).described()
    assert (refused["exit_code"], refused["error"]["what"]) == (4, "locked")


def test_each_run_logs_into_its_own_file(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.log" for name in ("dev", "north")}
    root = logging.getLogger()
    before, level = root.handlers, root.level
    try:
        start_logging(None, verbose=False, of_runs=files)
        for name in ("dev", "north", "dev", ""):
            context = contextvars.copy_context()
            context.run(current_run.set, name)
            context.run(logging.getLogger("deploy").info, "from %s, password=hunter2", name)
    finally:
        root.handlers = before
        root.setLevel(level)
    assert files["dev"].read_text().count("from dev") == 2
    assert "from" in files["north"].read_text()
    assert "dev" not in files["north"].read_text()
    assert "hunter2" not in files["north"].read_text()


@pytest.mark.parametrize("width", [60, 120])
def test_what_a_run_prints_is_folded_as_for_the_screen(width: int) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    captured = Captured(Console(file=Terminal(), force_terminal=True, width=width, height=30))
    say(captured, "word " * 60)
    lines = captured.taken().splitlines()
    assert width - 8 <= max(len(line) for line in lines) <= width


def test_what_to_run_next_is_said_once_and_only_of_those_that_it_is_about() -> None:
    out = io.StringIO()
    console = Console(file=out, width=200)
    called = {"all": True, "config": Path("team.toml"), "deployment": (), "parallel": 3}
    options = Options(called, Path("team.toml"), StateFile(Path()), False, False, False, called=called)
    changed = {"command": "plan", "steps": [{"outcome": "planned", "title": "Instance", "changes": [{}]}]}
    some = {"dev": Ending(document=changed), "north": Ending(document={"command": "plan", "steps": []})}
    show_end(console, "plan", options, some)
    (line,) = [line for line in out.getvalue().splitlines() if "deploy.py" in line]
    words = line.split("deploy.py ")[1].split()
    assert words[0] == "deploy"
    assert ("--deployment", "dev") in pairwise(words)
    assert not {"--all", "--state", "north"} & set(words)

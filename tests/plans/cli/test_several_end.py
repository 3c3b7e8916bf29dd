"""How several deployments are told to have ended, and where each of them logs."""

from __future__ import annotations

import contextvars
import logging
from pathlib import Path
from typing import Any

import pytest

from cli.logs import current_run, start_logging
from cli.several_end import Ending
from engine.refusal import Refusal


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

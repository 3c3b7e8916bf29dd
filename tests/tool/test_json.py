"""`--output json`: one document on stdout however a command ends, and everything else on stderr."""

from __future__ import annotations

import json
import os
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import ended
from tests.support.screen import ENTER, Screen
from tests.support.tool import GROUP, INSTANCE, SUBSCRIPTION, Tool
from tests.support.waiting import until_held
from tests.support.world import Emulator

NAMES = ("--subscription", SUBSCRIPTION, "--resource-group", GROUP, "--location", "westus2")


class Divided(Tool):
    """Runs in a terminal whose stdout goes to a file, as `deploy.py --output json > FILE` does."""

    @property
    def document(self) -> Any:
        return json.loads((self.folder / "stdout").read_text())

    def command(self, *arguments: str) -> list[str]:
        return ["/bin/sh", "-c", 'exec "$@" > stdout', "sh", *super().command(*arguments, "--output", "json")]


@pytest.fixture
def divided(azure: Emulator, tmp_path: Path) -> Divided:
    return Divided(azure, tmp_path / "work")


def test_questions_are_asked_on_stderr(azure: Emulator, divided: Divided) -> None:
    azure.faults({"path": "checkNameAvailability", "do": "status:429", "headers": {"Retry-After": "0"}})
    with Screen(divided.terminal(*NAMES)) as screen:
        screen.wait(f"? Name of the Digital Twins instance {INSTANCE}")
        screen.retype("my-own" + ENTER)
        screen.answer("Name of the app registration")
        screen.wait("? Proceed?")
        screen.child.send("y")
        assert screen.end() == 0
    assert divided.document["values"]["instance"] == "my-own"


def test_saying_no(divided: Divided) -> None:
    with Screen(divided.terminal(*NAMES, "--instance", INSTANCE)) as screen:
        screen.wait("? Proceed?")
        screen.child.send("n")
        assert screen.end() == 1
    said = {name: value for name, value in divided.document.items() if name != "tool_version"}
    assert shlex.split(said.pop("next"))[-1] == "--yes"
    assert said == {"command": "deploy", "exit_code": 1, "declined": True}


def test_interrupted(azure: Emulator, tool: Tool) -> None:
    azure.faults({"method": "PUT", "path": "resourcegroups", "do": "hold"})
    summary = tool.folder / "summary.md"
    tool.extra |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    process = tool.start("--yes", "--subscription", SUBSCRIPTION, "--output", "json")
    until_held(azure, process)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    document = done.document
    assert done.code == document["exit_code"] == 130, done.text
    assert GROUP in document["error"]["why"]
    assert "--output json" in document["error"]["next"]
    assert "130" in summary.read_text(encoding="utf-8")
    assert [line for line in done.stderr.splitlines() if line.startswith("::error")]


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("--bogus", "--output", "json"), 2, "--bogus"),
        (("plan", "--output=json", "--state", ""), 2, "--state"),
        (("status", "--output", "json", "--state", "."), 2, "."),
        (("outputs", "--format", "json"), 2, "deploy.state.json"),
        (("outputs", "--format=json", "--state", "."), 2, "."),
        (("--yes", "--state", "missing/x.json", "--output", "json"), 2, "missing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_refused(tool: Tool, arguments: tuple[str, ...], code: int, named: str) -> None:
    done = tool.run(*arguments)
    assert done.code == done.document["exit_code"] == code, done.text
    error = done.document["error"]
    assert named in error["what"] + error["next"]
    assert error["what"] in done.stderr.replace("\n", " ")


def test_a_bug(tool: Tool) -> None:
    """Provoked from outside: a module that breaks when it is imported."""
    token = f"eyJ{'a' * 20}.{'b' * 20}.{'c' * 20}"
    (tool.folder / "sitecustomize.py").write_text(
        f"import sys\nclass Trap:\n    def find_spec(self, name, *rest):\n"
        f"        if name == 'cli.commands.status':\n            raise ZeroDivisionError('{token}')\n"
        "sys.meta_path.insert(0, Trap())\n"
    )
    tool.extra["PYTHONPATH"] = os.fspath(tool.folder)
    done = tool.run("status", "--output", "json")
    assert done.code == done.document["exit_code"] == 70, done.text
    assert "ZeroDivisionError" in done.document["error"]["what"]
    assert "Traceback" in done.stderr
    assert token not in done.text

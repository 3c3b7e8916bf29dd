"""What is kept secret, and what the cloud says, which is shown as text and nothing else."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.matrix import leaks
from tests.support.processes import ended, kill
from tests.support.screen import Screen
from tests.support.tool import SUBSCRIPTION, Tool
from tests.support.waiting import until, until_held
from tests.support.world import Emulator

EVIL = "\x1b]0;gotcha\x07\x1b[31mred\x1b[0m [bold]loud[/bold] [/] \x9b2J"
SHOWN = "\\x1b]0;gotcha\\x07\\x1b[31mred\\x1b[0m [bold]loud[/bold] [/] \\x9b2J"
"""The same, as text."""
SOON = 5.0
"""Seconds in which an interrupted run is over: one, on a machine that does nothing else meanwhile."""

WATCH_MODES = """
import os, stat, sys
folder, seen = os.environ["WATCHED"], os.open(os.environ["SEEN"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def watch(event, arguments):
    if event in ("open", "os.rename", "os.remove"):
        for entry in os.listdir(folder):
            try:
                mode = stat.S_IMODE(os.stat(os.path.join(folder, entry)).st_mode)
            except OSError:
                continue
            os.write(seen, f"{mode:o} {entry}\\n".encode())
busy = []
def guarded(event, arguments):
    if not busy:
        busy.append(1)
        watch(event, arguments)
        busy.clear()
os.umask(0)
sys.addaudithook(guarded)
"""


def test_the_state_file_is_its_users_alone_from_the_instant_it_exists(tool: Tool) -> None:
    """Looked at around every write, in a process that lets everybody do everything with its files."""
    inside = tool.folder.with_name("inside")
    inside.mkdir()
    (inside / "sitecustomize.py").write_text(WATCH_MODES)
    seen = inside / "seen"
    tool.extra.update(PYTHONPATH=os.fspath(inside), WATCHED=os.fspath(tool.folder), SEEN=os.fspath(seen))
    assert tool.deploy().code == 0
    modes: dict[str, set[str]] = {}
    for line in seen.read_text().splitlines():
        mode, _, name = line.partition(" ")
        modes.setdefault("temporary" if name.endswith(".tmp") else name, set()).add(mode)
    assert modes.pop("temporary") == {"600"}
    assert modes.pop("deploy.state.json") == {"600"}
    assert set(modes) <= {"deploy.state.json.lock", "deploy.state.log"}


def test_no_secret_in_what_is_written_printed_and_shown_to_other_processes(tmp_path: Path) -> None:
    """As a service principal, whose secret the tool is given; the matrices look at each of their runs as a user."""
    with Emulator(tmp_path / "azure", "--sign-in", "owner-sp") as azure:
        tool, secrets = Tool(azure, tmp_path / "work"), leaks.secrets_of(azure.data)
        azure.faults({"method": "GET", "path": "operationsStatuses", "do": "hold"})
        process = tool.start("--yes", "--subscription", SUBSCRIPTION, "--verbose")
        until_held(azure, process)
        assert leaks.in_process(process.pid, secrets) == []
        kill(process)
        azure.faults()
        ended = [tool.run("--yes", *how) for how in (("--verbose",), ("--output", "json"))]
        ended += [tool.run("status", "--output", "json"), tool.run("outputs", "--format", "env")]
        assert [done.code for done in ended] == [0, 0, 0, 0]
        written = [file.read_text() for file in [*tool.folder.iterdir(), azure.traffic]]
        for text in [*written, *(done.text for done in ended)]:
            assert leaks.within(text, secrets) == []
        assert "https://management.azure.com/" in ended[0].stderr  # the log was there to be looked through


def test_the_traceback_of_a_bug_shows_no_token(azure: Emulator, tool: Tool) -> None:
    """Provoked from outside, with a token in the error's text: on the screen, in the log and in the state file."""
    token = azure.token()
    inside = tool.folder.with_name("inside")
    inside.mkdir()
    (inside / "sitecustomize.py").write_text(
        "import sys\nclass Trap:\n    def find_spec(self, name, *rest):\n"
        f"        if name == 'azure.mgmt.digitaltwins.models':\n            raise ZeroDivisionError('Bearer {token}')\n"
        "sys.meta_path.insert(0, Trap())\n"
    )
    tool.extra["PYTHONPATH"] = os.fspath(inside)
    done = tool.deploy("--verbose")
    assert done.code == 70, done.text
    written = "".join(file.read_text() for file in tool.folder.iterdir())
    assert "ZeroDivisionError" in done.text + written
    assert leaks.within(done.text + written, {token: "token"}) == []


def spoil_names(azure: Emulator) -> None:
    """Name the subscription and a group so, and let an error speak so."""
    (subscription,) = [{"id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION}]
    azure.faults(
        {
            "method": "GET",
            "path": "^/subscriptions/[^/]+$",
            "do": "status:200",
            "body": {**subscription, "displayName": EVIL, "state": "Enabled"},
        },
        {
            "method": "PUT",
            "path": "resourcegroups",
            "do": "status:409",
            "body": {"error": {"code": "Conflict", "message": EVIL}},
        },
    )


def test_escapes_and_markup_from_the_cloud_are_shown_as_text(azure: Emulator, tool: Tool) -> None:
    spoil_names(azure)
    done = tool.deploy()
    assert done.code == 1, done.text
    assert f"Subscription  {SHOWN}" in done.stdout
    assert f"Conflict: {SHOWN}" in done.stderr
    assert "\x1b" not in done.text
    assert "\x9b" not in done.text


def test_the_same_in_a_terminal(azure: Emulator, tool: Tool) -> None:
    spoil_names(azure)
    with Screen(tool.terminal("--yes", "--subscription", SUBSCRIPTION, columns=220)) as screen:
        assert screen.end() == 1
        assert f"Subscription  {SHOWN}" in screen.lines[2]
        assert f"Conflict: {SHOWN}" in screen.text
        assert "\x1b]0;" not in screen.received
        assert "\x9b" not in screen.received


WAITS: dict[str, tuple[dict[str, Any], ...]] = {
    "the token": ({"path": "oauth2/token", "do": "hold"},),
    "the subscription": ({"method": "GET", "path": "^/subscriptions/[^/]+$", "do": "hold"},),
    "a pause that Azure asks for": (
        {"method": "PUT", "path": "resourcegroups", "do": "status:429", "headers": {"Retry-After": "60"}},
    ),
    "the instance": (
        {"path": "operationsStatuses", "nth": "every", "do": "status:200", "headers": {"Retry-After": "60"},
         "body": {"id": "/o", "name": "o", "status": "Running", "startTime": "2024-01-01T00:00:00Z"}},
    ),
    "the directory": ({"method": "GET", "path": "applications", "nth": "every", "do": "status:404"},),
    "the principal": (
        {"method": "PUT", "path": "roleAssignments", "nth": "every", "do": "status:400",
         "body": {"error": {"code": "PrincipalNotFound", "message": "not yet"}}},
    ),
}  # fmt: skip
"""What a run can wait long for, and the faults that make it."""


@pytest.mark.parametrize("what", WAITS)
def test_ctrl_c_at_any_long_wait_leaves_what_the_next_run_goes_on_from(azure: Emulator, tool: Tool, what: str) -> None:
    (rule,) = WAITS[what]
    azure.faults(rule)
    process = tool.start("--yes", "--subscription", SUBSCRIPTION, "--output", "json")
    least = 3 if what == "the directory" else 1  # it looks there before, too

    def waits() -> bool:
        assert process.poll() is None, ended(process).text
        return bool(azure.control("GET", "/faults")[0]["matched"] >= least)

    until(waits, f"the run to wait for {what}", seconds=60)
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    done = ended(process)
    took = time.monotonic() - pressed
    assert done.code == done.document["exit_code"] == 130, done.text
    assert took < SOON
    assert "Traceback" not in done.stderr
    print(f"{what}: {took:.2f} s")
    if not tool.state_file.exists():
        assert "digitalTwinsInstances" not in azure.inventory()
        return
    azure.faults()
    again = tool.run("--yes")
    assert again.code == 0, again.text

"""Streams that are closed or full, and signals before there is a run: nothing of it ends in the middle of a write."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

import pytest

from tests.support.processes import Done, ended, start, until_line
from tests.support.tool import START, Tool
from tests.support.waiting import until_held
from tests.support.world import Emulator


def shell(tool: Tool, arguments: tuple[str, ...], redirection: str) -> Done:
    line = f"{shlex.join(tool.command(*arguments))} {redirection}"
    return ended(start(["sh", "-c", line], tool.folder, tool.environment()))


@pytest.mark.parametrize(
    ("arguments", "redirection", "code", "told"),
    [
        (("status",), ">/dev/full", 1, True),
        (("status",), ">&-", 1, True),
        (("status",), "<&- 2>&-", 0, False),
        (("outputs",), ">/dev/full 2>/dev/full", 2, False),
        (("plan", "--yes", "--bogus"), ">&- 2>&-", 2, False),
    ],
)
def test_a_stream_that_takes_nothing(
    tool: Tool, arguments: tuple[str, ...], redirection: str, code: int, told: bool
) -> None:
    done = shell(tool, arguments, redirection)
    assert (done.code, bool(done.stderr)) == (code, told), done.text
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_a_deployment_goes_on_when_nobody_reads_its_output(azure: Emulator, tool: Tool) -> None:
    azure.faults({"method": "PUT", "path": "resourcegroups", "do": "hold"})
    process = tool.start(*START, "--no-app")
    until_held(azure, process)
    assert process.stdout
    process.stdout.close()
    azure.faults()
    process.wait(60)
    assert process.returncode == 1  # not all of it was told
    states = {key: step["state"] for key, step in tool.state["steps"].items()}
    assert (states["resource_group"], states["instance"], states["role"]) == ("done", "done", "done")
    assert not [key for key, step in tool.state["steps"].items() if step.get("doing")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["re", "tomllib"])
def test_a_signal_while_modules_are_loaded(tool: Tool, number: signal.Signals, module: str, tmp_path: Path) -> None:
    waiting = "import signal, sys\nsys.stderr.write('waiting\\n')\nsys.stderr.flush()\nsignal.pause()\n"
    stand_ins = tmp_path / "modules"
    stand_ins.mkdir()
    (stand_ins / f"{module}.py").write_text(waiting)
    environment = {**tool.environment(), "PYTHONPATH": str(stand_ins)}
    process = start(tool.command("status"), tool.folder, environment)
    until_line(process, "waiting", "stderr")
    process.send_signal(number)
    done = ended(process)
    assert (done.code, len(done.stderr.splitlines())) == (128 + number, 1), done.text

"""`deploy.py emulate`: the emulator in its process group, with its signals, its exit codes and its end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import seed
from tests.support.world import ROOT, START_TIMEOUT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and process groups")


class Emulate:
    """A `deploy.py emulate` in a process group of its own, started in `folder`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        command = [sys.executable, str(ROOT / "deploy.py"), "emulate", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def ready(self) -> Any:
        assert self.process.stdout
        timer = threading.Timer(START_TIMEOUT, self.process.kill)
        timer.start()
        try:
            return json.loads(self.process.stdout.readline())
        finally:
            timer.cancel()

    @property
    def server(self) -> int:
        """The process that serves."""
        return int((self.folder / "azure/holder").read_text().split()[0])

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=START_TIMEOUT)
        return self.process.returncode, out, err


@pytest.fixture
def emulate(tmp_path: Path) -> Iterator[Emulate]:
    (tmp_path / "emulator.py").write_text("raise SystemExit('the working directory is nobody else')")
    running = Emulate(tmp_path, "--data", "azure", "--sign-in", "reader")
    yield running
    running.process.kill()
    running.process.communicate(timeout=START_TIMEOUT)


def test_the_ready_line_says_what_the_tool_has_to_know(emulate: Emulate) -> None:
    ready = emulate.ready()
    assert ready["subscriptions"] == seed.SUBSCRIPTIONS
    assert ready["tenantId"] == seed.TENANT
    assert Path(ready["caBundle"]).parent == emulate.folder / "azure"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_its_process_group_gets_the_signals(emulate: Emulate, number: signal.Signals, code: int) -> None:
    emulate.ready()
    assert os.getpgid(emulate.server) == emulate.process.pid
    os.killpg(emulate.process.pid, number)
    assert emulate.end() == (code, "", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_to_the_process_alone_does_too(emulate: Emulate, number: signal.Signals, code: int) -> None:
    emulate.ready()
    emulate.process.send_signal(number)
    assert emulate.end() == (code, "", "")


def test_killed_it_leaves_no_process(emulate: Emulate) -> None:
    emulate.ready()
    try:
        server = os.pidfd_open(emulate.server)
    except ProcessLookupError:
        pytest.fail("nothing serves")
    try:
        emulate.process.kill()
        assert select.select([server], [], [], 30)[0]
    finally:
        os.close(server)


@pytest.mark.parametrize(
    ("code", "sentence", "arguments"),
    [
        (2, "Unknown sign-in 'nobody'", ["--data", "azure", "--sign-in", "nobody"]),
        (2, "none, azure", ["--data", "azure", "--latency", "slow"]),
        (2, "no usable faults", ["--data", "azure", "--faults", "missing.json"]),
        (2, "is not in the range", ["--data", "azure", "--port", "65536"]),
        (1, "azure can't be used", ["--data", "emulator.py/azure"]),
    ],
)
def test_exit_codes(tmp_path: Path, code: int, sentence: str, arguments: list[str]) -> None:
    (tmp_path / "emulator.py").touch()
    done = Emulate(tmp_path, *arguments).end()
    assert (done[0], done[1]) == (code, "")
    assert sentence in done[2]


def test_a_folder_in_use_is_4(emulate: Emulate) -> None:
    emulate.ready()
    code, out, err = Emulate(emulate.folder, "--data", "azure").end()
    assert (code, out) == (4, "")
    assert f"in use by process {emulate.process.pid}." in err


def test_help_lists_the_flags(tmp_path: Path) -> None:
    code, out, _ = Emulate(tmp_path, "--help").end()
    assert code == 0
    for flag in ("--port", "--data", "--sign-in", "--latency", "--faults", "--traffic"):
        assert flag in out

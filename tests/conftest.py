"""Fixtures that every test may use."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.matrix.everything import EVERYTHING
from tests.matrix.lab import Lab
from tests.support import processes
from tests.support.ages import as_of_now
from tests.support.contracts import Contracts
from tests.support.tool import Tool
from tests.support.world import ROOT, Emulator, Kept

SEED = int(os.environ.setdefault("MATRIX_SEED", str(secrets.randbelow(10**6))))
"""What the samples of the matrices are drawn with. The environment takes it to the processes that share the tests."""

SHARED = Path(os.environ.get("ADT_SHARED", ROOT.parent / "shared"))
"""Where Azure's published contracts and recorded answers of it are."""


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start, also where they were started with SIGINT ignored, as by nohup.

    And judge no generated example by how long it takes: the machine may be busy.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no process is left with it when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_report_header() -> str:
    """Say how to draw the same samples again."""
    return f"MATRIX_SEED={SEED}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so when the traffic was held against nothing."""
    if not (SHARED / "real").is_dir():
        where = f"There are no recorded answers at {SHARED} (ADT_SHARED)"
        terminalreporter.write_line(f"{where}: the embedded Azure was not held against them.")
    if not (SHARED / "contracts").is_dir():
        where = f"There are no published contracts at {SHARED} (ADT_SHARED)"
        terminalreporter.write_line(f"{where}: the traffic was not held against them.")


@pytest.fixture(scope="session")
def new_azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, Kept]]:
    """The one embedded Azure behind `azure`, and all that it remembers when it is new."""
    with Emulator(tmp_path_factory.mktemp("azure") / "azure") as emulator:
        yield emulator, emulator.keep()


@pytest.fixture(scope="session", autouse=True)
def contracts() -> Iterator[None]:
    """Hold all traffic of the run against the published contracts, if they are there."""
    Emulator.contracts = Contracts(SHARED) if (SHARED / "contracts").is_dir() else None
    yield
    Emulator.contracts = None


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """End what a test has started and not ended."""
    yield
    processes.kill_what_is_left()


@pytest.fixture
def azure(new_azure: tuple[Emulator, Kept]) -> Iterator[Emulator]:
    """An embedded Azure as good as new, with `owner` signed in, which never sleeps."""
    emulator, kept = new_azure
    emulator.renew(kept)
    yield emulator
    assert "Traceback" not in emulator.errors(), emulator.errors()
    emulator.conforms()


@pytest.fixture
def tool(azure: Emulator, tmp_path: Path) -> Tool:
    """deploy.py in an empty folder, as `owner`, in `azure`."""
    return Tool(azure, tmp_path / "work")


@pytest.fixture(scope="session")
def finished(new_azure: tuple[Emulator, Kept], tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, str]:
    """What an undisturbed run leaves, in the cloud and in its state file."""
    emulator, kept = new_azure
    emulator.renew(kept)
    tool = Tool(emulator, tmp_path_factory.mktemp("finished") / "work")
    done = tool.deploy()
    assert done.code == 0, done.text
    return emulator.keep(), tool.state_file.read_text(encoding="utf-8")


@pytest.fixture
def deployed(finished: tuple[Kept, str], azure: Emulator, tool: Tool) -> Tool:
    """deploy.py in a folder where an undisturbed run, with every default, has been."""
    kept, state = finished
    azure.renew(kept)
    tool.state_file.write_text(as_of_now(state), encoding="utf-8")
    return tool


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A world to break things in, in which everything is asked for."""
    with Lab(tmp_path_factory.mktemp("everything") / "lab", EVERYTHING) as made:
        yield made


@pytest.fixture
def world(azure: Emulator) -> Emulator:
    """The same, as tests call it that look more at the embedded Azure than at the tool."""
    return azure

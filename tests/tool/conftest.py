"""Copies of the project for the tests of its installation."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.clones import BARE, MORE, SMALL, Clone, install_from, make_wheel

UNNEEDED = ("bench", "docs", "emulator", "plans", "tool")
"""What is there of the project that its installation doesn't look at: most of its files."""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for requirement in (SMALL, MORE):
        make_wheel(requirement.partition("==")[0], folder)
    return folder


@pytest.fixture
def clone(tmp_path: Path, wheels: Path) -> Clone:
    """A fresh copy that needs little, and finds it without a network."""
    made = Clone.of_project(tmp_path / "project", install_from(str(wheels)), without=UNNEEDED)
    made.require(SMALL)
    return made


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str, wheels: Path) -> Clone:
    """The first of the processes that share the tests makes it, for all of them."""
    temporary = tmp_path_factory.getbasetemp()
    folder = (temporary if worker_id == "master" else temporary.parent) / "once"
    with FileLock(f"{folder}.lock", timeout=120):
        if folder.exists():
            return Clone(folder, install_from(str(wheels)))
        made = Clone.of_project(folder, install_from(str(wheels)), without=UNNEEDED)
        made.require(SMALL)
        assert made.run("status", "--help").code == 0
        return made


@pytest.fixture
def prepared(once: Clone, tmp_path: Path) -> Clone:
    """A copy that has prepared itself, and needs little."""
    return once.copy(tmp_path / "project")


@pytest.fixture
def powerless() -> tuple[str, ...]:
    """How to run a Python for which a folder's permissions count: they don't for root."""
    if os.geteuid():
        return BARE
    tool = shutil.which("setpriv")
    if tool is None:
        pytest.skip("root may write everywhere, and there is no setpriv to take that away")
    return (tool, "--bounding-set=-dac_override", *BARE)

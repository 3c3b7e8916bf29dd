"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tool import Tool
from tests.world import ROOT, Emulator


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Emulator]:
    """A new embedded Azure with `owner` signed in, which never sleeps."""
    with Emulator(tmp_path / "azure") as emulator:
        yield emulator


@pytest.fixture
def tool(azure: Emulator, tmp_path: Path) -> Tool:
    """deploy.py in an empty folder, as `owner`, in `azure`."""
    return Tool(azure, tmp_path / "work")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with Azure's published contracts: `ADT_SHARED`, by default beside this project."""
    folder = Path(os.environ.get("ADT_SHARED", ROOT.parent / "shared"))
    if not (folder / "contracts").is_dir():
        pytest.skip(f"no published contracts at {folder}: name their folder in ADT_SHARED")
    return folder

"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import Emulator


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Emulator]:
    """A new embedded Azure with `owner` signed in, which never sleeps."""
    with Emulator(tmp_path / "azure") as emulator:
        yield emulator

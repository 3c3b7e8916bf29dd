"""What the pure tests of the command line share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable says anything, and the current folder is empty."""
    for name in os.environ:
        if name.startswith(("ADT_", "AZURE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

"""A state file, as a place for the cases."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from state.file_store import StateFile
from tests.matrix.lab import INSIDE
from tests.stores.bench import User


class FileBench:
    """A state file in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._work, self._away = folder / "work", folder / "away"
        self._work.mkdir()
        self._file = StateFile(self._work / "deploy.state.json")
        self._points = folder / "points"

    def user(self, **environment: str) -> User:
        return User(str(self._file.path), self._work.parent, {**os.environ, **environment})

    def content(self) -> bytes | None:
        return self._file.path.read_bytes() if self._file.path.exists() else None

    def change(self, content: bytes) -> None:
        self._file.path.write_bytes(content)

    def killed_at(self, point: int, *commands: tuple[Any, ...]) -> bool:
        watched = {"MATRIX_FOLDER": str(self._work), "MATRIX_POINTS": str(self._points), "MATRIX_KILL_AT": str(point)}
        with self.user(PYTHONPATH=str(INSIDE), **watched) as user:
            user.tell(*commands)
            return user.answers(len(commands)) < len(commands)

    def let_in(self) -> None:
        """Do nothing: the system's lock ends with the process."""

    def outlive_the_lock(self, user: User) -> None:
        """Take the lock's file away, as if this machine's locks didn't reach the other's."""
        user.stop()
        self._file.lock_path.unlink()

    def offline(self, *, cut: bool) -> None:
        """Have the folder vanish, as a network drive does."""
        (self._work if cut else self._away).rename(self._away if cut else self._work)

"""Copies of the project in which mutants are tried, a worker in each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from cli import bootstrap

ROOT = bootstrap.ROOT
ROOMS = ("engine", "steps", "cloud", "state", "cli", "tests")
SLOWEST = 30.0
"""Seconds for the tests of a file that is not mutated."""


class Tree:
    """A copy of the project with a worker that runs tests in it. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for room in ROOMS:
            shutil.copytree(ROOT / room, folder / room)
        shutil.copy2(ROOT / "pyproject.toml", folder)
        self._limits: dict[tuple[str, ...], float] = {}

    def __enter__(self) -> Self:
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.worker"],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._worker.stdin
        self._worker.stdin.close()
        self._worker.wait(SLOWEST)

    def survives(self, path: str, text: str, tests: Sequence[str]) -> str:
        """Run the tests with `text` in a file's place: "survived", "killed" or "timeout"."""
        seconds = self._limit(tuple(tests))
        file = self.folder / path
        original, stamp = file.read_bytes(), file.stat()
        file.write_text(text, encoding="utf-8")
        try:
            code = self._run(tests, seconds)
        finally:
            file.write_bytes(original)
            os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        return "timeout" if code == "timeout" else "killed" if code else "survived"

    def _limit(self, tests: tuple[str, ...]) -> float:
        """Return the seconds that a mutant gets, from a run without one, which has to pass."""
        if tests not in self._limits:
            code = self._run(tests, SLOWEST, keep_bytecode=True)
            began = time.monotonic()
            code = code or self._run(tests, SLOWEST, keep_bytecode=True)
            if code:
                raise RuntimeError(f"Without any mutant, {' '.join(tests)} ended with {code}: correct that first.")
            self._limits[tests] = 5 + 6 * (time.monotonic() - began)
        return self._limits[tests]

    def _run(self, tests: Sequence[str], seconds: float, *, keep_bytecode: bool = False) -> int | str:
        assert self._worker.stdin
        assert self._worker.stdout
        order = {"tests": list(tests), "seconds": seconds, "keep_bytecode": keep_bytecode}
        self._worker.stdin.write(json.dumps(order) + "\n")
        self._worker.stdin.flush()
        answer = json.loads(self._worker.stdout.readline())
        assert isinstance(answer, int | str)
        return answer

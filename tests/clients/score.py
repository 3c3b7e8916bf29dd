"""What passed and what failed, printed as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Score:
    """The counts of one part."""

    passed: int = 0
    failed: int = 0

    def count(self, title: str, failure: str | None, seconds: float = 0.0) -> None:
        """Count and print one check; `failure` is None when it passed."""
        if failure is None:
            self.passed += 1
            print(f"ok      {title} ({seconds:.1f} s)", flush=True)
        else:
            self.failed += 1
            print(f"FAILED  {title}\n        {failure}", flush=True)

    def check(self, title: str, function: Callable[[], object]) -> None:
        """Run a check, and count it: it fails when it raises."""
        begun = time.monotonic()
        try:
            function()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said, and the others still run
            self.count(title, f"{type(error).__name__}: {str(error)[:1500]}")
        else:
            self.count(title, None, time.monotonic() - begun)

    def add(self, other: Score) -> None:
        """Add the counts of another part."""
        self.passed += other.passed
        self.failed += other.failed

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"

"""A check of `verify`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.change import AnyChange
from engine.refusal import DIFFERS, Refusal


@dataclass(frozen=True)
class Check:
    """What was checked, the result, and its details. `drift` and `failed` need a person to act."""

    title: str
    result: Literal["ok", "drift", "failed", "note", "skipped"]
    detail: str = ""
    error: Refusal | None = None
    step: str = ""
    """The step's key; "" for a probe."""
    change: AnyChange | None = None
    """The change that would end the drift."""

    @property
    def exit_code(self) -> int:
        """The exit code that this check alone asks for."""
        if self.error and self.result != "drift":
            return self.error.exit_code
        return {"drift": DIFFERS, "failed": 1}.get(self.result, 0)

"""What a look and a walk come to, and who remembers and shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from engine.change import AnyChange
from engine.record import Values
from engine.refusal import Refusal
from engine.step import AnyStep, Plan


class Outcome(Enum):
    """How a step ended."""

    DONE = "done"
    UNCHANGED = "already done"
    NEEDS_YOU = "needs you"
    SKIPPED = "skipped"
    FAILED = "failed"
    BLOCKED = "blocked"
    REMOVED = "removed"
    KEPT = "nothing to do"
    """In `destroy`: nothing of it is ours."""
    RETAINED = "kept"
    """In `destroy`: what is recorded as ours is kept, as its mark is gone or changed. The exit code is 1."""


@dataclass(frozen=True)
class Result:
    """How a step ended, and what it produced."""

    outcome: Outcome
    plan: Plan | None = None
    values: Values = field(default_factory=dict)
    error: Refusal | None = None
    reason: str = ""
    remaining: tuple[AnyChange, ...] = ()
    """What was planned and has not been done."""

    @property
    def exit_code(self) -> int:
        """The exit code that this outcome alone asks for."""
        return self.error.exit_code if self.error else 0

    @property
    def blocks(self) -> bool:
        """Whether what waits for the step can't go on."""
        keeps = self.outcome is Outcome.RETAINED and self.plan is not None and self.plan.blocks
        return keeps or self.outcome in {Outcome.FAILED, Outcome.BLOCKED}

    @property
    def has_written(self) -> bool:
        """Whether the step changed anything in Azure, and what needs it has to look again."""
        wrote = self.outcome is Outcome.RETAINED and self.plan is not None and bool(self.plan.changes)
        return wrote or self.outcome in {Outcome.DONE, Outcome.REMOVED}

    def is_idle(self, step: AnyStep, *, removing: bool = False) -> bool:
        """Whether there is nothing to tell of the step."""
        return StepLook(self.plan).is_idle(step, removing=removing)


@dataclass(frozen=True)
class StepLook:
    """What observing and planning a step came to: a plan, or the refusal met on the way."""

    plan: Plan | None
    error: Refusal | None = None

    def is_idle(self, step: AnyStep, *, removing: bool = False) -> bool:
        """Whether there is nothing to tell of the step: it is optional and not desired, or has nothing to remove."""
        return (step.optional or removing) and self.plan is not None and self.plan.skipped


class Recorder(Protocol):
    """Remembers a walk. Each method returns once that is durable."""

    def planned(self, step: AnyStep, plan: Plan) -> None:
        """Conclude from a new plan what became of a write that was interrupted."""

    def about_to(self, step: AnyStep, change: AnyChange) -> None:
        """Remember the intent, before the write."""

    def done(self, step: AnyStep, change: AnyChange, values: Values, following: AnyChange | None) -> None:
        """Remember the write and what it produced; with that the intent of the one that follows at once, if any."""

    def ended(self, step: AnyStep, result: Result) -> None:
        """Remember how the step ended."""


class Watcher(Protocol):
    """Shows a walk while it happens."""

    def started(self, step: AnyStep, change: AnyChange) -> None:
        """A write begins."""

    def waiting(self, step: AnyStep, what: str) -> None:
        """The step waits for something."""

    def reveal(self, what: str, secret: str) -> None:
        """Show what is shown only once; it is kept nowhere else."""

    def ended(self, step: AnyStep, result: Result) -> None:
        """The step has ended."""

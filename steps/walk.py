"""The walk over the steps: observe all at once, plan each, apply what is ready side by side, record each write."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from cloud.clients import Azure
from cloud.errors import SEVERITY, Refusal, explain
from steps.model import Ask, Change, Context, Plan, Step, Values, nothing_to_remove, with_unrecorded
from steps.wanted import Wanted


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


class Recorder(Protocol):
    """Remembers a walk; `about_to` and `made` are called right before and after each write to Azure."""

    def planned(self, step: Step, plan: Plan) -> None:
        """Conclude what became of a write that an earlier run was making when it was interrupted."""

    def about_to(self, step: Step, change: Change) -> None:
        """Remember the intent, durably, before the write."""

    def made(self, step: Step, change: Change, values: Values) -> None:
        """Remember what the write produced."""

    def ended(self, step: Step, outcome: Outcome, values: Values, reason: str, error: Refusal | None) -> None:
        """Remember how the step ended."""


class Watcher(Protocol):
    """Shows a walk while it happens."""

    def started(self, step: Step, change: Change) -> None:
        """A write begins."""

    def waiting(self, step: Step, what: str) -> None:
        """The step waits for something."""

    def reveal(self, what: str, secret: str) -> None:
        """Show what is told only once; it is kept nowhere else."""

    def ended(self, step: Step, result: Result) -> None:
        """The step has ended."""


@dataclass(frozen=True)
class Result:
    """How a step ended, and what it knows."""

    outcome: Outcome
    plan: Plan | None = None
    values: Values = field(default_factory=dict)
    error: Refusal | None = None
    reason: str = ""
    undone: tuple[Change, ...] = ()
    """What was planned and has not been done."""

    @property
    def exit_code(self) -> int:
        """The exit code that this outcome alone asks for."""
        return self.error.exit_code if self.error else 0


@dataclass(frozen=True)
class Look:
    """What observing and planning a step came to: a plan, or the refusal met on the way."""

    plan: Plan | None
    error: Refusal | None = None


@dataclass(frozen=True)
class Memory:
    """What earlier runs produced, and what each step made and has not removed again."""

    values: Values = field(default_factory=dict)
    made: Mapping[str, frozenset[str]] = field(default_factory=dict)
    doing: Mapping[str, str] = field(default_factory=dict)
    """By step, the change that was being made when a run was cut short."""
    begun: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By step, what that change was to make."""
    removed: frozenset[str] = frozenset()
    """The steps whose things `destroy` took away, and nobody has made again."""


def backwards(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the steps as `destroy` walks them: each plans to nothing, and before what it needed.

    A step that never has anything to remove isn't among them.
    """
    steps = tuple(step for step in steps if step.remove is not nothing_to_remove)
    return tuple(
        replace(
            step,
            plan=step.remove,
            needs=tuple(other.key for other in steps if step.key in other.needs),
            optional=True,
            last=False,
        )
        for step in reversed(steps)
    )


class Walk:
    """One walk over `steps`. `memory` is what the state file remembers; the cloud corrects it.

    With `removing` the steps are those of `backwards`, and end accordingly.
    """

    def __init__(
        self,
        steps: tuple[Step, ...],
        azure: Azure,
        wanted: Wanted,
        memory: Memory,
        watcher: Watcher,
        *,
        removing: bool = False,
    ) -> None:
        self.wanted, self._removing, self._removed = wanted, removing, memory.removed
        self._steps, self._azure, self._watcher = steps, azure, watcher
        self._values: dict[str, str] = dict(memory.values)
        self._made = {step.key: memory.made.get(step.key, frozenset()) for step in steps}
        self._doing, self._begun = memory.doing, memory.begun
        if removing:  # what was being made may be there
            self._made = {key: made | memory.begun.get(key, frozenset()) for key, made in self._made.items()}
        self._looks: dict[str, Look] = {}
        self._results: dict[str, Result] = {}

    async def look(self) -> Mapping[str, Look]:
        """Observe and plan every step; writes nothing. Bad input found on the way is raised as a Refusal (exit 2)."""
        await self._look_at_all(self._steps)
        # What a step found may be more than the state file remembered: those that need it look again.
        found = {step.key for step in self._steps if self._learn(self._looks[step.key].plan)}
        await self._look_at_all(tuple(step for step in self._steps if found.intersection(step.needs)))
        for look in self._looks.values():
            if look.error and look.error.exit_code == 2:
                raise look.error
        return self._looks

    async def apply(self, recorder: Recorder) -> Mapping[str, Result]:
        """Carry out what `look` planned; each step starts as soon as what it needs is there."""
        running: dict[str, asyncio.Task[Result]] = {}
        try:
            async with asyncio.TaskGroup() as group:
                for step in self._steps:
                    needs = [running[key] for key in step.needs]
                    first = list(running.values()) if step.last else []
                    running[step.key] = group.create_task(self._run(step, needs, first, recorder))
        except ExceptionGroup as broken:  # what ends the whole walk: a state file that can't be written, a bug
            raise broken.exceptions[0] from None
        return {step.key: running[step.key].result() for step in self._steps}

    async def _look_at_all(self, steps: tuple[Step, ...]) -> None:
        looks = await asyncio.gather(*(self._look_at(step) for step in steps))
        self._looks.update((step.key, look) for step, look in zip(steps, looks, strict=True))

    def _learn(self, plan: Plan | None) -> bool:
        """Take over what a plan knows; say whether any of it is news."""
        known = plan.values if plan else {}
        news = any(self._values.get(name) != value for name, value in known.items())
        self._values.update(known)
        return news

    def _forget(self, things: tuple[str, ...]) -> None:
        self._made = {key: made.difference(things) for key, made in self._made.items()}

    def _context(self, step: Step) -> Context:
        def progress(what: str) -> None:
            self._watcher.waiting(step, what)

        return Context(
            azure=self._azure,
            wanted=self.wanted,
            values=self._values,
            made=self._made[step.key],
            made_by_any=frozenset().union(*self._made.values()),
            progress=progress,
            reveal=self._watcher.reveal,
            begun=self._begun.get(step.key, frozenset()),
            interrupted=self._doing.get(step.key, ""),
            removing=self._removing,
            removed=step.key in self._removed,
        )

    async def _look_at(self, step: Step) -> Look:
        try:
            observed = await step.observe(self._context(step))
            plan, begun = step.plan(observed, self.wanted), self._begun.get(step.key, ())
            return Look(with_unrecorded(plan, step.title, begun, removing=self._removing))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other steps go on, and it is told
            return Look(None, explain(error, f"look at the {step.title.lower()}") or _bug(error))

    async def _run(
        self, step: Step, needs: list[asyncio.Task[Result]], first: list[asyncio.Task[Result]], recorder: Recorder
    ) -> Result:
        if first:
            await asyncio.wait(first)
        before = [await need for need in needs]
        bad = [key for key, result in zip(step.needs, before, strict=True) if result.error or _blocked(result)]
        if bad and not step.is_idle(self._looks[step.key].plan):
            by = ", ".join(other.title for other in self._steps if other.key in bad)
            planned = self._looks[step.key].plan
            undone = planned.changes if planned else ()
            result = Result(Outcome.BLOCKED, reason=f"needs: {by}", undone=undone)
        else:
            look = self._looks[step.key]
            # What was seen may have changed since.
            if any(result.outcome in (Outcome.DONE, Outcome.REMOVED) for result in before):
                asked = look.plan.ask if look.plan else None
                look = await self._look_at(step)
                if look.plan and look.plan.ask not in (None, asked):
                    look = Look(None, _asks(look.plan.ask))
            result = await self._carry_out(step, look, recorder)
        recorder.ended(step, result.outcome, result.values, result.reason, result.error)
        self._watcher.ended(step, result)
        return result

    async def _carry_out(self, step: Step, look: Look, recorder: Recorder) -> Result:
        plan = look.plan
        if plan is None:
            return Result(Outcome.FAILED, error=look.error)
        self._learn(plan)
        recorder.planned(step, plan)
        self._forget(plan.gone)
        if not self._removing:
            self._made[step.key] |= {*plan.unrecorded}
        made: dict[str, str] = dict(plan.values)
        for position, change in enumerate(plan.changes):
            recorder.about_to(step, change)
            self._watcher.started(step, change)
            try:
                values = await step.apply(change, self._context(step))
            except Exception as error:  # noqa: BLE001 - whatever it is, the other steps go on, and it is told
                refusal = explain(error, change.title) or _bug(error)
                command = step.hand_off(change, self.wanted)
                if refusal.exit_code == 3 and command:
                    refusal.next += f"\nThe command for it:\n  {command}"
                return Result(Outcome.FAILED, plan, made, refusal, undone=plan.changes[position:])
            made.update(values)
            self._values.update(values)
            self._forget(change.unmakes)
            self._made[step.key] |= {*change.makes}
            recorder.made(step, change, values)
        return Result(_outcome(plan, removing=self._removing), plan, made, reason="" if plan.changes else plan.reason)


def _asks(ask: Ask | None) -> Refusal:
    """Return what is told when a question comes up after the first write: nothing is asked there."""
    assert ask is not None  # noqa: S101 - that is what is told
    return Refusal(ask.question, why="\n".join(ask.about), next="Run the same command again: it is then asked first.")


def _bug(error: Exception) -> Refusal:
    """Return what is told of an error that is nobody's but ours. The traceback goes to the log."""
    logging.getLogger("deploy").error("a bug", exc_info=error)
    return Refusal(
        "This is a bug in deploy.py.",
        why=f"{type(error).__name__}: {error}",
        next="Please report it with the log. Running the same command again is safe.",
        exit_code=70,
    )


def _outcome(plan: Plan, *, removing: bool) -> Outcome:
    if plan.skipped:
        return Outcome.SKIPPED
    if removing:
        return Outcome.REMOVED if plan.changes else Outcome.KEPT
    if plan.needs_you:
        return Outcome.NEEDS_YOU
    return Outcome.DONE if plan.changes else Outcome.UNCHANGED


def _blocked(result: Result) -> bool:
    return result.outcome in (Outcome.FAILED, Outcome.BLOCKED)


def exit_code(results: Mapping[str, Result]) -> int:
    """Return the worst of the steps' exit codes."""
    return max((result.exit_code for result in results.values()), key=SEVERITY.index, default=0)

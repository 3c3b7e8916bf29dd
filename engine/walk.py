"""The walk over the steps: observe all at once, plan each, apply what is ready side by side, record each write.

`destroy` is the same walk backwards: each step plans its removal, and runs before what it needed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Generic

from engine.change import AnyChange
from engine.context import Clients, Context, Reads, Removal, Target
from engine.outcome import Outcome, Recorder, Result, StepLook, Watcher
from engine.record import PriorRuns, Record, Values
from engine.refusal import WRONG, Refusal, together, worst
from engine.step import AnyStep, Ask, Plan

Explain = Callable[[Exception, str], Refusal | None]
"""Turns an SDK's exception, met while doing something, into a Refusal; None for what can only be our own mistake."""


class Walk(Generic[Clients]):
    """A walk over `steps`; with `removal` it is `destroy`, and goes backwards.

    `desired` has each step's desired state by its key. `prior` is what the state file remembers; Azure corrects it.
    """

    def __init__(  # noqa: PLR0917 - what a walk consists of
        self,
        steps: tuple[AnyStep, ...],
        clients: Clients,
        target: Target,
        desired: Mapping[str, object],
        prior: PriorRuns,
        watcher: Watcher,
        explain: Explain,
        *,
        answers: Mapping[str, bool] | None = None,
        removal: Removal | None = None,
        reads: Reads | None = None,
    ) -> None:
        self.steps = steps if removal is None else tuple(reversed(steps))
        """In the order in which they are walked."""
        self.answers: dict[str, bool] = dict(answers or {})
        """Answers to what plans asked, by the name of the input."""
        self.target = target
        self._clients, self._desired, self._prior = clients, desired, prior
        self._watcher, self._explain, self._removal = watcher, explain, removal
        self._reads = reads or Reads()
        self._values: dict[str, str] = dict(prior.values)
        self._owned = {step.key: prior.owned.get(step.key, frozenset()) for step in steps}
        if removal is not None:  # an interrupted change may have created what it was about to
            self._owned = {key: owned | prior.pending.get(key, frozenset()) for key, owned in self._owned.items()}
        self._in_instance = frozenset(kind.name for step in steps for kind in step.kinds if kind.in_instance)
        self._needs = {step.key: step.needs for step in steps}
        if removal is not None:
            before = {step.key: {*step.needs, *step.after} for step in steps}
            self._needs = {key: tuple(step.key for step in steps if key in before[step.key]) for key in self._needs}
        self._looks: dict[str, StepLook] = {}
        self._has_written = False
        self._ready: dict[str, asyncio.Future[Result]] = {}
        """By step, how it has ended: those that need it wait for that, and not for its changes that come last."""

    @property
    def removes(self) -> bool:
        """Whether this is `destroy`."""
        return self._removal is not None

    def needs(self, step: AnyStep) -> tuple[str, ...]:
        """Return the keys of the steps that must have succeeded before it starts, in the direction of this walk."""
        return self._needs[step.key]

    async def look(self) -> Mapping[str, StepLook]:
        """Observe and plan every step, and return what each came to; writes nothing."""
        await self._look_at_all(self.steps)
        # What a step found may be more than the state file remembered: those that need it look again.
        news = {step.key for step in self.steps if self._learn(self._looks[step.key].plan)}
        await self._look_at_all(tuple(step for step in self.steps if news.intersection(self._needs[step.key])))
        return self._looks

    async def answer(self, answers: Mapping[str, bool]) -> Mapping[str, StepLook]:
        """Plan again with these answers. What Azure has answered isn't asked again."""
        self.answers.update(answers)
        self._reads.forget_failures()
        self._values = dict(self._prior.values)  # plans tell what earlier runs knew from what the first look found
        return await self.look()

    async def apply(self, recorder: Recorder) -> Mapping[str, Result]:
        """Carry out what `look` planned; each step starts as soon as what it needs has succeeded."""
        running: dict[str, asyncio.Task[Result]] = {}
        loop = asyncio.get_running_loop()
        self._ready = {step.key: loop.create_future() for step in self.steps}
        try:
            async with asyncio.TaskGroup() as group:
                for step in self.steps:
                    first = [self._ready[key] for key in running] if step.last and self._removal is None else []
                    running[step.key] = group.create_task(self._run(step, first, recorder))
        except ExceptionGroup as broken:  # what ends the whole walk: a state file that can't be written, a bug
            raise broken.exceptions[0] from None
        return {step.key: running[step.key].result() for step in self.steps}

    async def _look_at_all(self, steps: tuple[AnyStep, ...]) -> None:
        looks = await asyncio.gather(*(self._look_at(step, self._reads) for step in steps))
        self._looks.update((step.key, look) for step, look in zip(steps, looks, strict=True))

    async def _look_at(self, step: AnyStep, reads: Reads) -> StepLook:
        desired, record = self._desired[step.key], self._record(step)
        try:
            observed = await step.observe(self._context(step, reads), desired)
            if self._removal is None:
                plan = step.plan(observed, desired, record, self._values, self.answers)
            else:
                plan = step.remove(observed, desired, record, self._values, self._removal)
            return StepLook(_with_adoptable(plan, step, record, removing=self._removal is not None))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other steps go on, and it is shown
            return StepLook(None, self._explain(error, f"look at the {step.title.lower()}") or describe_bug(error))

    def _learn(self, plan: Plan | None) -> bool:
        """Take over what a plan knows; return whether any of it is news."""
        known = plan.values if plan else {}
        news = any(self._values.get(name) != value for name, value in known.items())
        self._values.update(known)
        return news

    def _forget(self, items: tuple[str, ...]) -> None:
        self._owned = {key: owned.difference(items) for key, owned in self._owned.items()}

    def _record(self, step: AnyStep) -> Record:
        every = frozenset[str]().union(*self._owned.values())
        return Record(
            owned=self._owned[step.key],
            owned_by_any=every,
            owned_in_instance=frozenset(item for item in every if item.partition(":")[0] in self._in_instance),
            pending=self._prior.pending.get(step.key, frozenset()),
            in_progress=self._prior.in_progress.get(step.key, ""),
            removed=step.key in self._prior.removed,
        )

    def _context(self, step: AnyStep, reads: Reads) -> Context[Clients]:
        def progress(what: str) -> None:
            self._watcher.waiting(step, what)

        return Context(
            clients=self._clients,
            target=self.target,
            record=self._record(step),
            values=self._values,
            answers=self.answers,
            removal=self._removal,
            read=reads,
            progress=progress,
            reveal=self._watcher.reveal,
        )

    async def _run(self, step: AnyStep, first: list[asyncio.Future[Result]], recorder: Recorder) -> Result:
        if first:
            await asyncio.wait(first)
        before = {key: await self._ready[key] for key in self._needs[step.key]}
        ended = [await self._ready[key] for key in step.after if self._removal is None]
        failed = [key for key, result in before.items() if result.blocks]
        look = self._looks[step.key]
        if failed and not look.is_idle(step, removing=self._removal is not None):
            result = self._blocked(failed, look.plan.changes if look.plan else ())
        else:
            # What it needs has changed, so what was observed may have changed too. A look that failed is repeated after
            # any write: what kept it out, such as a closed network, may have gone.
            if any(result.has_written for result in (*before.values(), *ended)) or (look.error and self._has_written):
                look = _without_new_question(await self._look_at(step, Reads()), look)
            result = await self._carry_out(step, look, recorder)
        recorder.ended(step, result)
        self._watcher.ended(step, result)
        if not self._ready[step.key].done():
            self._ready[step.key].set_result(result)
        return result

    def _blocked(
        self, by: list[str], remaining: tuple[AnyChange, ...], plan: Plan | None = None, produced: Values | None = None
    ) -> Result:
        titles = ", ".join(other.title for other in self.steps if other.key in by)
        return Result(Outcome.BLOCKED, plan, produced or {}, reason=f"needs: {titles}", remaining=remaining)

    async def _carry_out(self, step: AnyStep, look: StepLook, recorder: Recorder) -> Result:
        plan = look.plan
        if plan is None:
            return Result(Outcome.FAILED, error=look.error)
        self._learn(plan)
        recorder.planned(step, plan)
        self._forget(plan.vanished)
        if self._removal is None:
            self._owned[step.key] |= {*plan.adoptable}
        produced: dict[str, str] = dict(plan.values)
        for position, change in enumerate(plan.changes):
            if change.last and not self._ready[step.key].done():
                await self._let_others_go_first(step, Result(self._outcome(plan), plan, dict(produced)))
            if in_its_way := [key for key in change.requires if self._ready[key].result().blocks]:
                return self._blocked(in_its_way, plan.changes[position:], plan, produced)
            if position == 0 or change.last:
                recorder.about_to(step, change)
            self._watcher.started(step, change)
            try:
                values = await change.apply(self._context(step, Reads()))
            except Exception as error:  # noqa: BLE001 - whatever it is, the other steps go on, and it is shown
                refusal = self._explain(error, change.title) or describe_bug(error)
                return Result(Outcome.FAILED, plan, produced, refusal, remaining=plan.changes[position:])
            self._has_written = True
            produced.update(values)
            self._values.update(values)
            self._forget(change.releases)
            self._owned[step.key] |= {*change.owns}
            following = next((one for one in plan.changes[position + 1 :][:1] if not one.last), None)
            recorder.done(step, change, values, following)
        outcome = self._outcome(plan)
        kept = _retained(step, plan) if outcome is Outcome.RETAINED else None
        return Result(outcome, plan, produced, kept, reason="" if plan.changes else plan.reason)

    async def _let_others_go_first(self, step: AnyStep, result: Result) -> None:
        """Let those that need the step go on, and wait until all others have ended, or wait here too."""
        self._ready[step.key].set_result(result)
        others = [ready for key, ready in self._ready.items() if key != step.key]
        if others:
            self._watcher.waiting(step, "waiting for the other steps")
            await asyncio.wait(others)

    def _outcome(self, plan: Plan) -> Outcome:
        if self._removal is not None and plan.retained:
            return Outcome.RETAINED
        if plan.skipped:
            return Outcome.SKIPPED
        if self._removal is not None:
            return Outcome.REMOVED if plan.changes else Outcome.KEPT
        if plan.needs_you:
            return Outcome.NEEDS_YOU
        return Outcome.DONE if plan.changes else Outcome.UNCHANGED


def _with_adoptable(plan: Plan, step: AnyStep, record: Record, *, removing: bool) -> Plan:
    """Return the plan with a note of what has our tag and isn't recorded, without what an interrupted run created."""
    items = tuple(item for item in plan.adoptable if item not in record.pending)
    named = [kind.words(item) for kind in step.kinds if kind.shown for item in items if kind.read(item) is not None]
    if not named:
        return replace(plan, adoptable=items)
    fate = "not recorded as its own, and kept" if removing else "recorded as its own again"
    note = f"{step.title}: found with this tool's tag; {fate}: {', '.join(named)}."
    return replace(plan, adoptable=items, notes=(*plan.notes, note))


def _retained(step: AnyStep, plan: Plan) -> Refusal:
    """Return the error of a removal that keeps what is recorded as ours."""
    return Refusal(
        f"{step.title}: kept, though it is recorded as created by this tool.",
        why="\n".join(plan.retained),
        next=step.kept_next,
    )


def _without_new_question(look: StepLook, before: StepLook) -> StepLook:
    """Return the look; a question that first arises after a write becomes a refusal: we never prompt mid-run."""
    ask: Ask | None = look.plan.ask if look.plan else None
    if ask is None or (before.plan and before.plan.ask == ask):
        return look
    next_step = "Run the same command again: the question is asked before anything is written."
    return StepLook(None, Refusal(ask.question, why="\n".join(ask.about), next=next_step))


def describe_bug(error: Exception) -> Refusal:
    """Describe an internal error. The traceback goes to the log."""
    logging.getLogger("deploy").error("a bug", exc_info=error)
    return Refusal(
        "This is a bug in deploy.py.",
        why=f"{type(error).__name__}: {error}",
        next="Please report it with the log. Running the same command again is safe.",
        exit_code=70,
    )


def refuse_bad_input(looks: Mapping[str, StepLook]) -> None:
    """Raise bad input (exit code 2) that steps met while they looked, all at once: with it nothing is written."""
    wrong = [look.error for look in looks.values() if look.error and look.error.exit_code == 2]
    if wrong:
        raise together(wrong, WRONG) if len(wrong) > 1 else wrong[0]


def exit_code(results: Mapping[str, Result]) -> int:
    """Return the worst of the steps' exit codes."""
    return worst(result.exit_code for result in results.values())

"""Small steps and changes for real walks, and lists of what a walk recorded and showed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from engine.change import AnyChange, Change, Drift
from engine.context import Context, Reads, Removal
from engine.input import Given
from engine.outcome import Result
from engine.record import Kind, PriorRuns, Record, Values
from engine.refusal import Refusal
from engine.step import AnyStep, Plan, Step
from engine.walk import Explain, Walk
from tests.plans.facts import TARGET

BOX, LABEL, PART = Kind("box", 1), Kind("label", 1, shown=False), Kind("part", 1, in_instance=True)
PATIENCE = 10.0
"""Seconds after which a walk that hangs fails its test."""


@dataclass(eq=False)
class Place:
    """What small steps read and write."""

    boxes: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    """Every question, as it reached the place."""
    written: list[str] = field(default_factory=list)
    """The keys of the changes that were applied, in order."""

    async def has(self, name: str) -> bool:
        """Whether there is a box of this name."""
        self.asked.append(name)
        await asyncio.sleep(0)
        return name in self.boxes


Effect = Callable[[Context[Place]], Awaitable[Values]]


async def no_effect(context: Context[Place]) -> Values:
    """Produce nothing."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Write(Change[Place]):
    """Creates the boxes that it owns and deletes those that it releases."""

    name: str
    words: str = "write something"
    boxes: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    effect: Effect = no_effect
    command: str = ""
    comes_last: bool = False
    required: tuple[str, ...] = ()
    drift = Drift.MISSING

    @property
    def last(self) -> bool:
        return self.comes_last

    @property
    def requires(self) -> tuple[str, ...]:
        return self.required

    @property
    def key(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return self.words

    @property
    def owns(self) -> tuple[str, ...]:
        return tuple(BOX.item(box) for box in self.boxes)

    @property
    def releases(self) -> tuple[str, ...]:
        return tuple(BOX.item(box) for box in self.deleted)

    async def apply(self, context: Context[Place]) -> Values:
        context.clients.written.append(self.name)
        values = await self.effect(context)
        context.clients.boxes.update(self.boxes)
        context.clients.boxes.difference_update(self.deleted)
        return values

    def az(self) -> str:
        return self.command


@dataclass(frozen=True)
class Facts:
    """What a plan was made of."""

    exists: bool
    """A box of the step's key existed."""
    desired: object
    record: Record
    values: Mapping[str, str]
    answers: Mapping[str, bool]
    removal: Removal | None


class SmallStep(Step[Place, None, object, bool]):
    """Plans by a function, and keeps the facts of each plan and the context of each look."""

    kinds = (BOX, LABEL, PART)

    def __init__(
        self,
        key: str,
        planner: Callable[[Facts], Plan],
        *needs: str,
        optional: bool = False,
        last: bool = False,
        after: tuple[str, ...] = (),
    ) -> None:
        self.number, self.key, self.title, self.needs = 0, key, f"Step {key}", needs
        self.optional, self.last, self.after = optional, last, after
        self._planner = planner
        self.planned: list[Facts] = []
        self.contexts: list[Context[Place]] = []

    def desired(self, given: Mapping[str, Given], target: object, names: None) -> object:
        del given, target, names
        return None

    async def observe(self, context: Context[Place], desired: object) -> bool:
        del desired
        self.contexts.append(context)
        return await context.read(context.clients.has, self.key)

    def plan(
        self, observed: bool, desired: object, record: Record, values: Values, answers: Mapping[str, bool]
    ) -> Plan:
        return self._conclude(Facts(observed, desired, record, dict(values), dict(answers), None))

    def remove(self, observed: bool, desired: object, record: Record, values: Values, removal: Removal) -> Plan:
        return self._conclude(Facts(observed, desired, record, dict(values), {}, removal))

    def _conclude(self, facts: Facts) -> Plan:
        self.planned.append(facts)
        return self._planner(facts)


def always(*changes: AnyChange, **plan: object) -> Callable[[Facts], Plan]:
    """A planner that plans the same whatever it finds."""
    return lambda _: Plan(changes, **plan)  # type: ignore[arg-type]


def until_there(write: Write) -> Callable[[Facts], Plan]:
    """A planner that plans the write until the box of the step's key exists."""
    return lambda facts: Plan(reason="it is there") if facts.exists else Plan((write,))


def refuse(refusal: Exception) -> Callable[[Facts], Plan]:
    """A planner that raises."""

    def planner(facts: Facts) -> Plan:
        raise refusal

    return planner


def fail(error: Exception) -> Effect:
    """An effect that raises."""

    async def effect(context: Context[Place]) -> Values:
        raise error

    return effect


def meet(barrier: asyncio.Barrier) -> Effect:
    """An effect that waits until as many others have come to it."""

    async def effect(context: Context[Place]) -> Values:
        await asyncio.wait_for(barrier.wait(), 10)
        return {}

    return effect


def produce(**values: str) -> Effect:
    """An effect that produces values."""

    async def effect(context: Context[Place]) -> Values:
        return values

    return effect


class Recorded:
    """A recorder that appends to a list."""

    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []
        self.plans: dict[str, Plan] = {}
        self.values: dict[str, Values] = {}

    def planned(self, step: AnyStep, plan: Plan) -> None:
        self.events.append(("planned", step.key))
        self.plans[step.key] = plan

    def about_to(self, step: AnyStep, change: AnyChange) -> None:
        self.events.append(("about to", step.key, change.key))

    def done(self, step: AnyStep, change: AnyChange, values: Values, following: AnyChange | None) -> None:
        self.events.append(("done", step.key, change.key))
        self.values[change.key] = values
        if following:
            self.about_to(step, following)

    def ended(self, step: AnyStep, result: Result) -> None:
        self.events.append(("ended", step.key, result.outcome.name))


class Shown:
    """A watcher that appends to a list."""

    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []

    def started(self, step: AnyStep, change: AnyChange) -> None:
        self.events.append(("started", step.key, change.key))

    def waiting(self, step: AnyStep, what: str) -> None:
        self.events.append(("waiting", step.key, what))

    def reveal(self, what: str, secret: str) -> None:
        self.events.append(("reveal", what, secret))

    def ended(self, step: AnyStep, result: Result) -> None:
        self.events.append(("ended", step.key, result.outcome.name))


def explain(error: Exception, doing: str) -> Refusal | None:
    """Refusals explain themselves, OSErrors are Azure's; everything else is a bug."""
    if isinstance(error, Refusal):
        return error
    return Refusal(f"Can't {doing}.") if isinstance(error, OSError) else None


class Trip:
    """A walk over small steps, with what it recorded and showed."""

    def __init__(
        self,
        *steps: SmallStep,
        place: Place | None = None,
        prior: PriorRuns | None = None,
        answers: Mapping[str, bool] | None = None,
        removal: Removal | None = None,
        explain: Explain = explain,
        reads: Reads | None = None,
    ) -> None:
        self.place, self.recorded, self.shown = place or Place(), Recorded(), Shown()
        self.walk: Walk[Place] = Walk(
            steps,
            self.place,
            TARGET,
            {step.key: f"desired {step.key}" for step in steps},
            prior or PriorRuns(),
            self.shown,
            explain,
            answers=answers,
            removal=removal,
            reads=reads,
        )

    def run(self) -> Mapping[str, Result]:
        """Look and apply."""

        async def run() -> Mapping[str, Result]:
            async with asyncio.timeout(PATIENCE):
                await self.walk.look()
                return await self.walk.apply(self.recorded)

        return asyncio.run(run())

    def outcomes(self) -> dict[str, str]:
        """Look and apply; return how each step ended."""
        return {key: result.outcome.name for key, result in self.run().items()}

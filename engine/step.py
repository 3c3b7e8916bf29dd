"""What a step is: it observes, plans and removes; its changes write."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from engine.change import AnyChange
from engine.context import Clients, Context, Removal, Target
from engine.input import Given, Input, Lookup, Value
from engine.record import Kind, Record, Values

Names = TypeVar("Names")
Desired = TypeVar("Desired")
Observed = TypeVar("Observed")


@dataclass(frozen=True)
class Ask:
    """A yes or no that only a person can give: by the flag of an input, or when asked before the first write."""

    answer: str
    """The name of the input that answers it."""
    question: str
    about: tuple[str, ...] = ()
    """What follows from a yes, a line each."""
    required: bool = False
    """Without a yes there is no run. Otherwise an unanswered question counts as no."""


@dataclass(frozen=True)
class NeedsYou:
    """Something that only a person can do; the run succeeds all the same."""

    what: str
    how: tuple[tuple[str, str], ...] = ()
    """Pairs of a label and a link or a command to paste."""


@dataclass(frozen=True)
class Plan:
    """What a step would do. Without changes there is a reason."""

    changes: tuple[AnyChange, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()
    """What a reader of the plan should know beside the changes."""
    values: Values = field(default_factory=dict)
    """What is known without any write."""
    needs_you: NeedsYou | None = None
    skipped: bool = False
    """The step is not desired."""
    vanished: tuple[str, ...] = ()
    """What is recorded as ours and no longer exists: it is forgotten."""
    confirmed: tuple[str, ...] = ()
    """What is recorded as ours and still exists: it is kept, though an interrupted run was about to remove it."""
    adoptable: tuple[str, ...] = ()
    """What has this tool's tag and isn't recorded: `deploy` records it again, `destroy` keeps it and says so."""
    ask: Ask | None = None
    retained: tuple[str, ...] = ()
    """In `destroy`: what is recorded as ours and kept, as its mark is gone or changed or as it is in use; with why."""
    blocks: bool = False
    """In `destroy`: what the step needs is kept for now too, as a later `destroy` needs it for what is retained."""


class Step(ABC, Generic[Clients, Names, Desired, Observed]):
    """A numbered step. It never prints, asks, or reads the environment or the state file."""

    number: int
    key: str
    """Its name in the state file and in JSON."""
    title: str
    needs: tuple[str, ...] = ()
    """The keys of the steps that must have succeeded before it starts."""
    after: tuple[str, ...] = ()
    """The keys of the steps that must have ended, in whatever way, before it starts; in a removal these need it."""
    inputs: tuple[Input, ...] = ()
    kinds: tuple[Kind, ...] = ()
    """What it can own."""
    optional: bool = False
    """Shown only when it is desired, or has something to do."""
    last: bool = False
    """Runs after every other step, however these ended."""
    kept_next: str = (
        "Somebody has taken it over, or a policy has changed its tags. Put the tag back and run destroy again, or "
        "delete it yourself."
    )
    """What to do about what `destroy` keeps of it, though it is recorded as ours."""

    @property
    def label(self) -> str:
        """Its number and title, as screens name it: `3 Data-plane role`."""
        return f"{self.number} {self.title}"

    def lookups(self, given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
        """Return the names in its inputs that Azure has to resolve before `desired` is called. Pure.

        Raises BadInput for inputs that can't be right.
        """
        del given, target
        return ()

    @abstractmethod
    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> Desired:
        """Compute the desired state from the inputs. Pure. `names` has what `lookups` asked for.

        Raises BadInput for inputs that contradict each other.
        """

    def settled(self, desired: Desired) -> Mapping[str, Value]:
        """Return the inputs that the state file remembers even when they were not given, by name: the defaults."""
        del desired
        return {}

    @abstractmethod
    async def observe(self, context: Context[Clients], desired: Desired) -> Observed:
        """Read what exists; writes nothing. The record tells only where to look.

        Raises what the SDKs raise, and Refusal for what can't be right.
        """

    @abstractmethod
    def plan(
        self, observed: Observed, desired: Desired, record: Record, values: Values, answers: Mapping[str, bool]
    ) -> Plan:
        """Return what has to change so that Azure is as desired. Pure.

        `values` are those of all steps, `answers` those to what plans asked, by the name of the input. Raises Refusal
        (exit code 2) for what can't be done.
        """

    @abstractmethod
    def remove(self, observed: Observed, desired: Desired, record: Record, values: Values, removal: Removal) -> Plan:
        """Return what has to be removed, for `destroy`. Pure. Deletes only what is both recorded and tagged as ours."""


AnyStep = Step[Any, Any, Any, Any]  # a walk runs steps of all kinds side by side

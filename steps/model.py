"""What a step is made of, and what it may know: the settled wishes, the clients, and what other steps produced."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from steps.wanted import Wanted

if TYPE_CHECKING:
    from cloud.clients import Azure

MARK = "azure-digital-twins-deploy"
"""What we create carries this: the tag `created-by` of resources, a `description`, an application's `tags`."""

DIGITAL_TWINS = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
"""The Digital Twins API's application id, the same in every tenant of the public cloud."""
READ_WRITE = "4589bd03-58cb-4e6c-b17f-b580e39652f8"
"""Its delegated scope `Read.Write`."""

Values = Mapping[str, str]
"""By the names that `outputs` prints. A value of "" says that there is none any more."""


@dataclass(frozen=True)
class Context:
    """What `observe` and `apply` are given."""

    azure: Azure
    wanted: Wanted
    values: Values
    """What the steps have produced so far."""
    made: frozenset[str]
    """What this step is recorded to have made, by the names in `Change.makes`."""
    made_by_any: frozenset[str]
    """What any step is recorded to have made."""
    progress: Callable[[str], None]
    """Shows what is being waited for."""
    reveal: Callable[[str, str], None]
    """Shows a person what is told only once, a secret: what it is, and the secret. It is kept nowhere."""
    begun: frozenset[str] = frozenset()
    """What the change that was cut short was to make, if one was: it may be there, and is ours then."""
    interrupted: str = ""
    """The key of the change that an earlier run was making when it was cut short; "" when none was."""
    removing: bool = False
    """This is `destroy`: what is seen is planned to nothing."""
    removed: bool = False
    """`destroy` took away what this step made, so that a name may still be on its way to being free."""


@dataclass(frozen=True)
class Right:
    """An action of Azure's role-based access control at a scope, or of the directory's: what a change needs."""

    action: str
    scope: str


@dataclass(frozen=True)
class Change:
    """Exactly one write to Azure, or the removal of a file that a write of ours left."""

    key: str
    """What is written, stable across versions: `create-instance`, `create-endpoint:NAME`."""
    title: str
    """What `plan` shows: `create instance adt-1 in westus2`."""
    detail: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    makes: tuple[str, ...] = ()
    """What is ours once this is done: `instance`, `endpoint:NAME`. Only what is recorded so is ever deleted.

    Names are unique across the steps.
    """
    unmakes: tuple[str, ...] = ()
    """What is no longer there, or no longer ours, whichever step made it."""
    rights: tuple[Right, ...] = ()
    """What the signed-in identity must be allowed."""


@dataclass(frozen=True)
class Ask:
    """A yes or no that only a person can give: by the flag of an input, or when asked before the first write."""

    answer: str
    """The name of the input that answers it; the answer is in `Wanted.answers`."""
    question: str
    about: tuple[str, ...] = ()
    """What follows from a yes, a line each."""
    required: bool = False
    """Without a yes there is no run. Otherwise, unanswered, the plan is the careful one."""


@dataclass(frozen=True)
class NeedsYou:
    """Something that only a person can do; the run succeeds all the same."""

    what: str
    how: tuple[tuple[str, str], ...] = ()
    """Pairs of a label and a link or a command to paste."""


@dataclass(frozen=True)
class Plan:
    """What a step would do. Without changes there is a reason."""

    changes: tuple[Change, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()
    """What somebody who knows Azure would want to be told."""
    values: Values = field(default_factory=dict)
    """What is known without any write."""
    needs_you: NeedsYou | None = None
    skipped: bool = False
    """The step is not wanted."""
    gone: tuple[str, ...] = ()
    """What is recorded as made, and isn't there any more: it is forgotten."""
    here: tuple[str, ...] = ()
    """What is recorded as made, and was seen: it is kept, though an interrupted run was about to take it away."""
    unrecorded: tuple[str, ...] = ()
    """What carries our mark and isn't recorded as made: deploying records it again, `destroy` keeps it and says so."""
    ask: Ask | None = None


def nothing_to_remove(_observed: Any, _wanted: Wanted) -> Plan:
    """Plan nothing: the `remove` of a step that makes nothing."""
    return Plan(reason="nothing to remove", skipped=True)


def with_unrecorded(plan: Plan, title: str, begun: Collection[str], *, removing: bool) -> Plan:
    """Return the plan of a step with a note of what carries our mark and isn't recorded.

    What a run that was cut short had `begun` to make is not among that.
    """
    things = tuple(one for one in plan.unrecorded if one not in begun)
    if not things:
        return replace(plan, unrecorded=())
    named = ", ".join(one.replace(":", " ", 1) for one in things if not one.startswith("sends:"))
    fate = "not recorded as made here, and kept" if removing else "recorded as made here from now on"
    note = f"{title}: what may be this tool's, by its mark or name, is {fate}: {named}."
    return replace(plan, unrecorded=things, notes=(*plan.notes, note))


@dataclass(frozen=True)
class Step:
    """A numbered step. `needs` names the steps that must have gone well before it starts."""

    number: int
    key: str
    title: str
    needs: tuple[str, ...]
    observe: Callable[[Context], Awaitable[Any]]
    plan: Callable[[Any, Wanted], Plan]
    apply: Callable[[Change, Context], Awaitable[Values]]
    hand_off: Callable[[Change, Wanted], str] = lambda _change, _wanted: ""
    """The `az` command by which somebody with more rights makes the change; "" where there is none."""
    remove: Callable[[Any, Wanted], Plan] = nothing_to_remove
    """Plans to nothing, for `destroy`: only what is both recorded and marked as ours is deleted."""
    optional: bool = False
    """Shown only when it is wanted, or has something to do."""
    last: bool = False
    """Runs after every other step, however these ended."""

    def is_idle(self, plan: Plan | None) -> bool:
        """Whether there is nothing to tell of it: it is optional, and not wanted."""
        return self.optional and plan is not None and plan.skipped

"""What a step is made of, and what it may know: the settled wishes, the clients, and what other steps produced."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.lookups import Principal

MARK = "azure-digital-twins-deploy"
"""What we create carries this: the tag `created-by` of resources, a `description`, an application's `tags`."""

DIGITAL_TWINS = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
"""The Digital Twins API's application id, the same in every tenant of the public cloud."""
READ_WRITE = "4589bd03-58cb-4e6c-b17f-b580e39652f8"
"""Its delegated scope `Read.Write`."""

Values = Mapping[str, str]


@dataclass(frozen=True)
class Wanted:
    """The settled inputs of a run: nothing in it is asked for, defaulted or looked up any more."""

    tenant: str
    subscription: str
    resource_group: str
    location: str
    """A region's code name: `westus2`."""
    instance: str
    assignee: Principal
    role: str
    """The role's display name."""
    role_id: str
    """The GUID of the role definition."""
    app: bool
    app_name: str
    reply_url: str

    @property
    def group_id(self) -> str:
        """The resource group's id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"

    @property
    def instance_id(self) -> str:
        """The instance's resource id, in the case it is asked for; compare it case-insensitively."""
        return f"{self.group_id}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/{self.instance}"


@dataclass(frozen=True)
class Context:
    """What `observe` and `apply` are given."""

    azure: Azure
    wanted: Wanted
    values: Values
    """What the steps have produced so far, by the names that `outputs` prints."""
    progress: Callable[[str], None]
    """Shows what is being waited for."""


@dataclass(frozen=True)
class Change:
    """Exactly one write to Azure."""

    key: str
    """What is written, stable across versions: `create-instance`."""
    title: str
    """What `plan` shows: `create instance adt-1 in westus2`."""
    detail: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


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

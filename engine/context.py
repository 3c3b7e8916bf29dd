"""What `observe` and `apply` are given: clients, target, record, values of other steps, and who is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar, cast

from engine.record import Record, Values

if TYPE_CHECKING:
    import asyncio

Clients = TypeVar("Clients")
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Target:
    """Where a deployment is: what all steps share. Origins are without trailing slashes."""

    tenant: str
    subscription: str
    resource_group: str
    location: str
    """A region's code name: `westus2`."""
    instance: str
    cloud: str = "AzureCloud"
    """The cloud's own name for itself."""
    login: str = ""
    """Entra ID's origin."""
    graph: str = ""
    """Microsoft Graph's origin."""
    portal: str = ""
    """The portal's origin; "" where the cloud has none."""
    folder: str = ""
    """The full path of the folder that the state file is in."""
    deployment: str = ""
    """The name of the deployment in a settings file of several; "" in one of one."""

    @property
    def subscription_id(self) -> str:
        """The subscription's resource id."""
        return f"/subscriptions/{self.subscription}"

    @property
    def group_id(self) -> str:
        """The resource group's id."""
        return f"{self.subscription_id}/resourceGroups/{self.resource_group}"

    @property
    def instance_id(self) -> str:
        """The instance's resource id, as it is asked for; compare it case-insensitively."""
        return f"{self.group_id}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/{self.instance}"


@dataclass(frozen=True)
class Removal:
    """How far `destroy` goes."""

    instance_goes: bool = False
    """The instance itself is deleted, and everything in it with it."""
    purge: bool = False
    """The application is deleted from the recycle bin too."""


class Reads:
    """What a look has asked: the same function with the same arguments is asked once, and its answer is shared."""

    def __init__(self) -> None:
        self._answers: dict[object, asyncio.Future[object]] = {}

    async def __call__(
        self, ask: Callable[Arguments, Awaitable[Answer]], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Answer:
        """Return the answer of `ask`, which only reads. Arguments are hashable. Raises what `ask` raised.

        One who stops waiting takes the answer from nobody else.
        """
        import asyncio

        key = (ask, args, tuple(sorted(kwargs.items())))
        if key not in self._answers:
            self._answers[key] = asyncio.ensure_future(ask(*args, **kwargs))
        return cast(Answer, await asyncio.shield(self._answers[key]))

    def forget_failures(self) -> None:
        """Drop what was refused or cancelled: it is asked again."""
        self._answers = {
            key: answer
            for key, answer in self._answers.items()
            if not answer.done() or not (answer.cancelled() or answer.exception())
        }


def _no_progress(_what: str) -> None:
    """Tell nobody."""


def _no_reveal(_what: str, _secret: str) -> None:
    """Show nobody."""


@dataclass(frozen=True)
class Context(Generic[Clients]):
    """What `observe` and `apply` are given."""

    clients: Clients
    target: Target
    record: Record
    values: Values
    """What the steps have produced so far, in earlier runs and in this one."""
    answers: Mapping[str, bool] = field(default_factory=dict)
    """Answers to what plans asked, by the name of the input."""
    removal: Removal | None = None
    """How far `destroy` goes; None for every other command."""
    read: Reads = field(default_factory=Reads)
    """Asks Azure once in a look: `await context.read(function, *arguments)`."""
    progress: Callable[[str], None] = _no_progress
    """Shows what is being waited for."""
    reveal: Callable[[str, str], None] = _no_reveal
    """Shows a person what is shown only once: what it is, and the secret. It is kept nowhere."""

"""A change: exactly one write to Azure, or the removal of a file that a write of ours left."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic

from engine.context import Clients, Context
from engine.record import Values
from engine.script import Command, posix


class Drift(Enum):
    """How Azure differs from what is desired. Decides the sign on every screen, and what `verify` concludes."""

    MISSING = "missing"
    DIFFERS = "differs"
    LEFT_OVER = "left over"
    UNDER_WAY = "under way"
    """Azure, or another run, is still at it: nothing differs yet."""
    NONE = "none"
    """What was chosen is there: only this tool's own mark is brought up to date."""

    @property
    def differs(self) -> bool:
        """Whether Azure is not as it was chosen."""
        return self not in {Drift.UNDER_WAY, Drift.NONE}


@dataclass(frozen=True)
class Difference:
    """A setting that a change corrects."""

    name: str
    before: str
    """What Azure has; "" for nothing."""
    after: str
    """What is desired; "" for nothing."""


@dataclass(frozen=True)
class Right:
    """An action of Azure's role-based access control at a scope, or of the directory: what a change needs."""

    action: str
    scope: str


class Change(ABC, Generic[Clients]):
    """A write. Subclasses are frozen, keyword-only dataclasses of the facts that the write is made of."""

    @property
    @abstractmethod
    def key(self) -> str:
        """What is written, stable across versions: `create-instance`, `set-endpoint:NAME`."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What `plan` shows: `create instance adt-1 in westus2`. Nothing is concluded from its words."""

    @property
    def detail(self) -> str:
        """What `plan` shows after the title; "" for nothing."""
        return ""

    @property
    def names(self) -> tuple[str, ...]:
        """Of a write of several things: the name of each."""
        return ()

    @property
    @abstractmethod
    def drift(self) -> Drift:
        """How Azure differs while this has not been done."""

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What exactly differs, where it is known; empty for what is created or deleted as a whole."""
        return ()

    @property
    def seconds(self) -> float:
        """How long it usually takes, for the estimate of a plan."""
        return 2.0

    @property
    def last(self) -> bool:
        """Whether it is made after everything that the other steps of a run do: it would be in their way."""
        return False

    @property
    def requires(self) -> tuple[str, ...]:
        """Of a last change: the keys of the steps in whose way it would be, so it isn't made until they succeed."""
        return ()

    @property
    def owns(self) -> tuple[str, ...]:
        """What is ours once this is done, as it is recorded."""
        return ()

    @property
    def releases(self) -> tuple[str, ...]:
        """What no longer exists, or is no longer ours, once this is done, whichever step created it."""
        return ()

    @property
    def rights(self) -> tuple[Right, ...]:
        """What the signed-in identity must be allowed."""
        return ()

    @abstractmethod
    async def apply(self, context: Context[Clients]) -> Values:
        """Make the one write and wait until it took effect; safe to repeat. Return what it produced.

        Raises what the SDKs raise, Refusal for what is known to fail, and TimeoutError after a bounded wait.
        """

    def commands(self) -> tuple[Command, ...]:
        """Return the commands by which a person makes the same change; none where there are none."""
        return ()

    def az(self) -> str:
        """Return the same as one line for a POSIX shell; "" where there is none."""
        return " && ".join(posix(self.commands()))


AnyChange = Change[Any]  # plans and walks hold changes of any clients

"""Where a deployment's state is kept: one writer at a time, and never half-written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from state.blob_address import BlobAddress
    from state.document import StateDocument


class StateLocked(Exception):
    """Another run holds the lock; the message says who."""


class StateLost(Exception):
    """This run no longer holds the lock, and writes nothing more; the message says why."""


def now() -> str:
    """Return the time as the state file writes it: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class StateStore(ABC):
    """A state file, or a blob. Reading takes no lock; writing is for the holder of `locked`."""

    place: Path | BlobAddress
    """What `--state` names."""

    @property
    @abstractmethod
    def beside(self) -> Path:
        """The path on this machine beside which log, hand-off and answers are, with its name as theirs."""

    @property
    def is_shared(self) -> bool:
        """Whether runs on other machines use it too, so that files beside it may be on any of them."""
        return False

    @property
    def log_path(self) -> Path:
        """The log of the last runs on this machine: `deploy.state.log` for `deploy.state.json`."""
        return self.beside.with_name(self.beside.name.removesuffix(".json") + ".log")

    @abstractmethod
    def read(self) -> StateDocument | None:
        """Return the document, or None when there is none yet. StateRefused when it can't be used."""

    @abstractmethod
    def write(self, document: StateDocument) -> None:
        """Replace the document as one step; return once it is kept. Unchanged content is not written again.

        Raises StateRefused when it can't be written, or when something else changed it since this object last read or
        wrote it, and StateLost when the lock was lost; what is there is then left as it is.
        """

    @abstractmethod
    def check_writable(self) -> None:
        """StateRefused, before anything is done, when the document could not be written later."""

    @abstractmethod
    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock. StateLocked, at once, when another run does: with who, where and since when."""

    @abstractmethod
    def holder(self) -> str | None:
        """Return who holds the lock, in words; None when nobody does. Asking changes nothing."""

    def on_loss(self, tell: Callable[[], None]) -> None:  # noqa: B027 - a lock of the system's isn't lost
        """Have `tell` called, from another thread, as soon as a lock that is held was lost."""

    def check_lost(self) -> None:  # noqa: B027
        """StateLost when it is known that the lock was lost."""

    @abstractmethod
    def unlock(self) -> None:
        """Take the lock from whoever holds it. StateRefused where that can't be done."""

    @abstractmethod
    def delete(self) -> None:
        """Delete the document, as the holder of the lock."""

    def close(self) -> None:  # noqa: B027
        """Close what is held open."""

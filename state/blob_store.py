"""A state that is kept in a blob: its lock is a lease, which a thread of its own renews."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote

from engine.refusal import Refusal
from state.blob_address import BlobAddress
from state.document import StateDocument, StateRefused, parse_bytes, serialized
from state.store import StateLocked, StateLost, StateStore

LEASE_SECONDS = 60
"""How long the lock outlives a run that was killed: the longest lease that ends by itself. Source: "Lease Blob"."""
RENEW_SECONDS, AGAIN_SECONDS = 20, 3
"""How often it is renewed, and how soon again where that failed."""
HELD = ("LeaseAlreadyPresent", "LeaseIsBreakingAndCannotBeAcquired")
CHANGED = ("ConditionNotMet", "BlobNotFound")
"""What Azure answers when the blob isn't the one that was read, or was deleted."""


class Blob(Protocol):
    """One blob. Of a write it returns Azure's error code, where it is one that the store knows, and the new ETag.

    Anything else that goes wrong is raised as a Refusal. Each call is bounded, and may come from any thread.
    """

    def read(self) -> tuple[bytes, str, Mapping[str, str]] | None:
        """Return content, ETag and metadata; None when there is no blob."""

    def put(self, content: bytes, metadata: Mapping[str, str], *, lease: str, etag: str) -> tuple[str, str]:
        """Replace the blob, if its ETag is this one; with "" create it, if there is none."""

    def describe(self, metadata: Mapping[str, str], lease: str) -> tuple[str, str]:
        """Replace the metadata."""

    def acquire(self, lease: str, seconds: int) -> str:
        """Take the lease, if nobody has it. A repeat with the same id is the same."""

    def renew(self, lease: str) -> str:
        """Make the lease last as long again."""

    def release(self, lease: str) -> str:
        """Give the lease back."""

    def break_lease(self) -> str:
        """End whoever's lease it is."""

    def delete(self, lease: str) -> str:
        """Delete the blob."""

    def holder(self) -> Mapping[str, str] | None:
        """Return the metadata while somebody has the lease, else None."""

    def user(self) -> str:
        """Return the name of the signed-in identity."""

    def now(self) -> str:
        """Return the time as the state file writes it, by Azure's clock."""

    def close(self) -> None:
        """Close the connections."""


class BlobStore(StateStore):
    """A state in a blob. Written with If-Match and under the lease: Azure refuses a write of a run that lost it.

    A blob that is empty holds the lease of a deployment which has written nothing yet.
    """

    def __init__(self, address: BlobAddress, blob: Blob, beside: Path) -> None:
        self.place: BlobAddress = address
        self._blob, self._beside = blob, beside
        self._last, self._etag = b"", ""
        self._lease, self._renewed, self._lost = "", 0.0, ""
        self._metadata: dict[str, str] = {}
        self._tell: Callable[[], None] = lambda: None

    @property
    def beside(self) -> Path:
        """A path in the current folder, with the name of the blob or of the deployment."""
        return self._beside

    @property
    def is_shared(self) -> bool:
        """It is."""
        return True

    def read(self) -> StateDocument | None:
        """Return the document; None when the blob is missing or empty: a new deployment."""
        found = self._blob.read()
        if found is None:
            return None
        content, self._etag, _ = found
        if not content:
            return None
        document = parse_bytes(content, self.place)
        self._last = content
        return document

    def write(self, document: StateDocument) -> None:
        """Replace the blob, if it is still as this object last read or wrote it."""
        self._check_held()
        data = serialized(document)
        if data == self._last:
            return
        code, etag = self._blob.put(data, self._metadata, lease=self._lease, etag=self._etag)
        if code in CHANGED and (found := self._blob.read()) and found[0] == data:
            code, etag = "", found[1]  # it was written, and the answer was lost
        if code in CHANGED:
            raise StateRefused(
                f"Something else changed the state {self.place} during this run; its content was left alone. Run "
                "again: what this run did in Azure is found."
            )
        if code:
            self._lose(code)
            self.check_lost()
        self._last, self._etag = data, etag

    def check_writable(self) -> None:
        """Do nothing: the lease needs the same permission."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lease. What holds it for a deployment that then wrote nothing is deleted again."""
        self._take()
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(ended,), name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()
            lease, self._lease = self._lease, ""
            if not self._lost:
                with suppress(Refusal):  # it ends by itself
                    found = self._blob.read() if not self._last else None
                    if not (found and not found[0]) or self._blob.delete(lease):
                        self._blob.release(lease)

    def holder(self) -> str | None:
        """Return who has the lease."""
        metadata = self._blob.holder()
        return None if metadata is None else _in_words(metadata)

    def on_loss(self, tell: Callable[[], None]) -> None:
        """Have `tell` called, from the thread that renews the lease."""
        self._tell = tell

    def check_lost(self) -> None:
        """StateLost when it is known that the lock was lost."""
        if self._lost:
            raise StateLost(self._lost)

    def unlock(self) -> None:
        """End the lease of whoever has it."""
        self._blob.break_lease()

    def delete(self) -> None:
        """Delete the blob, under the lease."""
        self._check_held()
        if code := self._blob.delete(self._lease):
            self._lose(code)
            self.check_lost()

    def close(self) -> None:
        """Close the connections."""
        self._blob.close()

    def _check_held(self) -> None:
        """StateLost when the lease was lost. It is renewed if it ran out in this machine's sleep and nobody took it."""
        if not self._lost and _clock() - self._renewed >= LEASE_SECONDS:
            self._renew()
        self.check_lost()

    def _take(self) -> None:
        lease, begun = str(uuid.uuid4()), _clock()
        self._metadata = {
            "adt_who": quote(self._blob.user()),
            "adt_process": str(os.getpid()),
            "adt_host": quote(socket.gethostname()),
        }
        code = self._blob.acquire(lease, LEASE_SECONDS)
        for _ in range(2):
            if code != "BlobNotFound":
                break
            self._blob.put(b"", self._metadata, lease="", etag="")  # or another run has just done the same
            begun = _clock()
            code = self._blob.acquire(lease, LEASE_SECONDS)
        if code:
            raise StateLocked(
                f"Another run is using the state {self.place}: {self.holder() or 'one that has just ended'}. Wait for "
                f"it to end, then run again. The lock of a run that was killed ends by itself, within {LEASE_SECONDS} "
                "seconds."
            )
        self._lease, self._renewed, self._lost = lease, begun, ""
        self._metadata["adt_since"] = self._blob.now()
        code, self._etag = self._blob.describe(self._metadata, lease)
        if code:
            self._lose(code)
            self.check_lost()

    def _keep(self, ended: threading.Event) -> None:
        """Renew the lease until the run has ended, or it was lost."""
        pause: float = RENEW_SECONDS
        while not ended.wait(pause):
            pause = RENEW_SECONDS if self._renew() else AGAIN_SECONDS
            if self._lost:
                self._tell()
                return

    def _renew(self) -> bool:
        """Renew the lease; return whether it is. It is lost when Azure says so, or when it may have run out."""
        begun = _clock()
        try:
            code = self._blob.renew(self._lease)
        except Exception as error:  # noqa: BLE001 - whatever it is, the lease must not end unseen
            why = f"{error.what} {error.why}" if isinstance(error, Refusal) else f"{type(error).__name__}: {error}"
            if _clock() - self._renewed >= LEASE_SECONDS:
                self._lost = (
                    f"The lock of the state {self.place} could not be renewed for {LEASE_SECONDS} seconds, so another "
                    f"run may have it now: this run writes nothing more. {why}"
                )
            return False
        if code:
            self._lose(code)
            return False
        self._renewed = begun
        return True

    def _lose(self, code: str) -> None:
        """Note that Azure has given the lease to another run, or ended it."""
        by = ""
        with suppress(Refusal):
            by = self.holder() or ""
        self._lost = (
            f"This run lost the lock of the state {self.place} ({code}), and writes nothing more. "
            + (f"Another run has it now: {by}. " if by else "It was unlocked, or ran out and another run had it. ")
            + "What this run did in Azure is found by the next one."
        )


def _in_words(metadata: Mapping[str, str]) -> str:
    who, process, host, since = (
        unquote(metadata.get(f"adt_{part}", "")) for part in ("who", "process", "host", "since")
    )
    if not process:
        return "another program"
    return f"{who}, process {process} on {host}" + (f", since {since}" if since else "")


def _clock() -> float:
    """Return the seconds of a clock that goes on while the machine sleeps, where there is one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)

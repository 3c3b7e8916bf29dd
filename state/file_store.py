"""The state file on disk: one writer at a time, and never half-written."""

from __future__ import annotations

import glob
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from state.document import StateDocument, StateRefused, parse_bytes, serialized
from state.store import StateLocked, StateStore, now


class StateFile(StateStore):
    """A state file by its path, with a lock of the system's beside it, which ends with the process."""

    def __init__(self, path: Path) -> None:
        self.place: Path = path
        self.path = path
        self._last: bytes | None = None

    @property
    def beside(self) -> Path:
        """The state file itself."""
        return self.path

    @property
    def lock_path(self) -> Path:
        """The lock's file: beside the state file, left there after the run."""
        return self.path.with_name(self.path.name + ".lock")

    def read(self) -> StateDocument | None:
        """Return the document, or None when there is no file. StateRefused when it can't be used."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateRefused(
                f"The state file {self.path} can't be read ({error.strerror}). Make it readable, or name another one "
                "with --state FILE."
            ) from None
        document = parse_bytes(data, self.path)
        self._last = data
        return document

    def write(self, document: StateDocument) -> None:
        """Replace the file as one step: written beside it, synced, renamed. Unchanged content is not written again.

        Raises StateRefused when the folder or file can't be written, or when something else changed the file since
        this object last read or wrote it; the file is then as it was.
        """
        data = serialized(document)
        if data == self._last and self.path.exists():
            return
        self._refuse_foreign_change()
        try:
            replace_file(self.path, data)
        except OSError as error:
            raise StateRefused(
                f"The state file {self.path} can't be written ({error.strerror}). Make room or make the folder "
                "writable and run again, or name a file elsewhere with --state FILE."
            ) from None
        self._last = data

    def check_writable(self) -> None:
        """StateRefused, before anything is done, when the file could not be written later."""
        if self.path.is_dir():
            raise StateRefused(f"{self.path} is a folder, not a state file. Name a file with --state FILE.")
        folder = self.path.resolve().parent
        if not folder.is_dir():
            raise StateRefused(f"The folder of the state file does not exist: {folder}. Make it, or name another file.")
        unwritable = self.path.exists() and not os.access(self.path, os.W_OK)
        if unwritable or not os.access(folder, os.W_OK):
            what = self.path if unwritable else folder
            raise StateRefused(
                f"{what} can't be written to. Make it writable, or name a file elsewhere with --state FILE."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock. StateLocked, at once, when another run does: with its process, host and since when."""
        lock = FileLock(self.lock_path, mode=0o644)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise StateLocked(
                f"Another run is using the state file {self.path}: {self._held_by()}. Wait for it to end, then run "
                "again."
            ) from None
        except OSError as error:
            raise StateRefused(f"The lock {self.lock_path} can't be taken ({error.strerror}).") from None
        try:
            holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": now()}
            # Locked with Windows' own locks the file can't be written by a second handle: then nobody is named.
            with suppress(OSError):
                self.lock_path.write_text(json.dumps(holder), encoding="utf-8")
            self._sweep()
            yield
        finally:
            lock.release()

    def holder(self) -> str | None:
        """Return who holds the lock. Asking makes no file, and keeps nobody out for longer than it takes."""
        if not self.lock_path.exists():
            return None
        lock = FileLock(self.lock_path, mode=0o644)
        try:
            with lock.acquire(timeout=0):
                return None
        except (Timeout, OSError):
            return self._held_by()

    def unlock(self) -> None:
        """Refuse, while a process holds the lock: it ends with that process, and can't be taken from it."""
        if holder := self.holder():
            raise StateRefused(
                f"The lock of {self.path} is held by {holder}, and can't be taken from it. End that process: its lock "
                "ends with it."
            )

    def delete(self) -> None:
        """Delete the file. The lock's file stays."""
        try:
            self.path.resolve().unlink(missing_ok=True)
        except OSError as error:
            raise StateRefused(f"The state file {self.path} can't be deleted ({error.strerror}).") from None

    def _sweep(self) -> None:
        """Remove what a run that was killed in the middle of a write left beside the file."""
        target = self.path.resolve()
        for litter in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):
            with suppress(OSError):
                litter.unlink()

    def _held_by(self) -> str:
        try:
            holder = json.loads(self.lock_path.read_text(encoding="utf-8"))
            return f"process {holder['pid']} on {holder['host']}, since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"

    def _refuse_foreign_change(self) -> None:
        try:
            there = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError:
            there = None
        if there != self._last:
            raise StateRefused(
                f"Something else changed the state file {self.path} during this run; its content was left alone. Run "
                "again: what this run did in Azure is found."
            )


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file as one step: written beside it, for its owner alone (0600), synced, renamed. Raises OSError."""
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where a folder can be opened (not on Windows)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

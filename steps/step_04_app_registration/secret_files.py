"""The files that hold client secrets. Nobody but their owner can read them, and each appears in a single step."""

from __future__ import annotations

import glob
import os
import stat
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from engine.refusal import Refusal
from steps.step_04_app_registration.desired import PRINTED
from steps.step_04_app_registration.observed import SecretFiles


def read_secret_files(desired: str, recorded: Collection[str]) -> SecretFiles:
    """Return the state of the desired file and of the recorded ones. PRINTED desires no file."""
    files = {*recorded} if desired == PRINTED else {desired, *recorded}
    leftovers = tuple(file for file in sorted(files) if _leftovers(file))
    as_written = {file: _is_as_written(Path(file)) for file in recorded if os.path.lexists(file)}
    if desired == PRINTED:
        return SecretFiles(as_written=as_written, leftovers=leftovers)
    return SecretFiles(
        exists=Path(desired).exists(),
        problem=_problem(desired),
        hint=read_hint(desired),
        as_written=as_written,
        leftovers=leftovers,
    )


def read_hint(file: str) -> str:
    """Return the first three characters of a secret in a file, which is what Azure shows of it; "" for no secret."""
    path = Path(file)
    return path.read_text(encoding="utf-8").strip()[:3] if _is_as_written(path) else ""


def remove_secret_file(file: str) -> None:
    """Remove a file of a secret and what was left beside it. A file that doesn't hold a secret any more is kept."""
    remove_leftovers(file)
    if _is_as_written(Path(file)):
        Path(file).unlink(missing_ok=True)


def remove_leftovers(file: str) -> None:
    """Remove the temporary files of runs that were killed while they created a secret for this file."""
    for leftover in _leftovers(file):
        with suppress(OSError):
            leftover.unlink()


class SecretFile:
    """A file for a secret that is about to be created: a context manager, entered before the secret is created.

    Entering removes the leftovers of killed runs, and raises Refusal where no file can be written, so that a secret
    that can't be kept is never created. Leaving removes what was not kept.
    """

    def __init__(self, file: str) -> None:
        self._target = Path(file)
        self._part: Path | None = None

    def __enter__(self) -> SecretFile:
        remove_leftovers(str(self._target))
        try:
            # mkstemp's files are 0600 from the start.
            self._descriptor, name = tempfile.mkstemp(
                prefix=f".{self._target.name}.", suffix=".tmp", dir=self._target.parent
            )
        except OSError as error:
            raise self._refusal(error) from None
        self._part = Path(name)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            os.close(self._descriptor)
        if self._part is not None:
            with suppress(OSError):
                self._part.unlink()

    def keep(self, secret: str) -> None:
        """Write the secret and put the file in its place, durably. Raises Refusal when the disk refuses it."""
        assert self._part is not None  # noqa: S101 - kept once
        try:
            os.write(self._descriptor, f"{secret}\n".encode())
            os.fsync(self._descriptor)
            self._part.replace(self._target)
            self._part = None
            with suppress(OSError):  # where a folder can't be opened (Windows)
                folder = os.open(self._target.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
        except OSError as error:
            raise self._refusal(error) from None

    def _refusal(self, error: OSError) -> Refusal:
        return Refusal(
            f"The client secret can't be written to {self._target}.",
            why=str(error.strerror),
            next="Name a file that can be written with --secret-file FILE, or - to have it shown once.",
            exit_code=2,
        )


def has_leftovers(file: str) -> bool:
    """Whether a run was killed while it created a secret for this file: its temporary file is still there."""
    return bool(_leftovers(file))


def _leftovers(file: str) -> list[Path]:
    path = Path(file)
    return list(path.parent.glob(f".{glob.escape(path.name)}.*.tmp"))


def _problem(file: str) -> str:
    path = Path(file)
    if path.is_dir():
        return f"{file} is a folder."
    if not path.parent.is_dir():
        return f"The folder of {file} does not exist."
    if not os.access(path.parent, os.W_OK):  # pragma: no cover - an administrator may write everywhere
        return f"The folder of {file} can't be written to."
    return ""


def _is_as_written(file: Path) -> bool:
    """Whether a file is as SecretFile writes it: a single word, for its owner only."""
    try:
        private = os.name != "posix" or stat.S_IMODE(file.lstat().st_mode) == 0o600
        return private and not file.is_symlink() and len(file.read_text(encoding="utf-8").split()) == 1
    except (OSError, UnicodeDecodeError):
        return False

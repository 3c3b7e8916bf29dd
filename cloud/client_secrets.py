"""Client secrets: made once, told once. What says the secret is a file that only its owner can read, or the screen."""

from __future__ import annotations

import glob
import os
import stat
import tempfile
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiota_abstractions.api_error import APIError

from cloud.applications import REPLICATION_BOUND, SEEN_BOUND, Password, seen
from cloud.errors import Answer, Refusal
from cloud.waiting import Progress, poll, until_visible

if TYPE_CHECKING:
    from msgraph.graph_service_client import GraphServiceClient

PRINTED = "-"
"""In place of a file: the secret is only shown."""


def file_problem(file: str) -> str | None:
    """Return why a secret could not be written to this file, or None."""
    path = Path(file)
    if path.is_dir():
        return f"{file} is a folder."
    if not path.parent.is_dir():
        return f"The folder of {file} does not exist."
    if not os.access(path.parent, os.W_OK):
        return f"The folder of {file} can't be written to."
    return None


def file_there(file: str) -> bool:
    """Whether there is such a file; a secret that is only shown counts as there."""
    return file == PRINTED or Path(file).exists()


def written(files: Collection[str]) -> dict[str, bool]:
    """Return those of the files that are there, and whether each is as `SecretFile` writes it: a word, its owner's."""
    return {file: _as_written(Path(file)) for file in files if Path(file).is_symlink() or Path(file).exists()}


def _as_written(file: Path) -> bool:
    try:
        private = os.name != "posix" or stat.S_IMODE(file.lstat().st_mode) == 0o600
        return private and not file.is_symlink() and len(file.read_text(encoding="utf-8").split()) == 1
    except (OSError, UnicodeDecodeError):
        return False


def hint_in(file: str) -> str:
    """Return the first three characters of what a file holds, which is what Azure shows of a secret; "" otherwise."""
    return Path(file).read_text(encoding="utf-8").strip()[:3] if _as_written(Path(file)) else ""


def remove_file(file: str) -> None:
    """Remove the file of a secret that is gone, and what was left beside it; nothing else that has its name."""
    sweep(file)
    if _as_written(Path(file)):
        Path(file).unlink(missing_ok=True)


def sweep(file: str) -> None:
    """Remove what a run that was killed while it made a secret left beside the file; it may have the secret in it."""
    target = Path(file)
    for litter in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):
        with suppress(OSError):
            litter.unlink()


class SecretFile:
    """A file for one secret, which nobody else can read from the moment it exists, and that appears as one step.

    Made before the secret is, so that one that can't be kept is never made. A context manager: what was not kept
    leaves nothing behind.
    """

    def __init__(self, file: str) -> None:
        self._target = Path(file)
        self._part: Path | None = None

    def __enter__(self) -> SecretFile:
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
        """Write the secret and put the file in its place, durably. Refusal when the disk won't have it."""
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


async def create(  # noqa: PLR0917 - what a secret consists of
    graph: GraphServiceClient,
    object_id: str,
    name: str,
    days: int,
    file: str,
    show: Callable[[str], None],
    progress: Progress,
    *,
    orphans: bool,
) -> Password:
    """Make a client secret and keep it in the file, or show it. With `orphans`, it is the only one of its name after.

    Never made twice: the request is not repeated. When it was made and can't be kept it is taken away again.
    """
    from msgraph.generated.applications.item.add_password.add_password_post_request_body import (
        AddPasswordPostRequestBody,
    )
    from msgraph.generated.models.password_credential import PasswordCredential

    item = graph.applications.by_application_id(object_id)
    start = datetime.now(UTC).replace(microsecond=0)
    wanted = PasswordCredential(display_name=name, start_date_time=start, end_date_time=start + timedelta(days=days))
    if orphans:  # of an earlier attempt, whose answer was lost
        await _remove_others(graph, object_id, name, "")

    async def add() -> Any:
        return await item.add_password.post(AddPasswordPostRequestBody(password_credential=wanted))

    def not_yet(answer: Answer) -> bool:
        return (answer.status, answer.code) == (404, "Request_ResourceNotFound")  # refused, so nothing was made

    waiting = "waiting for the directory to replicate the application"

    async def make() -> Any:
        return await until_visible(add, not_yet=not_yet, bound=REPLICATION_BOUND, what=waiting, progress=progress)

    if file == PRINTED:
        made = await make()
        show(str(made.secret_text))
    else:
        with SecretFile(file) as kept:
            made = await make()
            try:
                kept.keep(str(made.secret_text))
            except Refusal:
                await remove(graph, object_id, str(made.key_id))
                raise
    key_id = str(made.key_id)
    progress("waiting for the directory to replicate the client secret")

    async def there() -> bool:
        return any(one.key_id == key_id for one in await _passwords(graph, object_id))

    await poll(there, until=bool, bound=REPLICATION_BOUND, what="The replication of the client secret")
    if orphans:
        await _remove_others(graph, object_id, name, key_id)
    return Password(key_id, name, made.end_date_time)


async def remove(graph: GraphServiceClient, object_id: str, key_id: str) -> None:
    """Remove a client secret, and wait until it is seen no more; one that is gone already is fine."""
    import uuid

    from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
        RemovePasswordPostRequestBody,
    )

    item = graph.applications.by_application_id(object_id)

    async def take() -> None:
        await item.remove_password.post(RemovePasswordPostRequestBody(key_id=uuid.UUID(key_id)))

    async def gone() -> bool:
        return all(one.key_id != key_id for one in await _passwords(graph, object_id))

    def unseen(answer: Answer) -> bool:
        return answer.status == 400  # "No password credential found": by a replica that has not seen it, or it is gone

    def nothing(_what: str) -> None:
        pass

    try:
        await until_visible(take, not_yet=unseen, bound=2, what="", progress=nothing)
    except APIError as error:
        if error.response_status_code != 404 and not (error.response_status_code == 400 and await gone()):
            raise
    await poll(gone, until=bool, bound=SEEN_BOUND, what="The removal of the client secret")


async def _remove_others(graph: GraphServiceClient, object_id: str, name: str, key_id: str) -> None:
    for one in await _passwords(graph, object_id):
        if one.name == name and one.key_id != key_id:
            await remove(graph, object_id, one.key_id)


async def _passwords(graph: GraphServiceClient, object_id: str) -> tuple[Password, ...]:
    try:
        app = await graph.applications.by_application_id(object_id).get()
    except APIError as error:
        if error.response_status_code != 404:
            raise
        return ()
    return seen(app).passwords if app else ()

"""What a connection to Azure needs of this side: where the traffic is recorded, and how what Azure refuses is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from cloud.errors import explain
from engine.refusal import BadInput

if TYPE_CHECKING:
    from cloud.traffic import Traffic

T = TypeVar("T")
Other = TypeVar("Other")


async def explained(work: Awaitable[T], doing: str) -> T:
    """Await, with what Azure refuses turned into a Refusal that says what was being done."""
    try:
        return await work
    except Exception as error:
        refusal = explain(error, doing)
        if refusal is None:
            raise
        raise refusal from error


async def both(first: Awaitable[T], second: Awaitable[Other]) -> tuple[T, Other]:
    """Await the two side by side. What the first raises counts before what the second does."""
    one, two = await asyncio.gather(first, second, return_exceptions=True)
    for result in (one, two):
        if isinstance(result, BaseException):
            raise result
    return cast("tuple[T, Other]", (one, two))


def open_traffic(file: Path | None) -> Traffic | None:
    """Return where the traffic is recorded, if anywhere. BadInput for a file that can't be written."""
    if file is None:
        return None
    from cloud.traffic import Traffic

    try:
        return Traffic(file)
    except OSError as error:
        what = f"The traffic can't be written to {file}: {error.strerror}."
        raise BadInput(what, "Name another file.") from error

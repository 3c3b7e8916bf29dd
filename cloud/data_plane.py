"""The instance's own interface: a role works there minutes after it was assigned; until then it is a bare 403."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from azure.core.exceptions import HttpResponseError

from cloud.errors import Answer, answer_of
from cloud.waiting import Progress, until_visible

if TYPE_CHECKING:
    from cloud.clients import Azure

EFFECT_BOUND = 10 * 60
"""Seconds that a new role may take to work; Azure says up to five minutes."""

T = TypeVar("T")


def lacks_role(error: BaseException) -> bool:
    """Whether the data plane refused for want of a role, or of one that works already: a 403 that says nothing."""
    answer = answer_of(error)
    return answer is not None and _bare(answer)


async def once_permitted(azure: Azure, instance_id: str, act: Callable[[], Awaitable[T]], progress: Progress) -> T:
    """Do `act`; while a new role of the signed-in identity may be on its way, again until it works."""
    try:
        return await act()
    except HttpResponseError as error:
        if not lacks_role(error) or not await _role_on_its_way(azure, instance_id):
            raise
    return await until_visible(
        act,
        not_yet=_bare,
        bound=EFFECT_BOUND,
        what="the new role does not work in the instance yet",
        progress=progress,
    )


def _bare(answer: Answer) -> bool:
    return answer.status == 403 and not answer.code


async def _role_on_its_way(azure: Azure, instance_id: str) -> bool:
    who = await azure.credential.who()
    since = datetime.now(UTC) - timedelta(seconds=EFFECT_BOUND)
    assigned = azure.authorization.role_assignments.list_for_scope(instance_id, filter=f"assignedTo('{who.object_id}')")
    return any([found.created_on and found.created_on > since async for found in assigned])

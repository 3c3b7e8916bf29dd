"""The instance's own interface: a role works there minutes after it was assigned; until then it is a bare 403."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from azure.core.exceptions import HttpResponseError

from cloud.clock import azure_now
from cloud.data_actions import may_give
from cloud.errors import Answer, answer_of
from cloud.lookups import role_of
from cloud.waiting import Progress, until_visible
from engine.refusal import Refusal

if TYPE_CHECKING:
    from cloud.clients import Azure

EFFECT_BOUND = 10 * 60
"""Seconds that a new role may take to work; Azure says up to five minutes."""

T = TypeVar("T")


def lacks_role(error: BaseException) -> bool:
    """Whether the data plane refused for want of a role, or of one that works already: a 403 that says nothing."""
    answer = answer_of(error)
    return answer is not None and _bare(answer)


async def once_permitted(  # noqa: PLR0917 - what is done, where, and who is told
    azure: Azure,
    instance_id: str,
    act: Callable[[], Awaitable[T]],
    progress: Progress,
    doing: str,
    action: str,
) -> T:
    """Do `act`; while a new role of the signed-in identity that allows it may be on its way, again until it works.

    `doing` is that in words, and `action` the data action that it takes.

    Refusal for an instance that is closed to public networks: it answers as if a role were missing.
    """
    try:
        return await act()
    except HttpResponseError as error:
        if not lacks_role(error):
            raise
        if await is_closed(azure, instance_id):
            raise closed(doing) from error
        if not await _role_on_its_way(azure, instance_id, action):
            raise
    return await until_visible(
        act,
        not_yet=_bare,
        bound=EFFECT_BOUND,
        what="the new role does not work in the instance yet",
        progress=progress,
    )


async def is_closed(azure: Azure, instance_id: str) -> bool:
    """Whether the instance is closed to public networks, as Resource Manager says; False where it won't say."""
    parts = instance_id.split("/")
    try:
        found = await azure.twins.digital_twins.get(parts[4], parts[-1])
    except HttpResponseError:
        return False
    return found.public_network_access == "Disabled"


async def private_ways(azure: Azure, instance_id: str) -> str:
    """Say which private endpoints lead to the instance, and the state of each connection, as Resource Manager says."""
    parts = instance_id.split("/")
    try:
        found = await azure.twins.digital_twins.get(parts[4], parts[-1])
    except HttpResponseError:
        return ""
    ways = []
    for connection in found.private_endpoint_connections or ():
        endpoint = connection.properties.private_endpoint
        state = connection.properties.private_link_service_connection_state
        name = str((endpoint and endpoint.id) or connection.name).rpartition("/")[2]
        ways.append(f"{name} ({state.status if state else 'unknown'})")
    return f"Private endpoints: {', '.join(ways)}." if ways else "It has no private endpoint: see --private-endpoint."


def closed(doing: str) -> Refusal:
    """Return the refusal of a closed instance's data plane: a 403 that says nothing, like that of a missing role.

    Source: "Enable private access with Private Link" in the Digital Twins documentation.
    """
    return Refusal(
        f"Could not {doing}: the instance is closed to public networks.",
        why="Its public network access is disabled, so only a private endpoint leads to it.",
        next="Run this where the instance's private endpoint is reached, or open the instance with "
        "--public-network-access enabled.",
        code="PublicNetworkAccessDisabled",
    )


def _bare(answer: Answer) -> bool:
    return answer.status == 403 and not answer.code


async def _role_on_its_way(azure: Azure, instance_id: str, action: str) -> bool:
    """Whether a role that allows the action, or whose definition can't be read, was assigned a short while ago."""
    who = await azure.credential.who()
    since = azure_now() - timedelta(seconds=EFFECT_BOUND)
    assigned = azure.authorization.role_assignments.list_for_scope(instance_id, filter=f"assignedTo('{who.object_id}')")
    new = {str(found.role_definition_id) async for found in assigned if found.created_on and found.created_on > since}
    return any([may_give(await role_of(azure, definition), action) for definition in sorted(new)])

"""The instance's own interface: a role works there minutes after it was assigned; until then it is a bare 403."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from azure.core.exceptions import HttpResponseError

from cloud.clock import azure_now
from cloud.data_actions import may_give
from cloud.errors import Answer, answer_of
from cloud.lookups import role_of
from cloud.network import Network, network
from cloud.waiting import Progress, until_visible
from engine.refusal import Refusal

if TYPE_CHECKING:
    from cloud.clients import Azure

EFFECT_BOUND = 10 * 60
"""Seconds that a new role may take to work; Azure says up to five minutes."""

CLOSED = "PublicNetworkAccessDisabled"
"""The code of the refusal of an instance that is closed to public networks."""

T = TypeVar("T")


class Way(Enum):
    """How this machine comes to an instance, as Resource Manager and the name of its host tell."""

    OPEN = "it is open to public networks, or Resource Manager does not say"
    PRIVATE = "it is closed, and its name leads from here to a private address"
    NONE = "it is closed, and has no approved private endpoint, or its name leads from here to a public address"
    UNKNOWN = "it is closed, and has a private endpoint; a proxy knows where its name leads"


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
        if not await role_on_its_way(azure, instance_id, doing, action):
            raise
    return await until_visible(
        act,
        not_yet=_bare,
        bound=EFFECT_BOUND,
        what="the new role does not work in the instance yet",
        progress=progress,
    )


async def role_on_its_way(azure: Azure, instance_id: str, doing: str, action: str) -> bool:
    """Return why the data plane said a 403 and no more: True for a new role, False for none that allows the action.

    Refusal where it was the closed network, or may have been.
    """
    way = await way_to(azure, instance_id)
    if way is Way.NONE:
        raise closed(doing)
    new, allowing = await _roles(azure, instance_id, action)
    if way is Way.UNKNOWN:
        raise closed(doing, _perhaps_role(new=new, allowing=allowing))
    return new


async def may_be_the_role(azure: Azure, instance_id: str, action: str) -> str:
    """Say what else than the network a 403 may come from, of the signed-in identity; "" where its role is in force."""
    new, allowing = await _roles(azure, instance_id, action)
    return _perhaps_role(new=new, allowing=allowing)


async def way_to(azure: Azure, instance_id: str) -> Way:
    """Return how this machine comes to the instance."""
    parts = instance_id.split("/")
    try:
        found = await azure.twins.digital_twins.get(parts[4], parts[-1])
    except HttpResponseError:
        return Way.OPEN
    if found.public_network_access != "Disabled":
        return Way.OPEN
    states = [
        each.properties.private_link_service_connection_state for each in found.private_endpoint_connections or ()
    ]
    if not any(state and state.status == "Approved" for state in states):
        return Way.NONE
    leads_inside = await is_private(found.host_name or "", network())
    return Way.UNKNOWN if leads_inside is None else Way.PRIVATE if leads_inside else Way.NONE


async def is_private(host: str, through: Network) -> bool | None:
    """Whether a host's name leads to addresses of a private network; None where this machine doesn't resolve it."""
    if through.proxy_for(f"https://{host}"):
        return None
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443)
    except OSError:
        return None
    return not any(ipaddress.ip_address(address[4][0]).is_global for address in found)


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


def closed(doing: str, perhaps: str = "") -> Refusal:
    """Return the refusal of a closed instance's data plane: a 403 that says nothing, like that of a missing role.

    Source: "Enable private access with Private Link" in the Digital Twins documentation. `perhaps` is what else it may
    come from.
    """
    why = "Its public network access is disabled, so only a private endpoint leads to it."
    return Refusal(
        f"Could not {doing}: the instance is closed to public networks.",
        why=f"{why}\n{perhaps}" if perhaps else why,
        next="Run this where the instance's private endpoint is reached, or open the instance with "
        "--public-network-access enabled.",
        code=CLOSED,
    )


def _perhaps_role(*, new: bool, allowing: bool) -> str:
    if new:
        return (
            "If a private endpoint is reached from here, it is the role, which is new: it works after up to five "
            "minutes. Run the same command again then."
        )
    return "" if allowing else "The signed-in identity also has no role on the instance that allows it."


def _bare(answer: Answer) -> bool:
    return answer.status == 403 and not answer.code


async def _roles(azure: Azure, instance_id: str, action: str) -> tuple[bool, bool]:
    """Return whether a role that allows the action was assigned a short while ago, and whether any was.

    A role whose definition can't be read may allow it; where assignments can't be read, nothing is known to be missing.
    """
    who = await azure.credential.who()
    since = azure_now() - timedelta(seconds=EFFECT_BOUND)
    assigned = azure.authorization.role_assignments.list_for_scope(instance_id, filter=f"assignedTo('{who.object_id}')")
    new: dict[str, bool] = {}
    try:
        async for found in assigned:
            role, is_new = str(found.role_definition_id), bool(found.created_on and found.created_on > since)
            new[role] = new.get(role, False) or is_new
    except HttpResponseError:
        return False, True
    allowing = [role for role in sorted(new) if may_give(await role_of(azure, role), action)]
    return any(new[role] for role in allowing), bool(allowing)

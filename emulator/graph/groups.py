"""Security groups and their members, direct and transitive. Access control (`emulator/rbac.py`) evaluates them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from emulator import rbac
from emulator.graph import references, replicas, rights
from emulator.graph.odata import body_of, caller_of, entity, listed, now, objects_page, page
from emulator.graph.refusals import bad, not_found, required
from emulator.messages import Caller, Json, Reply, Request
from emulator.router import Router
from emulator.world import World

router = Router()

_MEMBERS = ("user", "group", "servicePrincipal")
_REQUIRED = ("displayName", "mailEnabled", "mailNickname", "securityEnabled")
"""Source: "Create group" in the Microsoft Graph reference."""


@router.add("GET", "/v1.0/groups", latency="graph_read")
def list_groups(world: World, request: Request) -> Reply:
    """List groups; typed, because the published answer is a list of directory objects."""
    rights.require_read(caller_of(request), "group")
    return page(request, "group", listed(world, request, "group"), typed=True)


@router.add("POST", "/v1.0/groups", latency="graph_write")
def create_group(world: World, request: Request) -> Reply:
    """Create a group; its creator owns it."""
    caller, body = caller_of(request), body_of(request)
    rights.require_create(caller)
    for name in _REQUIRED:
        if body.get(name) is None:
            raise required(name, "Group")
    members = [references.target(world, reference, _MEMBERS) for reference in body.get("members@odata.bind") or ()]
    created: Json = {
        "id": str(uuid.uuid4()),
        "createdDateTime": now(),
        **{name: value for name, value in body.items() if "@" not in name},
        "_owners": references.first_owners(world, caller, body),
        "_members": members,
    }
    replicas.write(world, "group", created["id"], created)
    return entity(request, "group", created, 201)


@router.add("GET", "/v1.0/groups/{value}", latency="graph_read")
def get_group(world: World, request: Request, value: str) -> Reply:
    """Return one group."""
    rights.require_read(caller_of(request), "group")
    return entity(request, "group", _group(world, value), typed=True)


@router.add("DELETE", "/v1.0/groups/{value}", latency="graph_write")
def delete_group(world: World, request: Request, value: str) -> Reply:
    """Delete a group. A security group can't be restored."""
    group = _group(world, value)
    rights.require_change(caller_of(request), group)
    replicas.write(world, "group", group["id"], None)
    return Reply(204)


@router.add("GET", "/v1.0/groups/{value}/members", latency="graph_read")
def list_members(world: World, request: Request, value: str) -> Reply:
    """List the direct members, as directory objects of any type."""
    rights.require_read(caller_of(request), "group")
    return objects_page(request, _objects(world, _group(world, value).get("_members", ())))


@router.add("GET", "/v1.0/groups/{value}/transitiveMembers", latency="graph_read")
def list_transitive_members(world: World, request: Request, value: str) -> Reply:
    """List the members, and the members of the groups among them."""
    rights.require_read(caller_of(request), "group")
    group = _group(world, value)["id"].lower()
    everyone = [key for kind in _MEMBERS for key, _ in world.store.list(kind)]
    return objects_page(
        request, _objects(world, [key for key in everyone if key != group and group in rbac.with_groups(world, key)])
    )


@router.add("POST", "/v1.0/groups/{value}/members/$ref", latency="graph_write")
def add_member(world: World, request: Request, value: str) -> Reply:
    """Add a user, a group or a service principal; refuse (400) a present member."""
    group = _changeable(world, caller_of(request), value)
    reference = body_of(request).get("@odata.id")
    if not reference:
        raise required("@odata.id", "DirectoryObject")
    member, members = references.target(world, reference, _MEMBERS), group.get("_members", [])
    if member in members:
        raise bad("One or more added object references already exist for the following modified properties: 'members'.")
    replicas.write(world, "group", group["id"], {**group, "_members": [*members, member]})
    return Reply(204)


@router.add("DELETE", "/v1.0/groups/{value}/members/{member}/$ref", latency="graph_write")
def remove_member(world: World, request: Request, value: str, member: str) -> Reply:
    """Remove a member."""
    group = _changeable(world, caller_of(request), value)
    members = group.get("_members", [])
    if member.lower() not in members:
        raise not_found(member)
    left = [other for other in members if other != member.lower()]
    replicas.write(world, "group", group["id"], {**group, "_members": left})
    return Reply(204)


@router.add("GET", "/v1.0/me/transitiveMemberOf", latency="graph_read")
def list_own_groups(world: World, request: Request) -> Reply:
    """List the groups that the signed-in user is in."""
    return _groups_of(world, request, caller_of(request).object_id)


def _transitive_member_of(world: World, request: Request, value: str) -> Reply:
    """List the groups that a principal is in, directly or through other groups."""
    rights.require_read(caller_of(request), "group")
    return _groups_of(world, request, value)


for _kind in ("users", "groups", "servicePrincipals"):
    router.add("GET", f"/v1.0/{_kind}/{{value}}/transitiveMemberOf", latency="graph_read")(_transitive_member_of)


def _groups_of(world: World, request: Request, principal: str) -> Reply:
    return objects_page(request, _objects(world, sorted(rbac.with_groups(world, principal) - {principal.lower()})))


def _group(world: World, value: str) -> Json:
    found = replicas.read(world, "group", value)
    if found is None:
        raise not_found(value)
    return found


def _changeable(world: World, caller: Caller, value: str) -> Json:
    if replicas.unseen(world, "group", value):
        raise not_found(value)
    group = world.store.get("group", value)
    assert group is not None, "unseen() says so"  # noqa: S101
    rights.require_change(caller, group)
    return group


def _objects(world: World, identifiers: Iterable[str]) -> list[tuple[str, Json]]:
    found = ((kind, replicas.read(world, kind, key)) for key in identifiers for kind in _MEMBERS)
    return [(kind, body) for kind, body in found if body is not None]

"""Microsoft.Resources/tags: read, replace, merge and delete the tags of a subscription, a group or a resource."""

from __future__ import annotations

from collections.abc import Callable

from emulator.arm.core import groups, scopes
from emulator.arm.core.guards import may_delete, may_read, may_write
from emulator.arm.core.routes import ROUTER
from emulator.arm.core.shape import ANY, TAGS, Shape, check
from emulator.messages import Json, Reply, Request
from emulator.world import World

_TYPE = "Microsoft.Resources/tags"
_PATH = f"/{{scope:path}}/providers/{_TYPE}/default"
_PARTS = {**dict.fromkeys(("id", "name", "type", "systemData"), ANY), "properties": Shape("Tags", {"tags": TAGS})}
_PUT = Shape("TagsResource", _PARTS, required=("properties",))
_PATCH = Shape("TagsPatchResource", {**_PARTS, "operation": ("Replace", "Merge", "Delete")})


@ROUTER.add("GET", _PATH)
def get_tags(world: World, request: Request, scope: str) -> Reply:
    """Return the tags."""
    where = scopes.parse(world, scope)
    may_read(world, request, f"{_TYPE}/read", where.id)
    return Reply(body=_served(where.document(world)[1]))


@ROUTER.add("PUT", _PATH, latency="group")
def put_tags(world: World, request: Request, scope: str) -> Reply:
    """Replace all tags."""
    body = request.json()
    check(body, _PUT)
    return _write(world, request, scope, lambda _: _given(body))


@ROUTER.add("PATCH", _PATH, latency="group")
def patch_tags(world: World, request: Request, scope: str) -> Reply:
    """`Merge` tags into the present ones (the default), `Delete` those with the same names, or `Replace` all."""
    body = request.json()
    check(body, _PATCH)
    operation, given = body.get("operation") or "Merge", _given(body)
    low = {name.lower(): value for name, value in given.items()}

    def change(present: Json) -> Json:
        if operation == "Replace":
            return given
        kept = {name: value for name, value in present.items() if name.lower() not in low}
        if operation == "Delete":
            same = {name: value for name, value in present.items() if low.get(name.lower(), value) != value}
            return {**kept, **same}
        spelt = {name.lower(): name for name in present}
        return {**kept, **{spelt.get(name.lower(), name): value for name, value in given.items()}}

    return _write(world, request, scope, change)


@ROUTER.add("DELETE", _PATH, latency="group")
def delete_tags(world: World, request: Request, scope: str) -> Reply:
    """Delete all tags."""
    where = scopes.parse(world, scope)
    may_delete(world, request, f"{_TYPE}/delete", where.id)
    _keep(world, where, {})
    return Reply(200)


def _write(world: World, request: Request, scope: str, change: Callable[[Json], Json]) -> Reply:
    where = scopes.parse(world, scope)
    may_write(world, request, f"{_TYPE}/write", where.id)
    return Reply(200, _served(_keep(world, where, change(where.document(world)[1].get("tags") or {}))))


def _keep(world: World, where: scopes.Scope, tags: Json) -> Json:
    if where.group:
        groups.writable(world, where.subscription, where.group)
    kind, found = where.document(world)
    found["tags"] = tags
    world.store.put(kind, where.subscription if kind == "subscription" else found["id"], found)
    return found


def _given(body: Json) -> Json:
    return dict((body.get("properties") or {}).get("tags") or {})


def _served(found: Json) -> Json:
    tags = found.get("tags") or {}
    return {
        "id": f"{found['id']}/providers/{_TYPE}/default",
        "name": "default",
        "type": _TYPE,
        "properties": {"tags": tags},
    }

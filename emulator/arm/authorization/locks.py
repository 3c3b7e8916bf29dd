"""Management locks: list, create, change and remove them. `guards.py` enforces them.

learn.microsoft.com/rest/api/resources/management-locks. A lock that a test put into the store under the scope
that it locks is called `lock`.
"""

from __future__ import annotations

from emulator import rbac
from emulator.arm.authorization import filters
from emulator.arm.core import scopes
from emulator.arm.core.errors import resource_not_found
from emulator.arm.core.guards import caller_of, may_read
from emulator.arm.core.routes import ROUTER
from emulator.arm.core.shape import ANY, Shape, check
from emulator.messages import Json, Reply, Request
from emulator.world import World

_TYPE = "Microsoft.Authorization/locks"
_LIST = f"/{{scope:path}}/providers/{_TYPE}"
_LOCK = f"{_LIST}/{{name}}"
_LEVELS = ("NotSpecified", "CanNotDelete", "ReadOnly")
_PROPERTIES = Shape("ManagementLockProperties", {"level": _LEVELS, "notes": str, "owners": ANY}, required=("level",))
_PARTS = {**dict.fromkeys(("id", "name", "type", "systemData"), ANY), "properties": _PROPERTIES}
_PUT = Shape("ManagementLockObject", _PARTS, required=("properties",))


@ROUTER.add("GET", _LIST)
def list_locks(world: World, request: Request, scope: str) -> Reply:
    """List the locks at a scope and below; with `$filter=atScope()` those at it and above."""
    where = scopes.parse(world, scope)
    may_read(world, request, f"{_TYPE}/read", where.id)
    at = where.existing(world)
    above = "atScope" in filters.terms(request.query.get("$filter", ""), {"atscope": "atScope"})
    found = [
        _served(key, lock)
        for key, lock in world.store.list("lock")
        if (rbac.is_within(at, _locked(key, lock)) if above else rbac.is_within(_locked(key, lock), at))
    ]
    return Reply(body={"value": found})


@ROUTER.add("GET", _LOCK)
def get_lock(world: World, request: Request, scope: str, name: str) -> Reply:
    """Return one lock."""
    where = scopes.parse(world, scope)
    may_read(world, request, f"{_TYPE}/read", where.id)
    return Reply(body=_served(*_existing(world, where, name)))


@ROUTER.add("PUT", _LOCK, latency="group")
def put_lock(world: World, request: Request, scope: str, name: str) -> Reply:
    """Lock a scope (201), or change a lock (200)."""
    where = scopes.parse(world, scope)
    rbac.require(world, caller_of(request), f"{_TYPE}/write", where.id)
    body = request.json()
    check(body, _PUT)
    at = where.existing(world)
    found = _find(world, at, name)
    key = found[0] if found else f"{at}/providers/{_TYPE}/{name}"
    kept = {part: value for part, value in body["properties"].items() if part in ("level", "notes")}
    lock = {"scope": at, "name": _name(found[1]) if found else name, **kept}
    world.store.put("lock", key, lock)
    return Reply(200 if found else 201, _served(key, lock))


@ROUTER.add("DELETE", _LOCK, latency="group")
def delete_lock(world: World, request: Request, scope: str, name: str) -> Reply:
    """Remove a lock (200); 204 if there is none."""
    where = scopes.parse(world, scope)
    rbac.require(world, caller_of(request), f"{_TYPE}/delete", where.id)
    found = _find(world, where.existing(world), name)
    if found is None:
        return Reply(204)
    world.store.delete("lock", found[0])
    return Reply(200)


def _existing(world: World, where: scopes.Scope, name: str) -> tuple[str, Json]:
    found = _find(world, where.existing(world), name)
    if found is None:
        raise resource_not_found(_TYPE, name, where.group or "")
    return found


def _find(world: World, scope: str, name: str) -> tuple[str, Json] | None:
    for key, lock in world.store.list("lock"):
        if _locked(key, lock).lower() == scope.lower() and _name(lock).lower() == name.lower():
            return key, lock
    return None


def _locked(key: str, lock: Json) -> str:
    return str(lock.get("scope", key))


def _name(lock: Json) -> str:
    return str(lock.get("name", "lock"))


def _served(key: str, lock: Json) -> Json:
    name = _name(lock)
    properties = {part: lock[part] for part in ("level", "notes") if part in lock}
    identifier = f"{_locked(key, lock)}/providers/{_TYPE}/{name}"
    return {"id": identifier, "name": name, "type": _TYPE, "properties": properties}

"""Resource Manager: tenants, subscriptions, providers, resource groups, Digital Twins instances, authorisation."""

from __future__ import annotations

import dataclasses
import re

from emulator import rbac
from emulator.arm import (
    authorization_rules,
    containers,
    digital_twins,
    entities,
    errors,
    event_grid,
    groups,
    instances,
    namespaces,
    operations,
    providers,
    resource_groups,
    resources,
    role_assignments,
    role_definitions,
    storage,
    subscriptions,
    versions,
)
from emulator.arm.routes import ROUTER
from emulator.inventory import Item
from emulator.tokens import ARM_AUDIENCES
from emulator.web import Refused, Reply, Request
from emulator.world import World

SERVED_BY = (
    *(authorization_rules, containers, digital_twins, entities, event_grid, namespaces, operations, providers),
    *(resource_groups, role_assignments, role_definitions, storage, subscriptions),
)
"""The modules that registered their operations in the router by being imported."""

_RESOURCE = re.compile(r".*/providers/(?P<namespace>[^/]+)/(?P<kind>[^/]+)(?:/.*)?", re.IGNORECASE)
_PLAYED = ("microsoft.digitaltwins", "microsoft.authorization", *(name.lower() for name in providers.DESTINATIONS))
_TIMES = ("createdTime", "lastUpdatedTime", "createdOn", "updatedOn", "createdAt", "lastModifiedAt")
_TIMES_INSIDE = ("updatedAt", "creationTime", "keyCreationTime", "lastModifiedTime", "etag")
_QUOTA = {"GET": ("reads", 11999), "HEAD": ("reads", 11999), "DELETE": ("deletes", 14999)}
_WRITES = ("writes", 1199)


def handle(world: World, request: Request) -> Reply:
    """Carry out one request: token, api-version, then the operation, which checks what the caller may do."""
    request = dataclasses.replace(request, caller=world.tokens.verify(request, ARM_AUDIENCES))
    api_version = versions.check(request)
    reply = ROUTER.dispatch(world, request)
    if reply is None:
        raise _nothing_there(request, api_version)
    quota, left = _QUOTA.get(request.method, _WRITES)
    reply.headers.setdefault(f"x-ms-ratelimit-remaining-subscription-{quota}", str(left))
    return reply


def render_refusal(refused: Refused, request: Request) -> Reply:
    """Return a refusal as Resource Manager words it; one without text, and any to HEAD, has no content."""
    body = None if request.method == "HEAD" else errors.body_of(refused)
    return Reply(refused.status, body, dict(refused.headers))


def inventory(world: World) -> list[Item]:
    """Return what exists: registrations, groups, instances, destinations, role assignments."""
    return [*_registrations(world), *_groups_and_instances(world), *_destinations(world), *_assignments(world)]


def _registrations(world: World) -> list[Item]:
    return [
        Item(
            "providers",
            key,
            {"id": f"/subscriptions/{key}", "registrationState": providers.state_of(world, *key.split("/", 1))},
        )
        for key, _ in world.store.list("provider")
    ]


def _groups_and_instances(world: World) -> list[Item]:
    items: list[Item] = []
    for _, subscription in world.store.list("subscription"):
        for group in groups.in_subscription(world, subscription["subscriptionId"]):
            items.append(Item("resourceGroups", group["name"], groups.served(group)))
        for instance in instances.under(world, subscription["id"]):
            principal = (instance.get("identity") or {}).get("principalId")
            label = f"identity of {instance['name']}"
            items.append(
                Item(
                    "digitalTwinsInstances",
                    label,
                    instances.served(instance),
                    generated=(principal,) if principal else (),
                    volatile=_TIMES,
                )
            )
    return items


def _destinations(world: World) -> list[Item]:
    found = [one for _, body in world.store.list("subscription") for one in resources.under(world, body["id"])]
    return [
        Item(one["type"].rpartition("/")[2], one["name"], resources.served(one), volatile=(*_TIMES, *_TIMES_INSIDE))
        for one in found
    ]


def _assignments(world: World) -> list[Item]:
    items = []
    for _, found in world.store.list("roleAssignment"):
        # A name made of ids that differ from world to world differs too.
        label = f"assignment of {rbac.role_of(found).name}"
        items.append(Item("roleAssignments", label, found, generated=(found["name"],), volatile=_TIMES))
    return items


def _nothing_there(request: Request, api_version: str) -> Refused:
    match = _RESOURCE.fullmatch(request.path)
    if match and match["namespace"].lower() in _PLAYED:
        return errors.unknown_type(match["namespace"], match["kind"], api_version)
    if match:
        return Refused(404, "InvalidResourceNamespace", f"The resource namespace '{match['namespace']}' is invalid.")
    return Refused(404, "NotFound", f"No resource was found at '{request.path}'.")

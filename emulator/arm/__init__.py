"""Resource Manager: subscriptions, providers, groups and tags, Digital Twins and identities, authorisation."""

from __future__ import annotations

import dataclasses
import secrets

from emulator.arm.apps import reads as app_reads
from emulator.arm.authorization import eligibility, locks, role_assignments, role_definitions, user_assigned_identities
from emulator.arm.core import (
    errors,
    operations,
    providers,
    replicas,
    resource_groups,
    resource_lists,
    second_factor,
    subscriptions,
    tags,
    versions,
)
from emulator.arm.core.routes import ROUTER
from emulator.arm.deployments import operations as deployments
from emulator.arm.digital_twins import endpoints, history, instance_operations, private_links, published_lists
from emulator.arm.inventory import inventory
from emulator.arm.messaging import authorization_rules, event_grid, hubs_and_topics, namespaces
from emulator.arm.network import dns_zones, networks, private_endpoints, zone_groups
from emulator.arm.storage import accounts, containers
from emulator.messages import Refused, Reply, Request
from emulator.tokens import ARM_AUDIENCES
from emulator.world import World

__all__ = ["handle", "inventory", "render_refusal"]

SERVED_BY = (
    *(eligibility, locks, role_assignments, role_definitions, user_assigned_identities),
    *(operations, providers, resource_groups, resource_lists, subscriptions, tags),
    *(endpoints, history, instance_operations, private_links, published_lists),
    *(authorization_rules, event_grid, hubs_and_topics, namespaces),
    *(accounts, containers),
    *(dns_zones, networks, private_endpoints, zone_groups),
    *(app_reads, deployments),
)
"""Importing these modules registers their operations in the router."""

_PLAYED = (
    *("microsoft.authorization", "microsoft.digitaltwins", "microsoft.managedidentity"),
    *(name.lower() for name in providers.OTHERS),
)
_QUOTA = {"GET": ("reads", 11999), "HEAD": ("reads", 11999), "DELETE": ("deletes", 14999)}
_WRITES = ("writes", 1199)


def handle(world: World, request: Request) -> Reply:
    """Carry out one request: token, api-version, then the operation, which checks what the caller may do."""
    request = dataclasses.replace(request, caller=world.tokens.verify(request, ARM_AUDIENCES))
    left = world.limits.take(request, request.caller) if world.limits and request.caller else {}
    second_factor.require(world, request)
    api_version = versions.check(request)
    if request.method != "PUT" or world.store.get(replicas.KIND, request.path.lower()) is None:
        replicas.refuse_unknown(world, request)
    reply = ROUTER.dispatch(world, request)
    if reply is None:
        raise _nothing_there(request, api_version)
    replicas.note(world, request, reply)
    if "/providers/microsoft.digitaltwins/" in request.path.lower():
        reply.headers.setdefault("traceresponse", f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01")
    if not left:
        quota, most = _QUOTA.get(request.method, _WRITES)
        left = {f"x-ms-ratelimit-remaining-subscription-{quota}": str(most)}
    reply.headers = {**left, **reply.headers}
    return reply


def render_refusal(refused: Refused, request: Request) -> Reply:
    """Render a refusal in Resource Manager's error shape. The answer to a HEAD request has no content."""
    body = None if request.method == "HEAD" else errors.body_of(refused)
    return Reply(refused.status, body, dict(refused.headers))


def _nothing_there(request: Request, api_version: str) -> Refused:
    match = versions.PROVIDER.fullmatch(request.path)
    if match and match["namespace"].lower() in _PLAYED:
        return errors.unknown_type(match["namespace"], match["kind"], api_version)
    if match:
        return Refused(404, "InvalidResourceNamespace", f"The resource namespace '{match['namespace']}' is invalid.")
    return Refused(404, "NotFound", f"No resource was found at '{request.path}'.")

"""Tenants, subscriptions and their locations."""

from __future__ import annotations

from emulator import rbac, regions, seed
from emulator.arm.core.guards import caller_of, subscription_for
from emulator.arm.core.routes import ROUTER, SUBSCRIPTION
from emulator.messages import Caller, Json, Reply, Request
from emulator.world import World


@ROUTER.add("GET", "/tenants")
def list_tenants(_: World, request: Request) -> Reply:
    """List the caller's tenants: this one, and a guest's own. Personal accounts have no tenant of their own."""
    caller = caller_of(request)
    tenants = [_tenant(seed.TENANT, seed.TENANT_NAME, seed.TENANT_DOMAIN)]
    for user in seed.USERS.values():
        if user.object_id == caller.object_id and user.home_tenant not in (seed.TENANT, seed.HOME_TENANT):
            domain = user.mail.partition("@")[2]
            tenants.append(_tenant(user.home_tenant, domain.partition(".")[0].capitalize(), domain))
    return Reply(body={"value": tenants})


@ROUTER.add("GET", "/subscriptions")
def list_subscriptions(world: World, request: Request) -> Reply:
    """List the subscriptions in which the caller has any role at all."""
    caller = caller_of(request)
    found = [body for _, body in world.store.list("subscription") if _visible(world, caller, body)]
    return Reply(body={"value": found, "count": {"type": "Total", "value": len(found)}})


@ROUTER.add("GET", SUBSCRIPTION)
def get_subscription(world: World, request: Request, subscription: str) -> Reply:
    """Return one subscription; 403 to callers without any role in it."""
    return Reply(body=_readable(world, request, subscription))


@ROUTER.add("GET", SUBSCRIPTION + "/locations")
def list_locations(world: World, request: Request, subscription: str) -> Reply:
    """List the locations of the subscription: regions, and logical locations in which nothing can be created."""
    found = _readable(world, request, subscription)
    return Reply(body={"value": regions.listed(found["subscriptionId"])})


def _readable(world: World, request: Request, subscription: str) -> Json:
    found = subscription_for(world, f"/subscriptions/{subscription}")
    caller = caller_of(request)
    if not _visible(world, caller, found):
        raise rbac.refusal(caller, "Microsoft.Resources/subscriptions/read", found["id"])
    return found


def _visible(world: World, caller: Caller, subscription: Json) -> bool:
    principals, here = rbac.with_groups(world, caller.object_id), subscription["id"]
    return any(
        rbac.is_within(scope := found["properties"]["scope"], here) or rbac.is_within(here, scope)
        for _, found in world.store.list("roleAssignment")
        if found["properties"]["principalId"].lower() in principals
    )


def _tenant(tenant: str, name: str, domain: str) -> Json:
    return {
        "id": f"/tenants/{tenant}",
        "tenantId": tenant,
        "countryCode": "US",
        "displayName": name,
        "domains": [domain],
        "defaultDomain": domain,
        "tenantCategory": "Home",
        "tenantType": "AAD",
    }

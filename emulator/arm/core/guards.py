"""Checks before every operation: subscription and RBAC; before writes also its state, locks and policies."""

from __future__ import annotations

import re

from emulator import rbac, seed
from emulator.arm.core.errors import PolicyRefused, invalid_subscription, subscription_not_found
from emulator.messages import Caller, Json, Refused, Request
from emulator.world import World

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def caller_of(request: Request) -> Caller:
    """Return the verified caller; `handle` has set it before any operation runs."""
    assert request.caller is not None, "the token is verified before routing"  # noqa: S101 - an invariant of handle()
    return request.caller


def subscription_for(world: World, scope: str) -> Json:
    """Return the subscription that a scope lies in; refuse an unknown one (404) and a malformed id (400)."""
    subscription = scope.split("/")[2]
    if not _GUID.fullmatch(subscription):
        raise invalid_subscription(subscription)
    found = world.store.get("subscription", subscription)
    if found is None:
        raise _elsewhere(world, subscription) or subscription_not_found(subscription)
    return found


def _elsewhere(world: World, subscription: str) -> Refused | None:
    """Return the refusal (401) of a token for a subscription of another tenant, or None."""
    foreign = world.store.get("foreignSubscription", subscription)
    if foreign is None:
        return None
    tenant = foreign["tenantId"]
    return Refused(
        401,
        "InvalidAuthenticationTokenTenant",
        f"The access token is from the wrong issuer 'https://sts.windows.net/{seed.TENANT}/'. It must match the tenant "
        f"'https://sts.windows.net/{tenant}/' associated with this subscription. Please use the authority (URL) "
        f"'https://login.windows.net/{tenant}' to get the token. Note, if the subscription is transferred to another "
        "tenant there is no impact to the services, but information about new tenant could take time to propagate (up "
        "to an hour).",
        headers={
            "WWW-Authenticate": f'Bearer authorization_uri="https://login.windows.net/{tenant}", '
            'error="invalid_token", '
            "error_description=\"The authentication failed because of missing 'Authorization' header.\""
        },
    )


def may_read(world: World, request: Request, action: str, scope: str) -> None:
    """Refuse (403) a read that the caller may not make. Azure does so before it says what exists."""
    subscription_for(world, scope)
    rbac.require(world, caller_of(request), action, scope)


def readable(world: World, request: Request, action: str, scope: str, found: list[Json]) -> list[Json]:
    """Return the resources that the caller may read; refuse (403) a caller who may read neither any nor `scope`."""
    subscription_for(world, scope)
    caller = caller_of(request)
    if rbac.allowed(world, caller.object_id, action, scope):
        return found
    permitted = [body for body in found if rbac.allowed(world, caller.object_id, action, body["id"])]
    if not permitted:
        raise rbac.refusal(caller, action, scope)
    return permitted


def may_write(world: World, request: Request, action: str, scope: str) -> None:
    """Refuse a create or update that `may_act` refuses, or that a policy disallows (403)."""
    may_act(world, request, action, scope)
    _refuse_disallowed(world, scope)


def may_act(world: World, request: Request, action: str, scope: str) -> None:
    """Refuse an action that is not permitted (403), locked (409), or in a disabled subscription (409)."""
    found = subscription_for(world, scope)
    rbac.require(world, caller_of(request), action, scope)
    if found["state"] == "Disabled":
        # 409, not 403: Terraform users reported it for providers and groups in a disabled subscription.
        raise Refused(
            409,
            "ReadOnlyDisabledSubscription",
            f"The subscription '{found['subscriptionId']}' is disabled and therefore marked as read only. You cannot "
            "perform any write "
            "actions on this subscription until it is re-enabled.",
        )
    _refuse_locked(world, scope, "write", ("ReadOnly",))


def may_delete(world: World, request: Request, action: str, scope: str) -> None:
    """Refuse a deletion that is not permitted (403), or that a lock at, above or below the scope forbids (409)."""
    subscription_for(world, scope)
    rbac.require(world, caller_of(request), action, scope)
    _refuse_locked(world, scope, "delete", ("ReadOnly", "CanNotDelete"))


def _refuse_locked(world: World, scope: str, operation: str, levels: tuple[str, ...]) -> None:
    def applies(locked: str) -> bool:
        # A lock inside a group also prevents the deletion of the group.
        return rbac.is_within(scope, locked) or (operation == "delete" and rbac.is_within(locked, scope))

    locked = [
        lock.get("scope", key) for key, lock in world.store.list("lock") if lock["level"] in levels and applies(key)
    ]
    if locked:
        raise Refused(
            409,
            "ScopeLocked",
            f"The scope '{scope}' cannot perform {operation} operation because following scope(s) are locked: "
            f"'{','.join(locked)}'. Please remove the lock and try again.",
        )


def _refuse_disallowed(world: World, scope: str) -> None:
    for key, policy in world.store.list("policy"):
        if not rbac.is_within(scope, key):
            continue
        name, where, target = policy["name"], policy.get("scope", key), scope.rpartition("/")[2]
        assignment = f"{where}/providers/Microsoft.Authorization/policyAssignments/{name}"
        definition = f"/providers/Microsoft.Authorization/policyDefinitions/{name}"
        identifiers = (
            f'[{{"policyAssignment":{{"name":"{name}","id":"{assignment}"}},'
            f'"policyDefinition":{{"name":"{name}","id":"{definition}"}}}}]'
        )
        message = f"Resource '{target}' was disallowed by policy. Policy identifiers: '{identifiers}'."
        raise PolicyRefused(
            message,
            target=target,
            details=[{"code": "RequestDisallowedByPolicy", "target": target, "message": message}],
            additional_info=[
                {
                    "type": "PolicyViolation",
                    "info": {
                        "policyDefinitionDisplayName": name,
                        "policyDefinitionId": definition,
                        "policyDefinitionName": name,
                        "policyDefinitionEffect": "deny",
                        "policyAssignmentId": assignment,
                        "policyAssignmentName": name,
                        "policyAssignmentDisplayName": name,
                        "policyAssignmentScope": where,
                    },
                }
            ],
        )

"""Who a role can be assigned to. Resource Manager learns of new principals late."""

from __future__ import annotations

from emulator.graph import find_principal
from emulator.messages import Caller, Refused
from emulator.world import World


def principal_type(world: World, caller: Caller, principal: str, claimed: str | None) -> str:
    """Return the type of a principal; refuse (400) one that cannot hold a role.

    A new principal is not known yet: without `claimed` (the request's `principalType`) it is refused, and the
    refusal counts as an observation. An application's object id is no principal; its service principal's is.
    """
    found = find_principal(world, principal)
    if found is None:
        raise _not_found(caller, principal)
    actual, replicated = found
    if not replicated:
        if claimed is None:
            raise _not_found(caller, principal)
        return claimed
    if actual == "Application":
        raise Refused(
            400,
            "PrincipalTypeNotSupported",
            "Principals of type Application cannot validly be used in role assignments.",
        )
    if claimed is not None and claimed != actual:
        # The spelling is Azure's.
        raise Refused(
            400,
            "UnmatchedPrincipalType",
            f"The PrincipalId '{principal.replace('-', '')}' has type '{actual}' , which is different from specified "
            f"PrinciaplType '{claimed}'.",
        )
    return actual


def _not_found(caller: Caller, principal: str) -> Refused:
    return Refused(
        400,
        "PrincipalNotFound",
        f"Principal {principal.replace('-', '')} does not exist in the directory {caller.tenant_id}. Check that you "
        "have the "
        "correct principal ID. If you are creating this principal and then immediately assigning a role, this error "
        "might be "
        "related to a replication delay. In this case, set the role assignment principalType property to a value, "
        "such as "
        "ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
    )

"""References to objects (`@odata.id`, `owners@odata.bind`), which name owners and members."""

from __future__ import annotations

import re
from typing import Any

from emulator.graph import replicas, rights
from emulator.graph.refusals import bad, malformed, not_found
from emulator.messages import Caller, Json
from emulator.world import World

_REFERENCE = re.compile(
    r"(?:https://[^/]+/(?:v1\.0|beta)/)?(?:directoryObjects|users|servicePrincipals|groups|applications)"
    r"/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    re.IGNORECASE,
)
_OWNERS = ("user", "servicePrincipal")
_OTHERS = {"group": "Group", "application": "Application"}


def owner(world: World, reference: Any) -> str:
    """Return the object id in a reference to an owner: an existing user or service principal; refuse others."""
    identifier = _identifier(reference)
    for kind in _OWNERS:
        if not replicas.unseen(world, kind, identifier):
            return identifier
    for kind, name in _OTHERS.items():
        if world.store.get(kind, identifier) is not None:
            # Reported by people who tried a group or an application (hashicorp/terraform-provider-azuread).
            raise bad(
                f"The reference target '{name}_{identifier}' of type '{name}' is invalid for the 'owners' reference."
            )
    raise not_found(identifier)


def target(world: World, reference: Any, kinds: tuple[str, ...]) -> str:
    """Return the object id in a reference to an existing object of one of the kinds; refuse (404) others."""
    identifier = _identifier(reference)
    if all(replicas.unseen(world, kind, identifier) for kind in kinds):
        raise not_found(identifier)
    return identifier


def _identifier(reference: Any) -> str:
    match = _REFERENCE.fullmatch(str(reference))
    if match is None:
        raise malformed("Invalid URL format specified in payload.")
    return match[1].lower()


def first_owners(world: World, caller: Caller, body: Json) -> list[str]:
    """Return the owners of the object that `caller` creates with a body.

    A user becomes the owner (learn.microsoft.com/entra/fundamentals/users-default-permissions). So does an
    application that may manage only what it owns (learn.microsoft.com/graph/permissions-reference,
    Application.ReadWrite.OwnedBy); one that manages all does not.
    """
    bound = [owner(world, reference) for reference in body.get("owners@odata.bind") or []]
    maker = [caller.object_id.lower()] if caller.kind == "user" or not rights.manages_all(caller) else []
    return list(dict.fromkeys([*maker, *bound]))

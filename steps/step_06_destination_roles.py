"""Step 6: the roles of the instance's identities on the destinations of its endpoints. One write an assignment."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from azure.core.exceptions import ResourceNotFoundError

from cloud.errors import Refusal
from cloud.lookups import BUILT_IN_ROLES, Principal
from cloud.role_assignments import Assigned, assign, assignment_id, find_assignment, marked, revoke, why_unfit
from steps.az import az, value
from steps.model import MARK, Change, Context, Plan, Right, Step, Values
from steps.routing import SYSTEM
from steps.wanted import Endpoint, Role, Wanted

PREFIX = "destination-role:"
"""What is made is recorded under this and the assignment's lower-cased id."""
DEAD_LETTERS = Role("Storage Blob Data Contributor", BUILT_IN_ROLES["Storage Blob Data Contributor"])
SENDING = {
    # Source: "Azure resource provider operations" in the Azure documentation; and the role of each that is enough.
    "EventHub": ("Microsoft.EventHub/namespaces/messages/send/action", "Azure Event Hubs Data Sender"),
    "ServiceBus": ("Microsoft.ServiceBus/namespaces/messages/send/action", "Azure Service Bus Data Sender"),
}
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"


@dataclass(frozen=True)
class Grant:
    """A role that an identity of the instance needs at a scope."""

    identity: str
    """`SystemAssigned` or the id of a user-assigned identity."""
    scope: str
    role: Role
    endpoint: Endpoint
    """One that needs it."""


@dataclass(frozen=True)
class Observed:
    """The object ids of the instance's identities, by lower-cased id; what is assigned; what earlier runs assigned."""

    principals: Mapping[str, str]
    assigned: Mapping[Grant, str]
    """The lower-cased ids of equal assignments, whatever their names."""
    ours: Mapping[str, Assigned]
    """By id, those of assignments that are recorded as made by us, still there, and marked."""
    gone: frozenset[str] = frozenset()
    """Ids of recorded ones that are not there any more, or not ours."""
    unrecorded: tuple[str, ...] = ()
    """Ids of those that are marked and not recorded, of the instance's own identity: another's may be shared."""
    refused: tuple[str, ...] = ()
    """Roles that can't be assigned where they are wanted, or don't allow to send there, and why."""


def grants(wanted: Wanted) -> tuple[Grant, ...]:
    """Return the roles that the endpoints need, each once; `role=none` asks for none."""
    needed: dict[tuple[str, str, str], Grant] = {}
    for endpoint in wanted.endpoints or ():
        if endpoint.identity is None or endpoint.role is None:
            continue
        places = [(endpoint.destination, endpoint.role)]
        if endpoint.dead_letter:
            places.append((endpoint.dead_letter, DEAD_LETTERS))
        for scope, role in places:
            key = (endpoint.identity.lower(), scope.lower(), role.id)
            needed.setdefault(key, Grant(endpoint.identity, scope, role, endpoint))
    return tuple(needed.values())


async def observe(context: Context) -> Observed:
    """Read the instance's identities and, side by side, the assignment that each endpoint needs."""
    wanted, needed = context.wanted, grants(context.wanted)
    recorded = {one.removeprefix(PREFIX) for one in context.made | context.begun}
    by_identity = any(endpoint.identity for endpoint in wanted.endpoints or ())
    if wanted.endpoints is None or not (by_identity or recorded):
        return Observed({}, {}, {})
    principals, refused = await asyncio.gather(_principals(context), _refused(context, needed))
    known = [grant for grant in needed if grant.identity.lower() in principals]
    azure, ids = context.azure, [principals[grant.identity.lower()] for grant in known]
    found = await asyncio.gather(
        *(
            find_assignment(azure, grant.scope, principal, grant.role.id, MARK)
            for grant, principal in zip(known, ids, strict=True)
        )
    )
    assigned = {grant: one.lower() for grant, (one, _) in zip(known, found, strict=True) if one}
    mine = {one.lower() for one, ours in found if ours}
    own = {one for grant, one in assigned.items() if grant.identity == SYSTEM}
    unrecorded = tuple(sorted((mine & own) - recorded))
    mine &= recorded
    ours = {one: Assigned(one, grant.role.name, _who(grant)) for grant, one in assigned.items() if one in mine}
    ours |= {one.id: one for one in await marked(azure, recorded - set(assigned.values()), MARK)}
    return Observed(principals, assigned, ours, frozenset(recorded - set(ours)), unrecorded, refused)


async def _principals(context: Context) -> Mapping[str, str]:
    wanted = context.wanted
    try:
        found = await context.azure.twins.digital_twins.get(wanted.resource_group, wanted.instance)
    except ResourceNotFoundError:
        return {}
    identity = found.identity
    if identity is None:
        return {}
    users: dict[str, str | None] = {
        one.lower(): user.principal_id for one, user in (identity.user_assigned_identities or {}).items()
    }
    system: dict[str, str | None] = {SYSTEM.lower(): identity.principal_id} if identity.principal_id else {}
    return {name: principal for name, principal in {**users, **system}.items() if principal}


async def _refused(context: Context, needed: tuple[Grant, ...]) -> tuple[str, ...]:
    """Say of roles other than the usual ones why they are of no use there: Azure itself says so only much later."""

    async def why(one: Grant) -> str:
        action, usual = SENDING.get(one.endpoint.type, ("", ""))
        if one.scope == one.endpoint.dead_letter or one.role.id == BUILT_IN_ROLES.get(usual):
            return ""
        return await why_unfit(context.azure, one.scope, one.role.id, action)

    whys = await asyncio.gather(*(why(one) for one in needed))
    return tuple(f"Endpoint {one.endpoint.name}: {why}" for one, why in zip(needed, whys, strict=True) if why)


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Assign what is missing, then take back what we assigned and nobody wants any more."""
    needed = grants(wanted)
    if wanted.endpoints is None or not (needed or observed.ours or observed.gone):
        _refuse_missing_identities(observed, wanted)
        return Plan(reason="not wanted", skipped=True)
    _refuse_missing_identities(observed, wanted)
    if observed.refused:
        raise Refusal(
            "A role is of no use at its destination.",
            why="\n".join(observed.refused),
            next="Leave role= away for the usual role; or have the role changed, and run again. With role=none none is "
            "assigned, where the identity may send already.",
            exit_code=2,
        )
    changes = [_assign(grant, observed) for grant in needed if grant not in observed.assigned]
    kept = {observed.assigned[grant] for grant in needed if grant in observed.assigned}
    changes += [_take_back(one) for name, one in sorted(observed.ours.items()) if name not in kept]
    gone = tuple(f"{PREFIX}{one}" for one in sorted(observed.gone))
    reason = "the identities may send to their destinations" if needed else "there are none"
    return Plan(tuple(changes), reason="" if changes else reason, gone=gone, unrecorded=_unrecorded(observed))


def _unrecorded(observed: Observed) -> tuple[str, ...]:
    return tuple(f"{PREFIX}{one}" for one in observed.unrecorded)


def remove(observed: Observed, _wanted: Wanted) -> Plan:
    """Take back all that we assigned; it doesn't go with the instance."""
    if not (observed.ours or observed.assigned):
        return Plan(reason="nothing to remove", skipped=True)
    others = set(observed.assigned.values()).difference(observed.ours, observed.unrecorded)
    notes = tuple(f"The role assignment {one} was there before: kept." for one in sorted(others))
    changes = tuple(_take_back(one) for _, one in sorted(observed.ours.items()))
    reason = "" if changes else "the roles were there before"
    return Plan(changes, reason=reason, notes=notes, unrecorded=_unrecorded(observed))


def _refuse_missing_identities(observed: Observed, wanted: Wanted) -> None:
    coming = {one.lower() for one in wanted.user_identities or ()}
    coming |= {SYSTEM.lower()} if wanted.system_identity else set()
    for endpoint in wanted.endpoints or ():
        if endpoint.identity is None or endpoint.identity.lower() in {*coming, *observed.principals}:
            continue
        system = endpoint.identity == SYSTEM
        what = "the instance's system identity, which it does not have" if system else endpoint.identity
        flag = "--system-identity" if system else f"--user-identity {endpoint.identity}"
        raise Refusal(
            f"Endpoint {endpoint.name} uses {what}{'' if system else ', which the instance does not have'}.",
            next=f"Give it to the instance with {flag}, or base the endpoint on a key: auth=key.",
            exit_code=2,
        )


def _assign(grant: Grant, observed: Observed) -> Change:
    principal = observed.principals.get(grant.identity.lower(), "")
    to_be = assignment_id(grant.scope, principal, grant.role.id)
    return Change(
        f"assign-role:{grant.role.id}:{grant.identity.lower()}:{grant.scope.lower()}",
        f"assign {grant.role.name} on {grant.scope.rpartition('/')[2]} to {_who(grant)}",
        detail=f"at {grant.scope}",
        body={"grant": grant, "principal": principal},
        makes=(f"{PREFIX}{to_be}",) if to_be else (),
        rights=(Right(f"{ASSIGNMENTS}/write", grant.scope),),
    )


def _who(grant: Grant) -> str:
    return "the instance" if grant.identity == SYSTEM else grant.identity.rpartition("/")[2]


def _take_back(one: Assigned) -> Change:
    scope = one.id.rpartition(f"/providers/{ASSIGNMENTS.lower()}/")[0]
    return Change(
        f"remove-role:{one.id}",
        f"take back {one.role} on {scope.rpartition('/')[2]} from {one.who}",
        detail=f"at {scope}",
        body={"id": one.id},
        unmakes=(f"{PREFIX}{one.id}",),
        rights=(Right(f"{ASSIGNMENTS}/delete", scope),),
    )


async def apply(change: Change, context: Context) -> Values:
    """Create an assignment, or delete one of ours."""
    if "id" in change.body:
        await revoke(context.azure, change.body["id"])
        return {}
    grant: Grant = change.body["grant"]
    principal = Principal(change.body["principal"], "ServicePrincipal", "the identity")
    if not principal.object_id:
        raise Refusal(
            f"The instance does not have the identity that endpoint {grant.endpoint.name} uses.",
            next="Run the same command again; if that doesn't help, look at the instance's identity in the portal.",
        )
    await assign(context.azure, grant.scope, principal, grant.role.id, MARK, context.progress)
    return {}


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command that assigns the role, or takes it back."""
    if "id" in change.body:
        return az("role", "assignment", "delete", "--ids", change.body["id"])
    grant: Grant = change.body["grant"]
    who = change.body["principal"]
    if not who and grant.identity == SYSTEM:
        who = f'"{value(wanted.instance_id, "identity.principalId")}"'
    elif not who:
        shown = az("identity", "show", "--ids", grant.identity, "--query", "principalId", "--output", "tsv")
        who = f'"$({shown})"'
    what = shlex.join(["--role", grant.role.name, "--scope", grant.scope])
    return f"az role assignment create --assignee-object-id {who} --assignee-principal-type ServicePrincipal {what}"


STEP = Step(
    6,
    "destination_roles",
    "Roles on destinations",
    ("instance",),
    observe,
    plan,
    apply,
    hand_off,
    remove,
    optional=True,
)

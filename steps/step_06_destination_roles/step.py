"""Step 6: the roles of the instance's identities on destinations. May assign them, and delete its own assignments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cloud.identifiers import Principal
from engine.context import Context, Removal, Target
from engine.input import Given, Lookup
from engine.record import Record, Values
from engine.refusal import Refusal
from engine.step import Plan, Step
from steps.shared.event_routing import SYSTEM, endpoint_lookups
from steps.shared.names import Names
from steps.shared.role_assignments import Asked, Assignment, is_ours, recorded_ids, retained
from steps.step_06_destination_roles.changes import DESTINATION_ROLE, AssignDestinationRole, RevokeDestinationRole
from steps.step_06_destination_roles.inputs import (
    DesiredDestinationRoles,
    RequiredRole,
    desired_destination_roles,
    identity_key,
)

if TYPE_CHECKING:
    from cloud.clients import Azure


@dataclass(frozen=True)
class DestinationRoles:
    """What is assigned to the instance's identities, and what exists of earlier runs' assignments."""

    principals: Mapping[str, str] = field(default_factory=dict)
    """The object ids of the instance's identities, by SYSTEM or lower-cased id."""
    equal: Mapping[RequiredRole, Assignment] = field(default_factory=dict)
    """Assignments of a required role, whatever their names."""
    recorded: tuple[Assignment, ...] = ()
    """Other assignments that the record names and that exist."""
    unfit: tuple[str, ...] = ()
    """Roles that can't be assigned at their destination or don't allow to send there, and why."""
    effective: Mapping[RequiredRole, str] = field(default_factory=dict)
    """What has the effect of a required role that isn't assigned, in words: inherited, or a group's."""


class DestinationRolesStep(Step["Azure", Names, DesiredDestinationRoles, DestinationRoles]):
    """Assigns the roles by which the instance's identities send events and dead letters."""

    number, key, title = 6, "destination_roles", "Roles on destinations"
    needs = ("instance",)
    kinds = (DESTINATION_ROLE,)
    optional = True

    def lookups(self, given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
        return endpoint_lookups(given, target)

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredDestinationRoles:
        return desired_destination_roles(given, target, names)

    async def observe(self, context: Context[Azure], desired: DesiredDestinationRoles) -> DestinationRoles:
        """Read the instance's identities and, side by side, the assignment of each required role."""
        from asyncio import gather

        from steps.shared.azure_instance import read_instance
        from steps.shared.azure_role_assignments import find_assignments, read_assignments

        azure, target, read = context.clients, desired.target, context.read
        recorded = recorded_ids(DESTINATION_ROLE, context.record)
        uses_identity = any(endpoint.identity for endpoint in desired.endpoints or ())
        if desired.endpoints is None or not (uses_identity or recorded):
            return DestinationRoles()
        instance, unfit = await gather(
            read(read_instance, azure, target.resource_group, target.instance), _unfit(context, desired)
        )
        principals = {key: found for key, found in (instance.principals if instance else {}).items() if found}
        required = [role for role in desired.roles if role.identity_key in principals]
        found = await gather(
            *(
                find_assignments(
                    context,
                    role.scope,
                    Principal(principals[role.identity_key], "ServicePrincipal", role.who),
                    role.role,
                    Asked(desired.of_its_own, role.asks),
                )
                for role in required
            )
        )
        equal = {role: assignment for role, (assignment, _) in zip(required, found, strict=True) if assignment}
        effective = {role: words for role, (_, words) in zip(required, found, strict=True) if words}
        others = recorded - {assignment.id for assignment in equal.values()}
        return DestinationRoles(principals, equal, await read_assignments(context, others), unfit, effective)

    def plan(
        self,
        observed: DestinationRoles,
        desired: DesiredDestinationRoles,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Assign what is missing, then revoke what this tool assigned and is no longer desired."""
        del values, answers
        _refuse_missing_identities(observed, desired)
        required = desired.roles
        if desired.endpoints is None or not (required or recorded_ids(DESTINATION_ROLE, record)):
            return Plan(reason="not desired", skipped=True)
        if observed.unfit:
            raise Refusal(
                "A role can't be used at its destination.",
                why="\n".join(observed.unfit),
                next="Omit role= for the usual role; or have the role changed, and run again. With role=none no role "
                "is assigned: for an identity that may send already.",
                exit_code=2,
            )
        missing = (role for role in required if role not in observed.equal and role not in observed.effective)
        former = (assignment for assignment in observed.recorded if is_ours(DESTINATION_ROLE, assignment, record))
        changes = (*(_assign(role, observed, desired) for role in missing), *_revoke(former))
        reason = "the identities may send to their destinations" if required else "there are none"
        notes = tuple(
            f"Endpoint {role.endpoint}: {role.who} has it already: {words}."
            for role, words in observed.effective.items()
        )
        return Plan(
            changes,
            reason="" if changes else reason,
            notes=notes,
            vanished=_vanished(observed, record),
            adoptable=_adoptable(observed, record),
        )

    def remove(
        self,
        observed: DestinationRoles,
        desired: DesiredDestinationRoles,
        record: Record,
        values: Values,
        removal: Removal,
    ) -> Plan:
        """Delete all our assignments: deleting the instance would not delete them."""
        del values, removal
        if desired.endpoints is None:
            return Plan(reason="nothing to remove", skipped=True)
        changes, adoptable = _revoke(_ours(observed, record)), _adoptable(observed, record)
        existing = (*observed.equal.values(), *observed.recorded)
        kept = retained(DESTINATION_ROLE, existing, record)
        plan = Plan(changes, vanished=_vanished(observed, record), adoptable=adoptable, retained=kept)
        if not (changes or observed.equal or kept):
            return replace(plan, reason="nothing to remove", skipped=True)
        own = {*adoptable, *(item for change in changes for item in change.releases)}
        recorded = recorded_ids(DESTINATION_ROLE, record)
        others = {
            found.id for found in observed.equal.values() if DESTINATION_ROLE.item(found.id) not in own
        } - recorded
        notes = tuple(f"The role assignment {other} was there before: kept." for other in sorted(others))
        return replace(plan, reason="" if changes else "the roles were there before", notes=notes)


async def _unfit(context: Context[Azure], desired: DesiredDestinationRoles) -> tuple[str, ...]:
    """Say of roles other than the usual ones why they can't be used: Azure itself says so only much later."""
    from asyncio import gather

    from steps.shared.azure_role_assignments import why_unfit

    unusual = [role for role in desired.roles if role.data_action and context.removal is None]
    whys = await gather(*(why_unfit(context, role.scope, role.role.id, role.data_action) for role in unusual))
    return tuple(f"Endpoint {role.endpoint}: {why}" for role, why in zip(unusual, whys, strict=True) if why)


def _ours(observed: DestinationRoles, record: Record) -> tuple[Assignment, ...]:
    equal = (
        replace(assignment, role=required.role.name, who=required.who)
        for required, assignment in observed.equal.items()
    )
    return tuple(found for found in (*equal, *observed.recorded) if is_ours(DESTINATION_ROLE, found, record))


def _vanished(observed: DestinationRoles, record: Record) -> tuple[str, ...]:
    existing = {assignment.id for assignment in (*observed.equal.values(), *observed.recorded)}
    return tuple(DESTINATION_ROLE.item(found) for found in sorted(recorded_ids(DESTINATION_ROLE, record) - existing))


def _adoptable(observed: DestinationRoles, record: Record) -> tuple[str, ...]:
    """Return the marked ones of the instance's own identity: those of a user-assigned identity may be another's."""
    marked = {
        assignment.id
        for required, assignment in observed.equal.items()
        if required.identity == SYSTEM and assignment.marked
    }
    return tuple(DESTINATION_ROLE.item(found) for found in sorted(marked - recorded_ids(DESTINATION_ROLE, record)))


def _refuse_missing_identities(observed: DestinationRoles, desired: DesiredDestinationRoles) -> None:
    """Raise Refusal for an endpoint whose identity the instance doesn't have and is not to have."""
    for endpoint in desired.endpoints or ():
        if endpoint.identity is None or identity_key(endpoint.identity) in {*desired.identities, *observed.principals}:
            continue
        system = endpoint.identity == SYSTEM
        what = "the instance's system identity, which it does not have" if system else endpoint.identity
        flag = "--system-identity" if system else f"--user-identity {endpoint.identity}"
        raise Refusal(
            f"Endpoint {endpoint.name} uses {what}{'' if system else ', which the instance does not have'}.",
            next=f"Give it to the instance with {flag}, or base the endpoint on a key: auth=key.",
            exit_code=2,
        )


def _assign(
    required: RequiredRole, observed: DestinationRoles, desired: DesiredDestinationRoles
) -> AssignDestinationRole:
    # The principal is known once the instance has the identity: the step is planned again then.
    principal = observed.principals.get(required.identity_key, "")
    return AssignDestinationRole(
        scope=required.scope,
        principal=Principal(principal, "ServicePrincipal", required.who),
        role=required.role,
        identity=required.identity,
        endpoint=required.endpoint,
        instance=desired.target.instance_id,
    )


def _revoke(assignments: Iterable[Assignment]) -> tuple[RevokeDestinationRole, ...]:
    ours = sorted(assignments, key=lambda assignment: assignment.id)
    return tuple(RevokeDestinationRole(assignment=assignment, values={}) for assignment in ours)


STEP = DestinationRolesStep()

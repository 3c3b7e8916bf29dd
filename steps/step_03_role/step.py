"""Step 3: the data-plane roles on the instance. May create role assignments, and delete those that it created."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cloud.data_actions import effect, known_effect
from engine.context import Context, Removal, Target
from engine.input import Given, Lookup, Value
from engine.record import Record, Values
from engine.refusal import BadInput, Unknown
from engine.step import Plan, Step
from steps.shared.names import Names
from steps.shared.role_assignments import (
    Asked,
    Assignment,
    adoptable,
    former,
    is_ours,
    recorded_ids,
    retained,
    subscription_of,
    vanished,
)
from steps.step_03_role.changes import ROLE_ASSIGNMENT, VALUE, AssignDataRole, RevokeDataRole
from steps.step_03_role.inputs import INPUTS, Access, DesiredRoles, desired_roles, lookups
from steps.step_03_role.observed import FoundRoles

if TYPE_CHECKING:
    from cloud.clients import Azure


class RoleStep(Step["Azure", Names, DesiredRoles, FoundRoles]):
    """Assigns roles on the instance to their holders."""

    number, key, title = 3, "role", "Data-plane role"
    needs = ("instance",)
    inputs = INPUTS
    kinds = (ROLE_ASSIGNMENT,)

    def lookups(self, given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
        return lookups(given, target)

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredRoles:
        return desired_roles(given, target, names)

    def settled(self, desired: DesiredRoles) -> Mapping[str, Value]:
        first = desired.rows[0]
        return {"assignee": first.holder.object_id, "role": first.role.name}

    async def observe(self, context: Context[Azure], desired: DesiredRoles) -> FoundRoles:
        """List the holders' assignments at the instance, and read those that the record names, side by side."""
        from asyncio import gather

        from steps.shared.azure_role_assignments import find_assignments, read_assignments

        scope = _scope(desired, context.values)
        listed, effects = await gather(
            gather(
                *(
                    find_assignments(
                        context, scope, row.holder, row.role, Asked(desired.of_its_own, is_lost=bool(row.lost))
                    )
                    for row in desired.rows
                )
            ),
            gather(*(_effect(context, scope, row) for row in desired.rows)),
        )
        equal = {row: found for row, (found, _) in zip(desired.rows, listed, strict=True) if found}
        others = recorded_ids(ROLE_ASSIGNMENT, context.record) - {found.id for found in equal.values()}
        labels = {row.holder.object_id: row.holder.label for row in desired.rows}
        return FoundRoles(
            equal,
            {row: words for row, (_, words) in zip(desired.rows, listed, strict=True) if words},
            await read_assignments(context, others, labels),
            {row: words for row, words in zip(desired.rows, effects, strict=True) if words is not None},
        )

    def plan(
        self,
        observed: FoundRoles,
        desired: DesiredRoles,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Assign the roles where nothing gives what they give, then revoke what this tool assigned before."""
        del answers
        for row in desired.rows:
            _refuse_lost(row, observed.equal.get(row))
            _refuse_useless(row, observed)
        missing = [row for row in desired.rows if row not in observed.equal and row not in observed.effective]
        first = desired.rows[0]
        assign = tuple(
            AssignDataRole(
                scope=_scope(desired, values),
                principal=row.holder,
                role=row.role,
                value=VALUE if row == first else "",
                effect=observed.effects.get(row, ""),
            )
            for row in missing
        )
        revoke = tuple(RevokeDataRole(assignment=found, values={}) for found in former(observed.recorded))
        inherited = tuple(f"{row.holder.label} has it already: {words}" for row, words in observed.effective.items())
        kept = "; ".join((*(observed.words(row) for row in observed.equal), *inherited))
        plan = Plan(
            (*assign, *revoke),
            reason="" if assign or revoke else kept,
            notes=tuple(f"{words}." for words in inherited) if assign or revoke else (),
            vanished=vanished(ROLE_ASSIGNMENT, observed.existing, record),
            adoptable=adoptable(ROLE_ASSIGNMENT, observed.equals, record),
        )
        if first in observed.equal:
            return replace(plan, values={VALUE: observed.equal[first].spelling})
        return replace(plan, values={VALUE: ""} if first in observed.effective and values.get(VALUE) else {})

    def remove(
        self, observed: FoundRoles, desired: DesiredRoles, record: Record, values: Values, removal: Removal
    ) -> Plan:
        """Delete our assignments."""
        del desired, values, removal
        ours = (
            replace(found, role=row.role.name, who=row.holder.label)
            for row, found in observed.equal.items()
            if is_ours(ROLE_ASSIGNMENT, found, record)
        )
        changes = tuple(
            RevokeDataRole(assignment=found, values={VALUE: ""}) for found in (*ours, *former(observed.recorded))
        )
        kept = (
            *(f"{row.holder.label} had the role {row.role.name} before: kept" for row in observed.equal),
            *(
                f"{row.holder.label} has it without this tool: {words}: kept"
                for row, words in observed.effective.items()
            ),
        )
        return Plan(
            changes,
            reason="" if changes else "; ".join(kept) or "there is no such assignment",
            vanished=vanished(ROLE_ASSIGNMENT, observed.existing, record),
            adoptable=adoptable(ROLE_ASSIGNMENT, observed.equals, record),
            retained=retained(ROLE_ASSIGNMENT, (*observed.recorded, *observed.equals), record),
        )


async def _effect(context: Context[Azure], scope: str, row: Access) -> str | None:
    """Return what a role lets its holder do with the data; None where its definition can't be read, or isn't needed."""
    from steps.shared.azure_role_assignments import read_definition

    known = known_effect(row.role)
    if known is not None or context.removal is not None:
        return known
    found = await context.read(read_definition, context.clients, subscription_of(scope), row.role.id)
    return None if found is None else effect(found.data)


def _refuse_lost(row: Access, left: Assignment | None) -> None:
    """Raise Unknown for a holder who is nobody any more, with the assignment that was left behind."""
    if row.lost is None:
        return
    if left is None:
        raise row.lost
    delete = shlex.join(("az", "role", "assignment", "delete", "--ids", left.spelling))
    raise Unknown(
        row.lost.what,
        f"{row.lost.next}\nOr leave {row.holder.label} out, and what this tool assigned goes; or delete the "
        f"assignment: {delete}",
        why=f"{row.lost.why}\nA role assignment is left, which names nobody: {row.role.name}, {left.spelling}".lstrip(),
    )


def _refuse_useless(row: Access, observed: FoundRoles) -> None:
    """Raise BadInput for a role that gives nothing of the data; one that is assigned is only told of."""
    if row in observed.equal or observed.effects.get(row) != "":
        return
    raise BadInput(
        f"The role {row.role.name} gives {row.holder.label} nothing of the instance's data.",
        "Give owner (Azure Digital Twins Data Owner) or reader (Azure Digital Twins Data Reader), or a role of your "
        "own with data actions of Microsoft.DigitalTwins.",
        why="It has no data actions of Microsoft.DigitalTwins: such roles are for managing resources, or for others.",
    )


def _scope(desired: DesiredRoles, values: Values) -> str:
    return values.get("instance_id") or desired.target.instance_id


STEP = RoleStep()

"""Step 2: the Digital Twins instance, with its tags, network access and identities. Adopts an existing one.

May register the provider, create and change the instance, and create user-assigned identities; deletes an instance or
identity only when it created it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cloud.identifiers import region_code
from engine.change import AnyChange
from engine.context import Context, Removal, Target
from engine.input import Given, Value
from engine.record import Record, Values
from engine.refusal import BadInput
from engine.step import Plan, Step
from steps.shared.identities import IDENTITY, IDENTITY_LINK, SYSTEM_IDENTITY
from steps.shared.instance import INSTANCE, Instance
from steps.shared.names import Names
from steps.shared.provisioning import FAILED, GOING, WORKING
from steps.shared.tags import INSTANCE_TAG, describe_marks, is_marked, mark_tags, taken_over
from steps.step_02_instance.changes import (
    AwaitInstance,
    ChangeInstance,
    CloseNetwork,
    CreateInstance,
    DeleteInstance,
    RecreateInstance,
    RegisterProvider,
)
from steps.step_02_instance.identities import (
    BREAK,
    ask_to_break,
    create_missing,
    delete_ours,
    describe_breakage,
    identities_in_use,
    retained,
)
from steps.step_02_instance.inputs import INPUTS, DesiredInstance, desired_instance, unavailable_name
from steps.step_02_instance.notes import deleted_along, notes_of_creation, notes_of_existing
from steps.step_02_instance.observed import ObservedInstance, values_of
from steps.step_02_instance.settings import (
    close_network,
    compare,
    links_removed_by_others,
    lost_identities,
    remaining_identities,
)

if TYPE_CHECKING:
    from cloud.clients import Azure


class InstanceStep(Step["Azure", Names, DesiredInstance, ObservedInstance]):
    """Provides the instance with its settings."""

    number, key, title = 2, "instance", "Digital Twins instance"
    needs = ("resource_group",)
    inputs = INPUTS
    kinds = (INSTANCE, INSTANCE_TAG, IDENTITY, IDENTITY_LINK, SYSTEM_IDENTITY)

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredInstance:
        del names
        return desired_instance(given, target)

    def settled(self, desired: DesiredInstance) -> Mapping[str, Value]:
        return {"instance": desired.target.instance}

    async def observe(self, context: Context[Azure], desired: DesiredInstance) -> ObservedInstance:
        """Read the instance and the identities; without an instance, also the provider and whether the name is free."""
        from asyncio import gather

        from steps.shared.azure_event_routing import list_endpoints
        from steps.shared.azure_instance import read_instance
        from steps.step_02_instance.azure import count_contents, list_connections, read_identity

        azure, removal, owned = context.clients, context.removal, context.record.owned
        where = (desired.target.resource_group, desired.target.instance)
        names = {low: low for low in sorted(IDENTITY.names(owned))} | desired.user_identities_by_id
        instance, found = await gather(
            context.read(read_instance, azure, *where),
            gather(*(context.read(read_identity, azure, identifier) for identifier in names.values())),
        )
        identities = {low: identity for low, identity in zip(names, found, strict=True) if identity}
        observed = ObservedInstance(instance, identities)
        if instance is None and removal is None:
            observed = await _look_before_creating(context, desired.target, observed)
            instance = observed.instance
        if instance is None:
            return observed
        if removal is not None and _is_ours(instance, desired.target, context.record):
            endpoints, contents = await gather(
                context.read(list_endpoints, azure, *where), context.read(count_contents, azure, instance.host_name)
            )
            return replace(observed, endpoints=endpoints, contents=contents)
        goal = desired if removal is None else _without_ours(desired, context.record)
        if not lost_identities(instance, goal, owned):
            return observed
        endpoints, connections = await gather(
            context.read(list_endpoints, azure, *where), context.read(list_connections, azure, *where)
        )
        return replace(observed, endpoints=endpoints, connections=connections)

    def plan(
        self,
        observed: ObservedInstance,
        desired: DesiredInstance,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Adopt a working instance and correct its settings; register and create otherwise.

        Refuses regions without the service, names that are taken, and identities that don't exist.
        """
        instance = observed.instance
        if instance is None or instance.state in GOING:
            return _create(observed, desired, record, values)
        location, target = region_code(instance.location), desired.target
        desired.refuse_other_region(location)
        lost = lost_identities(instance, desired, record.owned)
        adoptable = _adoptable(observed, target, record)
        ours = INSTANCE.item() in (*record.owned, *adoptable)
        before_closing, closing = close_network(instance, desired, is_created=instance.state in FAILED)
        settings = compare(instance, observed.identities, before_closing, record.owned, lost, marked=ours)
        broken = describe_breakage(observed, desired, record, lost)
        agreed = not broken or answers.get(BREAK, False)
        changes: list[AnyChange] = [*create_missing(observed, desired, location)]
        if instance.state in FAILED:
            changes.append(RecreateInstance(target=target, location=instance.location, settings=settings))
        else:
            if instance.state not in WORKING:
                changes.append(AwaitInstance(target=target, state=instance.state))
            if settings.words:
                changes.append(ChangeInstance(target=target, instance=instance, settings=settings))
        if desired.user_identities is not None:
            changes += delete_ours(observed, record, target.instance_id, remaining_identities(instance, desired, lost))
        if closing.words:
            changes.append(CloseNetwork(target=target, instance=instance, settings=closing))
        known = [name for name, value in values.items() if value]
        return Plan(
            tuple(changes),
            reason=f"instance {instance.name} exists",
            notes=(*notes_of_existing(instance, desired, lost), *(broken if agreed else ())),
            values=values_of(instance, known) if instance.state in WORKING else {},
            vanished=links_removed_by_others(instance, desired, record.owned),
            ask=None if agreed else ask_to_break(instance.name, lost, broken),
            adoptable=adoptable,
        )

    def remove(
        self, observed: ObservedInstance, desired: DesiredInstance, record: Record, values: Values, removal: Removal
    ) -> Plan:
        """Delete the instance when we created it, and the identities that we created.

        An adopted instance loses only our tags, and of the identities that we gave it those that nothing else uses.
        """
        del values, removal
        instance, target = observed.instance, desired.target
        inside, whose = sorted(record.owned_in_instance), target.instance_id
        recorded = (*(item for item in sorted(record.owned) if IDENTITY.read(item) is None), *inside)
        if instance is None:
            return Plan(
                delete_ours(observed, record, whose),
                reason="there is no such instance",
                vanished=recorded,
                retained=retained(observed, record, whose),
            )
        if _is_ours(instance, target, record):
            delete = DeleteInstance(target=target, instance=instance, recorded=recorded)
            note = deleted_along(observed, inside)
            changes = (delete, *delete_ours(observed, record, whose))
            return Plan(changes, notes=(note,) if note else (), retained=retained(observed, record, whose))
        goal = _without_ours(desired, record)
        lost = lost_identities(instance, goal, record.owned) - identities_in_use(observed, desired)
        theirs = taken_over(INSTANCE_TAG, instance.tags, desired.tags, record.owned)
        settings = compare(instance, observed.identities, goal, record.owned - theirs, lost)
        change = (ChangeInstance(target=target, instance=instance, settings=settings),) if settings.words else ()
        staying = remaining_identities(instance, goal, lost)
        kept = retained(observed, record, whose, staying)
        if recorded_instance := INSTANCE.item() in record.owned:
            kept = (f"Instance {instance.name}: {describe_marks(instance.tags, whose)}.", *kept)
        why = "no longer has this tool's tag" if recorded_instance else "existed before"
        return Plan(
            (*change, *delete_ours(observed, record, whose, staying)),
            f"instance {instance.name} {why}: kept",
            vanished=tuple(sorted(theirs)),
            adoptable=_adoptable(observed, target, record),
            retained=kept,
        )


async def _look_before_creating(
    context: Context[Azure], target: Target, observed: ObservedInstance
) -> ObservedInstance:
    """Read the provider, the other instances, and whether the name is free; where it is taken, the instance again."""
    from asyncio import gather

    from cloud.regions import name_taken
    from steps.shared.azure_instance import read_instance
    from steps.step_02_instance.azure import count_by_region, read_provider

    azure = context.clients
    provider = await context.read(read_provider, azure)
    observed = replace(observed, provider=provider)
    if provider.registration != "Registered" or target.location not in provider.regions:
        return observed
    why, others = await gather(
        context.read(name_taken, azure, target.location, target.instance), context.read(count_by_region, azure)
    )
    # A taken name may be that of the instance, which another run has created meanwhile: this isn't a shared read.
    instance = await read_instance(azure, target.resource_group, target.instance) if why else None
    return replace(observed, name_problem=why, instance=instance, others_by_region=others)


def _is_ours(instance: Instance, target: Target, record: Record) -> bool:
    return INSTANCE.item() in record.owned and is_marked(instance.tags, target.instance_id)


def _adoptable(observed: ObservedInstance, target: Target, record: Record) -> tuple[str, ...]:
    """Return the instance and its identities where they are marked and nothing is recorded: a state file was lost.

    An identity alone says nothing: another deployment of this tool may have created it.
    """
    instance, item = observed.instance, INSTANCE.item()
    if instance is None or item in record.owned or not is_marked(instance.tags, target.instance_id):
        return ()
    marked = (
        IDENTITY.item(low)
        for low, identity in observed.identities.items()
        if is_marked(identity.tags, target.instance_id)
    )
    return (item, *(identity for identity in marked if identity not in record.owned))


def _without_ours(desired: DesiredInstance, record: Record) -> DesiredInstance:
    """Return what an adopted instance is to be without what this tool set."""
    return replace(
        desired,
        tags={},
        public_network_access=None,
        system_identity=False if SYSTEM_IDENTITY.item() in record.owned else None,
        user_identities=(),
    )


def _create(observed: ObservedInstance, desired: DesiredInstance, record: Record, values: Values) -> Plan:
    target, exists = desired.target, observed.instance is not None
    was_ours = exists or record.removed or "instance_id" in values
    if not exists and target.location not in observed.provider.regions:
        raise BadInput(
            f"Region {target.location} does not offer Azure Digital Twins.",
            "Choose one of these with --location.",
            why=f"It is offered in: {', '.join(observed.provider.regions)}.",
        )
    if observed.name_problem and not was_ours:
        raise unavailable_name(target.instance, target.location, observed.name_problem)
    instance = Instance("", name=target.instance, tags=mark_tags(target.instance_id))
    open_first = replace(instance, access="Enabled")  # Azure's default
    before_closing, closing = close_network(open_first, desired, is_created=True)
    settings = compare(instance, observed.identities, before_closing, (), frozenset())
    create = CreateInstance(
        target=target, location=target.location, settings=settings, after_deletion=exists, was_ours=was_ours
    )
    register = () if exists or observed.provider.registration == "Registered" else (RegisterProvider(target=target),)
    known = "instance_id" in values and not record.removed
    notes = notes_of_creation(observed, desired, was_adopted=known and INSTANCE.item() not in record.owned)
    close = (CloseNetwork(target=target, instance=instance, settings=closing),) if closing.words else ()
    return Plan((*register, *create_missing(observed, desired, target.location), create, *close), notes=notes)


STEP = InstanceStep()

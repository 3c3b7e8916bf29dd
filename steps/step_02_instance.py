"""Step 2: the Digital Twins instance, with its tags, network access and identities. Adopts one that is there.

May register the provider, create and change the instance, and create user-assigned identities; deletes an instance or
identity only when it created it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cloud import identities
from cloud.errors import Refusal
from cloud.identities import UserIdentity, name_of
from cloud.instances import SYSTEM, At, Dependent, Instance, name_refused
from cloud.regions import PROVIDER, name_taken, offered_regions, region_code
from cloud.waiting import poll
from steps import instance_identities
from steps.instance_hand_off import hand_off
from steps.instance_identities import CREATED
from steps.instance_settings import SYSTEM_MADE, WRITE, Difference, differ
from steps.model import MARK, Change, Context, Plan, Right, Step, Values
from steps.routing import Found, goes_along, list_endpoints
from steps.tags import MARK_TAG, marked
from steps.wanted import Wanted

MADE = "instance"
REGISTER_BOUND = 15 * 60
PRINCIPALS = ("identity_principal_id", "user_identity_principal_ids")
INSIDE = ("endpoint:", "sends:", "route:")
"""How the names begin of what other steps make in the instance."""


@dataclass(frozen=True)
class Observed:
    """The instance, and what is needed to create it when it isn't there."""

    instance: Instance | None
    made: frozenset[str]
    identities: Mapping[str, UserIdentity | None]
    """By lower-cased id: the wanted ones, and those that we have created."""
    dependents: tuple[Dependent, ...] | None = None
    """What uses the instance's identities; read only when one is to be taken away."""
    registration: str = ""
    """`registrationState` of the provider; read only when the instance is missing."""
    regions: tuple[str, ...] = ()
    """Code names of the regions that offer instances; read only when the instance is missing."""
    unavailable: str = ""
    """Why the name can't be had, in Azure's words; "" when it can, or when that can't be asked yet."""
    was_ours: bool = False
    """An earlier run made or adopted it, so a name that is still taken is on its way to being free."""
    known: frozenset[str] = field(default_factory=frozenset)
    """The values that earlier runs produced."""
    made_by_any: frozenset[str] = frozenset()
    """What any step is recorded to have made."""
    inside: Mapping[str, Found] = field(default_factory=dict)
    """Its endpoints; read only to remove it."""

    @property
    def ours(self) -> bool:
        """It is recorded as made by us, and marked."""
        return self.instance is not None and MADE in self.made and marked(self.instance.tags)

    @property
    def unrecorded(self) -> tuple[str, ...]:
        """The instance and its identities where they are marked and nothing is recorded: a state file was lost.

        An identity alone says nothing: another deployment of ours may have created it.
        """
        if self.instance is None or MADE in self.made or not marked(self.instance.tags):
            return ()
        found = (CREATED + low for low, one in self.identities.items() if one and marked(one.tags))
        return (MADE, *(one for one in found if one not in self.made))


async def observe(context: Context) -> Observed:
    """Read the instance and the identities; when it is missing, also the provider, its regions and its name."""
    created = [one.removeprefix(CREATED) for one in sorted(context.made) if one.startswith(CREATED)]
    named = {one.lower(): one for one in (*created, *(context.wanted.user_identities or ()))}
    instance, *found = await asyncio.gather(
        _at(context).read(), *(identities.read(context.azure, one) for one in named.values())
    )
    assert instance is None or isinstance(instance, Instance)  # noqa: S101 - for the types
    known = frozenset(name for name, value in context.values.items() if value)
    seen: Mapping[str, Any] = dict(zip(named, found, strict=True))
    observed = Observed(instance, context.made, seen, known=known, made_by_any=context.made_by_any)
    if instance is None:
        observed = await _before_creating(context, observed)
        if observed.unavailable:  # perhaps by one that came meanwhile: another run's
            instance = await _at(context).read()
        if instance is None:
            return observed
        observed = replace(observed, instance=instance)
    if context.removing and observed.ours:
        return replace(observed, inside=await list_endpoints(context))
    if context.removing or differ(instance, seen, context.wanted, context.made).lost:
        return replace(observed, dependents=await _at(context).dependents())
    return observed


def _at(context: Context) -> At:
    return At(context.azure, context.wanted.resource_group, context.wanted.instance, context.progress)


async def _before_creating(context: Context, observed: Observed) -> Observed:
    wanted = context.wanted
    provider = await context.azure.resources.providers.get(PROVIDER)
    regions = offered_regions(provider)
    registration = provider.registration_state or ""
    unavailable = ""
    if registration == "Registered" and wanted.location in regions:
        unavailable = await name_taken(context.azure, wanted.location, wanted.instance)
    was_ours = context.removed or "instance_id" in context.values
    return replace(observed, registration=registration, regions=regions, unavailable=unavailable, was_ours=was_ours)


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Adopt a working instance and put its settings right; register and create otherwise.

    Refuses regions without the service, taken names and identities that don't exist.
    """
    instance = observed.instance
    if instance is None:
        if wanted.location not in observed.regions:
            raise Refusal(
                f"Region {wanted.location} does not offer Azure Digital Twins.",
                why=f"It is offered in: {', '.join(observed.regions)}.",
                next="Choose one of these with --location.",
                exit_code=2,
            )
        if observed.unavailable and not observed.was_ours:
            raise name_refused(wanted.instance, wanted.location, observed.unavailable)
    if instance is None or instance.state == "Deleting":
        return _create(observed, wanted)
    location = region_code(instance.location)
    notes: tuple[str, ...] = ()
    if location != wanted.location:
        notes = (f"The instance is in {instance.location}, not {wanted.location}: it is used as it is.",)
    if instance.access == "Disabled" and wanted.public_network_access is None:
        notes = (*notes, "Public network access to the instance is disabled: that is kept.")
    difference = differ(instance, observed.identities, wanted, observed.made)
    wished = {one.lower() for one in wanted.user_identities or ()}
    others = sorted(name_of(instance.spelt[low]) for low in difference.linked - wished)
    if others and wanted.user_identities is not None:
        notes = (*notes, f"Other user identities are kept: {', '.join(others)}")
    ask, broken = instance_identities.ask(
        instance.name, difference.lost, observed.dependents or (), observed.made_by_any, wanted
    )
    changes = [*instance_identities.create(observed.identities, wanted, location)]
    if instance.state in ("Failed", "Canceled"):
        title = f"create instance {wanted.instance} again, as its creation failed"
        changes.append(_put(title, {"location": instance.location, **difference.put}, difference, wanted))
    else:
        if instance.state != "Succeeded":
            title = f"wait for instance {wanted.instance}, which is {instance.state}"
            changes.append(Change("await-instance", title))
        if difference.says:
            changes.append(_patch(instance, difference))
    if wanted.user_identities is not None:
        changes += instance_identities.delete(observed.identities, observed.made, wished | difference.linked)
    return Plan(
        tuple(changes),
        reason=f"instance {instance.name} exists",
        notes=(*notes, *broken),
        values=_values(instance, observed.known) if instance.state == "Succeeded" else {},
        ask=ask,
        unrecorded=observed.unrecorded,
    )


def _create(observed: Observed, wanted: Wanted) -> Plan:
    difference = differ(Instance(""), observed.identities, wanted, ())
    title = f"create instance {wanted.instance} in {wanted.location}"
    if observed.instance:
        title += ", once the one being deleted is gone"
    if difference.says:
        title += f": {', '.join(difference.says)}"
    tags = {MARK_TAG: MARK, **difference.put["tags"]}
    how = {"wait": observed.instance is not None, "was_ours": observed.was_ours or observed.instance is not None}
    changes = [
        *instance_identities.create(observed.identities, wanted, wanted.location),
        _put(title, {"location": wanted.location, **difference.put, "tags": tags}, difference, wanted, MADE, **how),
    ]
    if observed.instance is None and observed.registration != "Registered":
        what, scope = f"register the provider {PROVIDER} in the subscription", f"/subscriptions/{wanted.subscription}"
        changes.insert(0, Change("register-provider", what, rights=(Right(f"{PROVIDER}/register/action", scope),)))
    return Plan(tuple(changes))


def _put(
    title: str, body: Mapping[str, Any], difference: Difference, wanted: Wanted, *made: str, **how: bool
) -> Change:
    rights = (Right(WRITE, wanted.group_id), *(one for one in difference.rights if one.action != WRITE))
    return Change(
        "create-instance", title, "", {"put": body, **how}, (*made, *difference.makes), difference.unmakes, rights
    )


def _patch(instance: Instance, difference: Difference) -> Change:
    return Change(
        "change-instance",
        f"change instance {instance.name}: {', '.join(difference.says)}",
        body={"patch": difference.patch},
        makes=difference.makes,
        unmakes=difference.unmakes,
        rights=difference.rights,
    )


def remove(observed: Observed, wanted: Wanted) -> Plan:
    """Delete the instance when we created it, and the identities that we created.

    From an adopted instance only our tags are taken away, and identities that we gave it and nothing of others uses.
    """
    instance, made = observed.instance, observed.made
    inside = [one for one in sorted(observed.made_by_any) if one.startswith(INSIDE)]
    gone = (*(one for one in sorted(made) if not one.startswith(CREATED)), *inside)
    deleted = instance_identities.delete(observed.identities, made, ())
    if instance is None:
        return Plan(deleted, reason="there is no such instance", gone=gone)
    if observed.ours:
        rights = (Right("Microsoft.DigitalTwins/digitalTwinsInstances/delete", wanted.instance_id),)
        deleting = instance.state == "Deleting"
        title = "wait until instance {} is deleted" if deleting else "delete instance {}, with all that is in it"
        delete = Change("delete-instance", title.format(instance.name), unmakes=gone, rights=rights)
        return Plan((delete, *deleted), notes=(goes_along(observed.inside, inside),))
    endpoints = {one.name.lower() for one in wanted.endpoints or ()}
    used = {
        one.uses for one in observed.dependents or () if one.kind != "endpoint" or one.name.lower() not in endpoints
    }
    none = replace(
        wanted,
        tags={},
        public_network_access=None,
        system_identity=False if SYSTEM_MADE in made else None,
        user_identities=(),
    )
    difference = differ(instance, observed.identities, none, made, used)
    changes = (_patch(instance, difference),) if difference.says else ()
    why = "was there before" if MADE not in made else "no longer carries our tag"
    deleted = instance_identities.delete(observed.identities, made, difference.linked)
    reason = f"instance {instance.name} {why}: kept"
    return Plan((*changes, *deleted), reason, unrecorded=observed.unrecorded)


async def apply(change: Change, context: Context) -> Values:
    """Register the provider; create, change, wait for or delete the instance; create or delete an identity."""
    here, verb = _at(context), change.key.partition(":")[0]
    if verb == "register-provider":
        return await _register(context)
    if verb == "create-identity":
        tags = {MARK_TAG: MARK}
        await identities.create(context.azure, change.body["id"], change.body["location"], tags)
        return {}
    if verb == "delete-identity":
        await identities.delete(context.azure, change.body["id"])
        return {}
    if verb == "delete-instance":
        await here.delete()
        return dict.fromkeys(("instance", "instance_id", "host_name", "location", *PRINCIPALS), "")
    if verb == "change-instance":
        return _values(await here.change(change.body["patch"]))
    if verb == "await-instance":
        settled = await here.settled()
        return _values(settled) if settled else {}
    if change.body.get("wait"):
        context.progress("waiting for the instance of this name to be deleted")
        await here.settled()
    return _values(await here.create(change.body["put"], was_ours=change.body.get("was_ours", False)))


async def _register(context: Context) -> Values:
    providers = context.azure.resources.providers
    await providers.register(PROVIDER)
    context.progress("waiting for the provider to be registered")

    async def state() -> str:
        return (await providers.get(PROVIDER)).registration_state or ""

    what = f"The registration of {PROVIDER}"
    await poll(state, until=lambda answer: answer == "Registered", bound=REGISTER_BOUND, what=what)
    return {}


def _values(instance: Instance, known: frozenset[str] = frozenset(PRINCIPALS)) -> Values:
    users = sorted((name_of(instance.spelt[low]), one) for low, one in instance.principals.items() if low != SYSTEM)
    found = (instance.principals.get(SYSTEM, ""), ",".join(f"{name}={one}" for name, one in users))
    return {
        "instance": instance.name,
        "instance_id": instance.id,
        "host_name": instance.host_name,
        "location": region_code(instance.location),
        **{name: value for name, value in zip(PRINCIPALS, found, strict=True) if value or name in known},
    }


STEP = Step(2, "instance", "Digital Twins instance", ("resource_group",), observe, plan, apply, hand_off, remove)

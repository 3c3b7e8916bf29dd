"""Step 2: the Digital Twins instance. May register the provider and create the instance; adopts one that is there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.digitaltwins.models import DigitalTwinsDescription

from cloud.clients import Polling
from cloud.errors import Refusal, answer_of
from cloud.regions import PROVIDER, name_taken, offered_regions, region_code
from cloud.waiting import poll, until_visible
from steps.model import MARK, Change, Context, Plan, Step, Values
from steps.wanted import Wanted

CREATE_BOUND = 30 * 60
REGISTER_BOUND = 15 * 60
FREED_BOUND = 10 * 60
TAKEN = ("NameUnavailable", "AlreadyExists")


@dataclass(frozen=True)
class Observed:
    """The instance, and what is needed to create it when it isn't there."""

    state: str | None
    """`provisioningState`; None when there is no instance."""
    location: str = ""
    name: str = ""
    host_name: str = ""
    id: str = ""
    registration: str = ""
    """`registrationState` of the provider; read only when the instance is missing."""
    regions: tuple[str, ...] = ()
    """Code names of the regions that offer instances; read only when the instance is missing."""
    unavailable: str = ""
    """Why the name can't be had, in Azure's words; "" when it can, or when that can't be asked yet."""
    closed: bool = False
    """Public network access is disabled."""
    was_ours: bool = False
    """An earlier run made or adopted it, so a name that is still taken is on its way to being free."""


async def observe(context: Context) -> Observed:
    """Read the instance; when it is missing, also the provider, its regions and whether the name is free."""
    wanted = context.wanted
    try:
        found = await context.azure.twins.digital_twins.get(wanted.resource_group, wanted.instance)
    except ResourceNotFoundError:
        return await _before_creating(context)
    return _seen(found)


def _seen(found: Any) -> Observed:
    state = str(getattr(found.provisioning_state, "value", found.provisioning_state) or "")
    access = str(getattr(found.public_network_access, "value", found.public_network_access) or "")
    return Observed(
        state, found.location, found.name or "", found.host_name or "", found.id or "", closed=access == "Disabled"
    )


async def _before_creating(context: Context) -> Observed:
    wanted = context.wanted
    provider = await context.azure.resources.providers.get(PROVIDER)
    regions = offered_regions(provider)
    registration = provider.registration_state or ""
    unavailable = ""
    if registration == "Registered" and wanted.location in regions:
        unavailable = await name_taken(context.azure, wanted.location, wanted.instance)
    was_ours = context.removed or "instance_id" in context.values
    return Observed(None, registration=registration, regions=regions, unavailable=unavailable, was_ours=was_ours)


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Adopt a working instance; register and create otherwise. Refuses regions without the service and taken names."""
    if observed.state is None:
        if wanted.location not in observed.regions:
            raise Refusal(
                f"Region {wanted.location} does not offer Azure Digital Twins.",
                why=f"It is offered in: {', '.join(observed.regions)}.",
                next="Choose one of these with --location.",
                exit_code=2,
            )
        if observed.unavailable and not observed.was_ours:
            raise _taken(wanted, observed.unavailable)
        title = f"create instance {wanted.instance} in {wanted.location}"
        create = Change("create-instance", title, body={"was_ours": observed.was_ours}, makes=("instance",))
        if observed.registration != "Registered":
            register = Change("register-provider", f"register the provider {PROVIDER} in the subscription")
            return Plan((register, create))
        return Plan((create,))
    notes: tuple[str, ...] = ()
    if region_code(observed.location) != wanted.location:
        notes = (f"The instance is in {observed.location}, not {wanted.location}: it is used as it is.",)
    if observed.state in ("Failed", "Canceled"):
        title = f"create instance {wanted.instance} again, as its creation failed"
        return Plan((Change("create-instance", title, body={"location": observed.location}),), notes=notes)
    if observed.state == "Deleting":
        title = f"create instance {wanted.instance} in {wanted.location}, once the one being deleted is gone"
        return Plan((Change("create-instance", title, body={"wait": True, "was_ours": True}, makes=("instance",)),))
    if observed.state != "Succeeded":
        title = f"wait for instance {wanted.instance}, which is {observed.state}"
        return Plan((Change("await-instance", title),), notes=notes)
    if observed.closed:
        notes = (*notes, "Public network access to the instance is disabled: that is kept.")
    return Plan(reason=f"instance {observed.name} exists", notes=notes, values=_values(observed))


async def apply(change: Change, context: Context) -> Values:
    """Register the provider, create the instance, or wait for one that somebody is creating."""
    if change.key == "register-provider":
        return await _register(context)
    if change.key == "await-instance":
        return _values(await _settled(context))
    assert change.key == "create-instance"  # noqa: S101 - the walk hands back only what plan made
    if change.body.get("wait"):
        context.progress("waiting for the instance of this name to be deleted")
        await _settled(context)
    location = change.body.get("location") or context.wanted.location
    return await _create(context, location, was_ours=change.body.get("was_ours", False))


async def _register(context: Context) -> Values:
    providers = context.azure.resources.providers
    await providers.register(PROVIDER)
    context.progress("waiting for the provider to be registered")

    async def state() -> str:
        return (await providers.get(PROVIDER)).registration_state or ""

    what = f"The registration of {PROVIDER}"
    await poll(state, until=lambda answer: answer == "Registered", bound=REGISTER_BOUND, what=what)
    return {}


async def _settled(context: Context) -> Observed:
    """Wait until the instance is no longer on its way to something. Refuses one that ends badly."""
    wanted = context.wanted

    async def seen() -> Observed:
        try:
            now = _seen(await context.azure.twins.digital_twins.get(wanted.resource_group, wanted.instance))
        except ResourceNotFoundError:
            return Observed(None)
        context.progress(f"the instance is {now.state}")
        return now

    final = (None, "Succeeded", "Failed", "Canceled")
    what = f"Instance {wanted.instance}"
    settled = await poll(seen, until=lambda now: now.state in final, bound=CREATE_BOUND, what=what)
    if settled.state in ("Failed", "Canceled"):
        raise _failed(wanted, f"Its provisioning state is {settled.state}.")
    return settled


async def _create(context: Context, location: str, *, was_ours: bool) -> Values:
    wanted, twins = context.wanted, context.azure.twins.digital_twins
    body = DigitalTwinsDescription(location=location, tags={"created-by": MARK})

    async def create() -> Any:
        async with asyncio.timeout(CREATE_BOUND):
            poller = await twins.begin_create_or_update(wanted.resource_group, wanted.instance, body, polling=Polling())
            context.progress("Azure is creating the instance")
            return await poller.result()

    try:
        made = await until_visible(
            create,
            not_yet=lambda _status, code: was_ours and code in TAKEN,
            bound=FREED_BOUND,
            what="the name of the deleted instance is not free yet",
            progress=context.progress,
        )
    except HttpResponseError as error:
        answer = answer_of(error)
        if answer is not None and answer.code in TAKEN:
            raise _taken(wanted, answer.message) from error
        if answer is not None and answer.status < 300:  # the operation itself was accepted, and ended badly
            why = (
                f"{answer.code}: {answer.message}" if answer.code else "The operation ended without success or reason."
            )
            raise _failed(wanted, why) from error
        if answer is None or answer.status != 409:
            raise
        # Somebody is creating it already: another run, or this one, whose first answer was lost.
        settled = await _settled(context)
        if settled.state is None:
            raise
        return _values(settled)
    final = _seen(made)
    if final.state != "Succeeded":
        final = await _settled(context)
    return _values(final)


def _values(seen: Observed) -> Values:
    return {
        "instance": seen.name,
        "instance_id": seen.id,
        "host_name": seen.host_name,
        "location": region_code(seen.location),
    }


def _taken(wanted: Wanted, why: str) -> Refusal:
    return Refusal(
        f"The instance name {wanted.instance} can't be had in {wanted.location}.",
        why=f"Names are unique per region, across all customers. Azure says: {why}",
        next="Choose another with --instance.",
        exit_code=2,
    )


def _failed(wanted: Wanted, why: str) -> Refusal:
    return Refusal(
        f"Azure could not create instance {wanted.instance}.",
        why=why,
        next="Run the same command again: an instance that failed is created again.",
    )


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command that registers the provider, or creates the instance (with az's azure-iot extension)."""
    if change.key == "register-provider":
        return f"az provider register --subscription {wanted.subscription} --namespace {PROVIDER}"
    return (
        f"az dt create --subscription {wanted.subscription} --resource-group {wanted.resource_group} "
        f"--dt-name {wanted.instance} --location {wanted.location} --tags created-by={MARK}"
    )


STEP = Step(2, "instance", "Digital Twins instance", ("resource_group",), observe, plan, apply, hand_off)

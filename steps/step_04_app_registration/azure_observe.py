"""Find the application: our own by its `uniqueName`, an adopted one by its client id or its tag; read what it has."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from cloud.clients import Azure
from cloud.clock import azure_now
from cloud.graph_replication import RECORDED_BOUND
from cloud.waiting import poll
from engine.context import Context, Reads
from engine.record import Record
from engine.refusal import Refusal
from steps.shared.applications import ADOPTED, ServicePrincipal, unique_name
from steps.shared.azure_service_principals import service_principal
from steps.step_04_app_registration import adoption
from steps.step_04_app_registration.azure_applications import by_client_id, by_unique_name, matching
from steps.step_04_app_registration.azure_links import list_federated, list_owners
from steps.step_04_app_registration.azure_recycle_bin import RecycleBin, look_into_bin
from steps.step_04_app_registration.desired import PRINTED, DesiredApplication
from steps.step_04_app_registration.federation import FEDERATED
from steps.step_04_app_registration.observed import ObservedApplication, Registration
from steps.step_04_app_registration.owners import OWNER
from steps.step_04_app_registration.secret_changes import SECRET
from steps.step_04_app_registration.secret_files import has_leftovers, read_hint, read_secret_files
from steps.step_04_app_registration.secrets import recorded_files


@dataclass(frozen=True)
class Found:
    """What was found of the application itself."""

    application: Registration | None = None
    bin: RecycleBin = field(default_factory=RecycleBin)
    namesakes: tuple[Registration, ...] = ()


async def observe(context: Context[Azure], desired: DesiredApplication) -> ObservedApplication:
    """Find our application, and read its service principal and what else is desired or recorded of it."""
    azure, owned, recorded = context.clients, context.record.owned, context.values.get("client_id", "")
    is_known = "service_principal_id" in context.values

    async def principal(client_id: str) -> ServicePrincipal | None:
        return await context.read(service_principal, azure, client_id, retry_missing=is_known)

    # The service principal is read together with the application, where the state file says whose it is.
    expected = principal(recorded) if recorded and is_known else _none()
    found, _principal = await asyncio.gather(_find_with_its_secret(context, desired), expected)
    file = desired.secret.file if desired.secret else PRINTED
    observed = ObservedApplication(
        now=azure_now(),
        files=read_secret_files(file, {*recorded_files(context.record).values()}),
        existing=found.application,
        deleted=found.bin.application,
        bin_view=found.bin.view,
        namesakes=found.namesakes,
    )
    application = found.application
    if application is None:
        return observed
    has_owners = desired.owners is not None or bool(OWNER.among(owned))
    has_federated = desired.federated is not None or bool(FEDERATED.among(owned))
    its_principal, owners, federated = await asyncio.gather(
        principal(application.client_id),
        context.read(list_owners, azure, application.object_id) if has_owners else _nothing(),
        context.read(list_federated, azure, application.object_id) if has_federated else _nothing(),
    )
    application = replace(application, principal=its_principal)
    return replace(observed, existing=application, owners=owners, federated=federated)


async def _none() -> None:
    return None


async def _nothing() -> tuple[()]:
    return ()


async def _find_with_its_secret(context: Context[Azure], desired: DesiredApplication) -> Found:
    """Find the application. A replica may not know a secret yet that only the desired file, or the temporary file of a
    run that was killed, tells of: it is asked again.

    An interrupted run may have created it, and its state file was lost.
    """
    is_recorded = bool(SECRET.among(context.record.owned | context.record.pending))
    secret = desired.secret if not is_recorded else None
    file = secret.file if secret else PRINTED
    hint = "" if file == PRINTED else read_hint(file)
    interrupted = file != PRINTED and has_leftovers(file)

    def is_whole(found: Found) -> bool:
        passwords = found.application.passwords if found.application else ()
        is_known = hint in {password.hint for password in passwords} if hint else not interrupted or bool(passwords)
        return not found.application or is_known

    found = await _find(context, desired, context.read)
    if is_whole(found):
        return found

    async def find_anew() -> Found:
        return await _find(context, desired, Reads())

    try:
        return await poll(find_anew, until=is_whole, bound=RECORDED_BOUND, what="the replication")
    except TimeoutError:
        return await find_anew()


async def _find(context: Context[Azure], desired: DesiredApplication, read: Reads) -> Found:
    azure, instance, recorded = context.clients, desired.target.instance_id, context.values.get("client_id", "")
    name, tag = unique_name(instance), adoption.adoption_tag(instance)
    adopted = _is_adopted(context.record)
    if desired.app_id:
        named, own = await asyncio.gather(
            read(by_client_id, azure, desired.app_id, retry_missing=desired.app_id == recorded),
            read(by_unique_name, azure, name, retry_missing=False),
        )
        return Found(adoption.chosen(desired.app_id, named, own, recorded if adopted else ""))
    adopts = context.answers.get("adopt_app", False)
    if recorded and (adopted or adopts):
        named = await read(by_client_id, azure, recorded, retry_missing=True)
        if named and (adopted or tag in named.settings.tags):
            return Found(named)
    own = await read(by_unique_name, azure, name, retry_missing=bool(recorded))
    if own:
        return Found(own)
    quoted = desired.name.replace("'", "''")
    recycle_bin, tagged, namesakes = await asyncio.gather(
        read(look_into_bin, azure, name, desired.signed_in, retry_missing=bool(recorded)),
        read(matching, azure, f"tags/any(t:t eq '{tag}')"),
        read(matching, azure, f"displayName eq '{quoted}'"),
    )
    if tagged and not adopts:
        raise Refusal(
            f"An earlier run adopted the application {tagged[0].settings.name} for this instance.",
            why="The state file that records it is missing. No second application is created.",
            next=f"Name it again: --app-id {tagged[0].client_id}",
            exit_code=2,
        )
    candidates = tagged or namesakes
    if adopts and not recycle_bin.application and len(candidates) == 1:
        return Found(candidates[0])
    return Found(bin=recycle_bin, namesakes=namesakes)


def _is_adopted(record: Record) -> bool:
    return ADOPTED.item() in record.owned

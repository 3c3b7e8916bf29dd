"""Gives an instance identities, an endpoint and a tag, takes them away again, and says what it met as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.identity.aio import DefaultAzureCredential
from azure.mgmt.authorization.v2020_10_01.aio import AuthorizationManagementClient
from azure.mgmt.digitaltwins.aio import AzureDigitalTwinsManagementClient
from azure.mgmt.digitaltwins.models import (
    DigitalTwinsDescription,
    DigitalTwinsEndpointResource,
    DigitalTwinsIdentity,
    DigitalTwinsPatchDescription,
    EventHub,
    ManagedIdentityReference,
    UserAssignedIdentity,
)
from azure.mgmt.msi.aio import ManagedServiceIdentityClient
from azure.mgmt.msi.models import Identity
from azure.mgmt.resource.resources.aio import ResourceManagementClient
from azure.mgmt.resource.resources.models import Tags, TagsPatchResource

POLLING = 0


async def walk(credential: DefaultAzureCredential, subscription: str, group: str, name: str) -> dict[str, object]:
    async with (
        ResourceManagementClient(credential, subscription) as resources,
        ManagedServiceIdentityClient(credential, subscription) as msi,
        AzureDigitalTwinsManagementClient(credential, subscription) as twins,
        AuthorizationManagementClient(credential) as authorization,
    ):
        await resources.resource_groups.create_or_update(group, {"location": "westus2"})
        body = Identity(location="westus2")
        identity = await msi.user_assigned_identities.create_or_update(group, "events", body)
        both = DigitalTwinsIdentity(
            type="SystemAssigned,UserAssigned", user_assigned_identities={str(identity.id): UserAssignedIdentity()}
        )
        instance = DigitalTwinsDescription(location="westus2", identity=both)
        made: Any = await (
            await twins.digital_twins.begin_create_or_update(group, name, instance, polling_interval=POLLING)
        ).result()
        properties = EventHub(
            authentication_type="IdentityBased",
            identity=ManagedIdentityReference(type="UserAssigned", user_assigned_identity=identity.id),
            endpoint_uri="sb://nowhere.servicebus.windows.net",
            entity_path="events",
        )
        endpoint = DigitalTwinsEndpointResource(properties=properties)
        endpoints = twins.digital_twins_endpoint
        error = ""
        try:
            await (
                await endpoints.begin_create_or_update(group, name, "events", endpoint, polling_interval=POLLING)
            ).result()
        except HttpResponseError as failed:
            error = str(failed.error and failed.error.code)
        found = [one.properties.provisioning_state async for one in endpoints.list(group, name)]
        await (await endpoints.begin_delete(group, name, "events", polling_interval=POLLING)).result()
        merge = TagsPatchResource(operation="Merge", properties=Tags(tags={"team": "twins"}))
        tags = await (await resources.tags.begin_update_at_scope(made.id, merge, polling_interval=POLLING)).result()
        patch = DigitalTwinsPatchDescription(identity=DigitalTwinsIdentity(type="None"))
        bare: Any = await (
            await twins.digital_twins.begin_update(group, name, patch, polling_interval=POLLING)
        ).result()
        await msi.user_assigned_identities.delete(group, "events")
        eligible = [
            one.role_definition_id
            async for one in authorization.role_eligibility_schedule_instances.list_for_scope(
                made.id, filter="asTarget()"
            )
        ]
        await (await resources.resource_groups.begin_delete(group, polling_interval=POLLING)).result()
    return {
        "identities": [made.identity.type, bare.identity],
        "same": [one.client_id == identity.client_id for one in made.identity.user_assigned_identities.values()],
        "error": error,
        "endpoints": found,
        "tags": tags.properties.tags,
        "eligible": eligible,
    }


async def main() -> None:
    async with DefaultAzureCredential() as credential:
        print(json.dumps(await walk(credential, *sys.argv[1:])))


if __name__ == "__main__":
    asyncio.run(main())

"""Creates an instance, is refused by its data plane, gets the role, queries, and deletes the instance again."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import uuid

from azure.core.exceptions import HttpResponseError
from azure.digitaltwins.core.aio import DigitalTwinsClient
from azure.identity.aio import DefaultAzureCredential
from azure.mgmt.authorization.aio import AuthorizationManagementClient
from azure.mgmt.digitaltwins.aio import AzureDigitalTwinsManagementClient
from azure.mgmt.digitaltwins.models import (
    DigitalTwinsDescription,
    DigitalTwinsIdentity,
    DigitalTwinsPatchDescription,
)
from azure.mgmt.resource.resources.aio import ResourceManagementClient
from azure.mgmt.resource.subscriptions.aio import SubscriptionClient

POLLING = 0
"""The SDKs take `Retry-After: 0` for none, and would poll every 30 seconds."""

TRIES = 100


async def walk(credential: DefaultAzureCredential, group: str, name: str) -> dict[str, object]:
    async with SubscriptionClient(credential) as subscriptions:
        subscription = sorted([str(found.subscription_id) async for found in subscriptions.subscriptions.list()])[0]
        regions = [region.name async for region in subscriptions.subscriptions.list_locations(subscription)]
    async with (
        ResourceManagementClient(credential, subscription) as resources,
        AzureDigitalTwinsManagementClient(credential, subscription) as twins,
        AuthorizationManagementClient(credential, subscription) as authorization,
    ):
        provider = await resources.providers.get("Microsoft.DigitalTwins")
        await resources.resource_groups.create_or_update(group, {"location": "westus2"})
        body = DigitalTwinsDescription(
            location="westus2", identity=DigitalTwinsIdentity(type="SystemAssigned"), tags={"made": "by a test"}
        )
        created = await (
            await twins.digital_twins.begin_create_or_update(group, name, body, polling_interval=POLLING)
        ).result()
        patch = DigitalTwinsPatchDescription(identity=DigitalTwinsIdentity(type="None"))
        changed = await (await twins.digital_twins.begin_update(group, name, patch, polling_interval=POLLING)).result()
        client = DigitalTwinsClient(f"https://{created.host_name}", credential)
        async with client:
            refused = await attempt(client)
            token = (await credential.get_token("https://management.azure.com/.default")).token
            claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
            role = [
                found.id
                async for found in authorization.role_definitions.list(
                    created.id, filter="roleName eq 'Azure Digital Twins Data Owner'"
                )
            ]
            await authorization.role_assignments.create(
                created.id,
                str(uuid.uuid5(uuid.NAMESPACE_URL, created.id + claims["oid"])),
                {"role_definition_id": role[0], "principal_id": claims["oid"]},
            )
            late = 0
            while await attempt(client) == 403:
                late += 1
                assert late < TRIES, "the role never took effect"
            models = [model async for model in client.list_models()]
        assigned = [
            found.principal_id
            async for found in authorization.role_assignments.list_for_scope(created.id, filter="atScope()")
        ]
        permissions = [
            found.actions
            async for found in authorization.permissions.list_for_resource(
                group, "Microsoft.DigitalTwins", "", "digitalTwinsInstances", name
            )
        ]
        await (await twins.digital_twins.begin_delete(group, name, polling_interval=POLLING)).result()
        left = [found.name async for found in twins.digital_twins.list_by_resource_group(group)]
        await (await resources.resource_groups.begin_delete(group, polling_interval=POLLING)).result()
        gone = not await resources.resource_groups.check_existence(group)
    return {
        "regions": len(regions),
        "registration": provider.registration_state,
        "state": created.provisioning_state,
        "host": created.host_name,
        "identities": [found.identity and found.identity.type for found in (created, changed)],
        "refused": refused,
        "late": late,
        "models": models,
        "assigned": claims["oid"] in assigned,
        "permissions": permissions,
        "left": left,
        "gone": gone,
    }


async def attempt(client: DigitalTwinsClient) -> int:
    """Return 200 if a query is answered, or the status of the refusal."""
    try:
        async for _ in client.query_twins("SELECT * FROM digitaltwins"):
            pass
    except HttpResponseError as error:
        return error.status_code or 0
    return 200


async def main() -> None:
    async with DefaultAzureCredential() as credential:
        print(json.dumps(await walk(credential, *sys.argv[1:])))


if __name__ == "__main__":
    asyncio.run(main())

"""What programs look up: msgraph-sdk's pages, filters and counts; then the sync clients of Resource Manager.

Not its batches: `BatchRequestContent` of msgraph-core 1.5.2 imports a package that it does not ask for.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.identity.aio import DefaultAzureCredential as AsyncCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.digitaltwins import AzureDigitalTwinsManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import PageIterator  # type: ignore[import-untyped]

GROUP = sys.argv[1]
Query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters


def asking(**parameters: Any) -> RequestConfiguration[Any]:
    configuration: RequestConfiguration[Any] = RequestConfiguration(query_parameters=Query(**parameters))
    if parameters.get("count"):
        configuration.headers.add("ConsistencyLevel", "eventual")
    return configuration


async def graph() -> dict[str, Any]:
    found: dict[str, Any] = {"pages": []}
    async with AsyncCredential() as credential:
        client: Any = GraphServiceClient(credential, ["https://graph.microsoft.com/.default"])
        first = await client.users.get(asking(top=2, select=["displayName", "id"]))
        found["first"] = [len(first.value), bool(first.odata_next_link), first.value[0].mail]
        await PageIterator(first, client.request_adapter).iterate(lambda user: not found["pages"].append(user.id))
        filtered = await client.users.get(asking(filter="startswith(displayName,'Rita')", select=["displayName"]))
        found["filtered"] = [user.display_name for user in filtered.value]
        counted = await client.users.get(asking(filter="endswith(mail,'@contoso.com')", count=True))
        found["counted"] = counted.odata_count
    return found


def manager() -> dict[str, Any]:
    with DefaultAzureCredential() as credential:
        subscriptions: Any = SubscriptionClient(credential)
        subscription = sorted(one.subscription_id for one in subscriptions.subscriptions.list())[0]
        resources: Any = ResourceManagementClient(credential, subscription)
        twins: Any = AzureDigitalTwinsManagementClient(credential, subscription)
        authorization: Any = AuthorizationManagementClient(credential, subscription)
        identities: Any = ManagedServiceIdentityClient(credential, subscription)
        resources.resource_groups.create_or_update(GROUP, {"location": "westus2"})
        identities.user_assigned_identities.create_or_update(GROUP, "one", {"location": "westus2"})
        scope = f"/subscriptions/{subscription}"
        taken = twins.digital_twins.check_name_availability("westus2", {"name": "contoso-twins"})
        filtered = resources.resources.list(filter=f"resourceGroup eq '{GROUP}'")
        roles = authorization.role_definitions.list(scope, filter="roleName eq 'Owner'")
        found = {
            "registration": resources.providers.get("Microsoft.DigitalTwins").registration_state,
            "taken": [taken.name_available, str(taken.reason)],
            "resources": [one.name for one in filtered],
            "roles": [one.role_name for one in roles],
            "assigned": len(list(authorization.role_assignments.list_for_scope(scope, filter="atScope()"))),
            "twins": list(twins.digital_twins.list_by_resource_group(GROUP)),
        }
        try:
            twins.digital_twins.get(GROUP, "nothing")
        except HttpResponseError as error:
            found["missing"] = [error.status_code, error.error and error.error.code]
        resources.resource_groups.begin_delete(GROUP, polling_interval=0).result()
        found["exists"] = resources.resource_groups.check_existence(GROUP)
    return found


print(json.dumps({"graph": asyncio.run(graph()), "manager": manager()}))

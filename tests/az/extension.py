"""What the azure-iot extension (`az dt`) asks for, request by request through `az rest`.

The extension itself does not load in az 2.78 and later: it uses a credential interface that az has dropped.
"""

from __future__ import annotations

import uuid
from typing import Any

from emulator import seed
from tests.az.client import Az, Failed
from tests.az.resources import DATA_OWNER, DATA_PLANE, GROUP, RITA, SUBSCRIPTION, TYPE

NAME = "dt-twins"
INSTANCE = f"{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{TYPE}/{NAME}"
HOST = f"https://{NAME}.api.wus2.digitaltwins.azure.net"
AUTHORIZATION = f"{INSTANCE}/providers/Microsoft.Authorization"
ASSIGNMENT = f"{AUTHORIZATION}/roleAssignments/{uuid.UUID(int=0xD7)}"
TWINS, RESOURCES = "api-version=2023-01-31", "api-version=2022-09-01"
ASSIGNMENTS, DEFINITIONS = "api-version=2022-04-01", "api-version=2022-05-01-preview"
EVENT_HUBS, DATA = "api-version=2024-05-01-preview", "api-version=2023-10-31"
GRAPH = "https://graph.microsoft.com/v1.0"
POLLS = 20


def _settled(az: Az, url: str) -> Any:
    """Poll as often as az starts."""
    for _ in range(POLLS):
        found = az.rest("get", url)
        if found["properties"]["provisioningState"] in ("Succeeded", "Failed", "Canceled"):
            return found
    raise Failed(f"{url} is not settled after {POLLS} polls")


def create(az: Az) -> None:
    """Dt create, show, list; dt identity assign."""
    az.rest("get", f"{SUBSCRIPTION}/resourceGroups/{GROUP}?{RESOURCES}")
    body = {"location": "westus2", "identity": {"type": "None"}, "properties": {"publicNetworkAccess": "Enabled"}}
    az.rest("put", f"{INSTANCE}?{TWINS}", body)
    made = _settled(az, f"{INSTANCE}?{TWINS}")
    assert f"https://{made['properties']['hostName']}" == HOST
    assert "principalId" not in (made.get("identity") or {})
    page = az.rest("get", f"{SUBSCRIPTION}/providers/{TYPE}?{TWINS}")
    assert NAME in [one["name"] for one in page["value"]]
    az.rest("put", f"{INSTANCE}?{TWINS}", made | {"identity": {"type": "SystemAssigned"}})
    assert _settled(az, f"{INSTANCE}?{TWINS}")["identity"]["principalId"]


def assign(az: Az) -> None:
    """Dt role-assignment create, list, delete."""
    found = az.rest("get", f"{GRAPH}/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '{RITA}')")
    assert found["value"] == []
    (whom,) = az.rest("post", f"{GRAPH}/directoryObjects/getByIds", {"ids": [RITA]})["value"]
    assert whom["@odata.type"] == "#microsoft.graph.user"
    filtered = f"{AUTHORIZATION}/roleDefinitions?$filter=roleName eq '{DATA_OWNER}'&{DEFINITIONS}"
    (role,) = az.rest("get", filtered)["value"]
    properties = {"roleDefinitionId": role["id"], "principalId": RITA, "principalType": "User"}
    az.rest("put", f"{ASSIGNMENT}?{ASSIGNMENTS}", {"properties": properties})
    listed = az.rest("get", f"{AUTHORIZATION}/roleAssignments?$filter=atScope()&{ASSIGNMENTS}")["value"]
    assert ASSIGNMENT.rpartition("/")[2] in [one["name"] for one in listed]
    assert len(az.rest("get", f"{AUTHORIZATION}/roleDefinitions?{DEFINITIONS}")["value"]) > 5
    az.rest("delete", f"{ASSIGNMENT}?{ASSIGNMENTS}")
    us = az.azure.ready["clientId"]
    filtered = f"{GRAPH}/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '{us}')"
    (principal,) = az.rest("get", filtered)["value"]
    properties |= {"principalId": principal["id"], "principalType": "ServicePrincipal"}
    az.rest("put", f"{ASSIGNMENT}?{ASSIGNMENTS}", {"properties": properties})


def endpoint(az: Az) -> None:
    """Dt endpoint create eventhub, list, delete."""
    shared = f"{SUBSCRIPTION}/resourceGroups/shared-services/providers/Microsoft.EventHub/namespaces/contoso-events"
    namespace = az.rest("get", f"{shared}?{EVENT_HUBS}")
    uri = namespace["properties"]["serviceBusEndpoint"].replace("https://", "sb://").replace(":443/", "")
    hub = az.rest("get", f"{shared}/eventhubs/twin-events?{EVENT_HUBS}")
    identity = az.rest("get", f"{INSTANCE}?{TWINS}")["identity"]["principalId"]
    sender = ("--role", "Azure Event Hubs Data Sender", "--scope", hub["id"])
    whom = ("--assignee-object-id", identity, "--assignee-principal-type", "ServicePrincipal")
    az("role", "assignment", "create", *whom, *sender)
    properties = {
        "endpointType": "EventHub",
        "authenticationType": "IdentityBased",
        "identity": {"type": "SystemAssigned"},
        "endpointUri": uri,
        "entityPath": hub["name"],
    }
    az.rest("put", f"{INSTANCE}/endpoints/hub?{TWINS}", {"properties": properties})
    assert _settled(az, f"{INSTANCE}/endpoints/hub?{TWINS}")["properties"]["provisioningState"] == "Succeeded"
    assert len(az.rest("get", f"{INSTANCE}/endpoints?{TWINS}")["value"]) == 1
    az.rest("delete", f"{INSTANCE}/endpoints/hub?{TWINS}")
    az("role", "assignment", "delete", *whom[:2], *sender)


def data_plane(az: Az) -> None:
    """Dt model create, list; dt twin create, show, query, delete."""
    model = {"@id": "dtmi:com:contoso:Room;1", "@type": "Interface", "@context": "dtmi:dtdl:context;2"}
    az.rest("post", f"{HOST}/models?{DATA}", [model], *DATA_PLANE)
    page = az.rest("get", f"{HOST}/models?includeModelDefinition=false&{DATA}", None, *DATA_PLANE)
    assert [one["id"] for one in page["value"]] == [model["@id"]]
    twin = {"$dtId": "room", "$metadata": {"$model": model["@id"]}}
    az.rest("put", f"{HOST}/digitaltwins/room?{DATA}", twin, *DATA_PLANE)
    assert az.rest("get", f"{HOST}/digitaltwins/room?{DATA}", None, *DATA_PLANE)["$etag"]
    for query, expected in (
        ("SELECT * FROM digitaltwins", ["room"]),
        ("SELECT TOP(1) * FROM digitaltwins T WHERE IS_OF_MODEL('dtmi:com:contoso:Room;1')", ["room"]),
        ("SELECT * FROM digitaltwins WHERE $dtId = 'other'", []),
    ):
        found = az.rest("post", f"{HOST}/query?{DATA}", {"query": query}, *DATA_PLANE)
        assert [one["$dtId"] for one in found["value"]] == expected, query
    az.rest("delete", f"{HOST}/digitaltwins/room?{DATA}", None, *DATA_PLANE)


def delete(az: Az) -> None:
    """Dt identity remove; dt delete."""
    made = az.rest("get", f"{INSTANCE}?{TWINS}")
    az.rest("put", f"{INSTANCE}?{TWINS}", made | {"identity": {"type": "None"}})
    assert "principalId" not in (_settled(az, f"{INSTANCE}?{TWINS}").get("identity") or {})
    az.rest("delete", f"{INSTANCE}?{TWINS}")
    assert seed.REGISTERED_SUBSCRIPTION in az("resource", "list", "--resource-group", GROUP, "--query", "[0].id")


CHECKS = (create, assign, endpoint, data_plane, delete)

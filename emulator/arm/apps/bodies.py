"""The bodies of function apps, web apps and IoT hubs, with the identity that each may have.

Shapes: azure-mgmt-web 11 (`Site`) and azure-mgmt-iothub 4 (`IotHubDescription`).
"""

from __future__ import annotations

from emulator import regions
from emulator.messages import Json

WEB, DEVICES = "Microsoft.Web", "Microsoft.Devices"
SITE, IOT_HUB = f"{WEB}/sites", f"{DEVICES}/IotHubs"
FUNCTION_APP, WEB_APP = "functionapp,linux", "app,linux"
"""The `kind` of a site."""


def system_identity(tenant: str, principal: str) -> Json:
    """Return the `identity` of a resource whose system-assigned identity is on."""
    return {"type": "SystemAssigned", "tenantId": tenant, "principalId": principal}


def principal(object_id: str, app_id: str, resource: str) -> Json:
    """Return the service principal of a resource's system-assigned identity."""
    return {
        "id": object_id,
        "appId": app_id,
        "displayName": resource.rpartition("/")[2],
        "servicePrincipalType": "ManagedIdentity",
        "accountEnabled": True,
        "alternativeNames": ["isExplicit=False", resource],
        "servicePrincipalNames": [app_id],
    }


def site(identifier: str, location: str, kind: str) -> Json:
    """Return a site without an identity. Its location is a display name, as this provider answers."""
    name = identifier.rpartition("/")[2]
    host = f"{name}.azurewebsites.net"
    return {
        "id": identifier,
        "name": name,
        "type": SITE,
        "kind": kind,
        "location": regions.REGIONS[location].display_name,
        "tags": {},
        "properties": {
            "name": name,
            "state": "Running",
            "enabled": True,
            "hostNames": [host],
            "enabledHostNames": [host],
            "defaultHostName": host,
            "httpsOnly": True,
            "publicNetworkAccess": "Enabled",
        },
    }


def iot_hub(identifier: str, location: str) -> Json:
    """Return an IoT hub without an identity."""
    name = identifier.rpartition("/")[2]
    return {
        "id": identifier,
        "name": name,
        "type": IOT_HUB,
        "etag": "AAAADFkmhWE=",
        "location": location,
        "tags": {},
        "sku": {"name": "S1", "tier": "Standard", "capacity": 1},
        "properties": {
            "provisioningState": "Succeeded",
            "state": "Active",
            "hostName": f"{name}.azure-devices.net",
            "publicNetworkAccess": "Enabled",
        },
    }

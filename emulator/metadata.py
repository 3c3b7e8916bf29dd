"""`/metadata/endpoints`: the endpoints of a cloud. It needs no token.

Public Azure answers version 2022-09-01 with a list of clouds. A Resource Manager of its own answers one object, which
is what the Azure CLI reads there; it also has the fields of version 2015-01-01.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

PATH = "/metadata/endpoints"

_SUFFIXES = {
    "acrLoginServer": "azurecr.io",
    "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
    "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
    "keyVaultDns": "vault.azure.net",
    "mysqlServerEndpoint": "mysql.database.azure.com",
    "postgresqlServerEndpoint": "postgres.database.azure.com",
    "sqlServerHostname": "database.windows.net",
    "storage": "core.windows.net",
    "storageSyncEndpointSuffix": "afs.azure.net",
}
_STORAGE = {"AzureChinaCloud": "core.chinacloudapi.cn", "AzureUSGovernment": "core.usgovcloudapi.net"}
"""Source: azure-cli-core, `cloud.py`. The other suffixes of these clouds are of no use here."""
_PUBLIC = (
    "AzureCloud",
    "https://management.azure.com/",
    "https://login.microsoftonline.com",
    "https://graph.microsoft.com/",
)
_SOVEREIGN = (
    (
        "AzureChinaCloud",
        "https://management.chinacloudapi.cn/",
        "https://login.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn/",
        "https://portal.azure.cn",
        ["https://management.core.chinacloudapi.cn/", "https://management.chinacloudapi.cn/"],
    ),
    (
        "AzureUSGovernment",
        "https://management.usgovcloudapi.net/",
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us/",
        "https://portal.azure.us",
        ["https://management.core.usgovcloudapi.net/", "https://management.usgovcloudapi.net/"],
    ),
)

MANAGERS = frozenset(urlsplit(cloud[1]).hostname for cloud in (_PUBLIC, *_SOVEREIGN))
"""The host names of Resource Manager in public Azure and in the other clouds."""


def handle(world: World, request: Request) -> Reply:  # noqa: ARG001 - the same in every world
    """Return the cloud of the request's origin."""
    if request.method != "GET":
        raise Refused(405, "MethodNotAllowed", f"The method {request.method} is not allowed for this resource.")
    if (urlsplit(request.origin).hostname or "") in MANAGERS:
        if request.query.get("api-version", "") <= "2015-01-01":
            matching = [cloud for cloud in (_PUBLIC, *_SOVEREIGN) if cloud[1] == f"{request.origin}/"]
            return Reply(200, _cloud(*matching[0]))
        return Reply(200, [_cloud(*_PUBLIC), *(_cloud(*sovereign) for sovereign in _SOVEREIGN)])
    origin = request.origin
    return Reply(200, _cloud("EmbeddedAzure", f"{origin}/", origin, f"{origin}/"))


def _cloud(  # noqa: PLR0917 - the columns of the tables above
    name: str,
    manager: str,
    login: str,
    graph: str,
    portal: str = "https://portal.azure.com",
    audiences: list[str] | None = None,
) -> Json:
    return {
        "name": name,
        "portal": portal,
        "portalEndpoint": portal,
        "authentication": {
            "loginEndpoint": login,
            "audiences": audiences or ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": manager,
        "graph": graph,
        "graphAudience": graph,
        "graphEndpoint": graph,
        "microsoftGraphResourceId": graph,
        "galleryEndpoint": "https://gallery.azure.com/",
        "gallery": "https://gallery.azure.com/",
        "media": "https://rest.media.azure.net",
        "batch": "https://batch.core.windows.net/",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "vmImageAliasDoc": "",
        "suffixes": _SUFFIXES | {"storage": _STORAGE.get(name, _SUFFIXES["storage"])},
    }

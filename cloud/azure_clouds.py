"""Which Azure: the endpoints of the public cloud, or those that another Resource Manager publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.refusal import Refusal

if TYPE_CHECKING:
    from cloud.retry import Notice

METADATA_VERSION = "2022-09-01"


@dataclass(frozen=True)
class Cloud:
    """The endpoints of one Azure, without trailing slashes. Scopes are what a credential is asked for.

    A cloud may have no portal: "".
    """

    name: str
    resource_manager: str
    login: str
    graph: str
    portal: str
    arm_scope: str
    graph_scope: str
    storage: str = ""
    """The suffix of its storage: an account's blobs are at `https://ACCOUNT.blob.SUFFIX`."""


MANAGERS = {
    "public": "https://management.azure.com",
    "usgovernment": "https://management.usgovcloudapi.net",
    "china": "https://management.chinacloudapi.cn",
}
"""The Resource Managers of the clouds that have a name; everything else of a cloud is in its metadata."""


def manager(cloud: str | None, arm_endpoint: str | None) -> str:
    """Return the Resource Manager that is meant, by its endpoint or else by the cloud's name."""
    return arm_endpoint.rstrip("/") if arm_endpoint else MANAGERS[cloud or "public"]


DATA_PLANE = "https://digitaltwins.azure.net"
"""The audience of every instance's data plane, in every cloud; host names differ from cloud to cloud.

Source: Azure/azure-sdk-for-net#16561, from the service's team, and the constants of azure-iot-cli-extension.
"""
EXPLORERS = {"AzureCloud": "https://explorer.digitaltwins.azure.net"}
"""Where a cloud has the Digital Twins Explorer, by the cloud's name for itself.

Source: "Azure Digital Twins Explorer" in the Azure documentation, which names none but the public cloud's.
"""


async def find_cloud(endpoint: str, notice: Notice) -> Cloud:
    """Return the cloud whose Resource Manager is at `endpoint`, as its metadata describes it: one anonymous request.

    Raises Refusal for an endpoint that isn't https, can't be reached, or publishes no usable metadata.
    """
    parts = urlsplit(endpoint)
    if parts.scheme != "https" or not parts.hostname or parts.path or parts.query or "@" in parts.netloc:
        raise Refusal(
            f"{endpoint} is not a Resource Manager endpoint.",
            why="It must be https://HOST or https://HOST:PORT, without a path or a user name.",
            exit_code=2,
        )
    metadata = await _metadata(endpoint, notice)
    try:
        audiences = [str(audience) for audience in metadata["authentication"]["audiences"]]
        return Cloud(
            name=str(metadata.get("name") or parts.hostname),
            resource_manager=endpoint,
            login=str(metadata["authentication"]["loginEndpoint"]).rstrip("/"),
            graph=str(metadata["microsoftGraphResourceId"]).rstrip("/"),
            portal=str(metadata.get("portal") or metadata.get("portalEndpoint") or "").rstrip("/"),
            # As MSAL expects it, an audience keeps its trailing slash: `https://host//.default`. The manager's own is
            # preferred to the older one of the classic manager, which is listed first.
            arm_scope=f"{next((own for own in audiences if own.rstrip('/') == endpoint), audiences[0])}/.default",
            graph_scope=f"{metadata['microsoftGraphResourceId']}/.default",
            storage=str((metadata.get("suffixes") or {}).get("storage") or ""),
        )
    except (KeyError, IndexError, TypeError):
        raise Refusal(
            f"{endpoint} does not describe a cloud.",
            why=f"Its /metadata/endpoints?api-version={METADATA_VERSION} lacks the login, audience or Graph endpoint.",
            exit_code=2,
        ) from None


async def _metadata(endpoint: str, notice: Notice) -> Any:
    from azure.core import AsyncPipelineClient
    from azure.core.rest import AsyncHttpResponse, HttpRequest

    from cloud.retry import ArmRetryPolicy, JsonBodyCheck
    from cloud.transport import Transport

    client = AsyncPipelineClient[HttpRequest, AsyncHttpResponse](
        base_url=endpoint,
        policies=[ArmRetryPolicy(notice), JsonBodyCheck((dict, list))],
        transport=Transport(),
    )
    async with client:
        request = HttpRequest("GET", f"{endpoint}/metadata/endpoints?api-version={METADATA_VERSION}")
        response = await client.send_request(request)
        response.raise_for_status()
        answer = response.json()
    if isinstance(answer, list):  # Azure's own Resource Managers list every cloud they know
        own = [cloud for cloud in answer if str(cloud.get("resourceManager", "")).rstrip("/") == endpoint]
        return (own or answer or [{}])[0]
    return answer

"""The SDK's client of Microsoft Graph, with this tool's retries and HTTP stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_http.kiota_client_factory import KiotaClientFactory
from kiota_http.middleware import RetryHandler
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_request_adapter import options as default_options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]

from cloud.transport import graph_http

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from cloud.azure_clouds import Cloud
    from cloud.graph_retry import GraphRetryMiddleware
    from cloud.signin import SharedCredential


def graph_client(
    cloud: Cloud, credential: SharedCredential, retry: GraphRetryMiddleware
) -> tuple[GraphServiceClient, httpx.AsyncClient]:
    """Return the client, and its connections, which the caller closes. `retry` takes the place of the SDK's retries."""
    _without_the_subclasses()
    base = f"{cloud.graph}/v1.0"
    middleware = [
        retry if isinstance(part, RetryHandler) else part
        for part in KiotaClientFactory.get_default_middleware(default_options)
    ]
    http: httpx.AsyncClient = GraphClientFactory.create_with_custom_middleware(middleware, client=graph_http(base))
    host = cloud.graph.removeprefix("https://").partition(":")[0]
    authentication = AzureIdentityAuthenticationProvider(credential, scopes=[cloud.graph_scope], allowed_hosts=[host])
    adapter = GraphRequestAdapter(authentication, http)
    adapter.base_url = base
    return GraphServiceClient(request_adapter=adapter), http


def _without_the_subclasses() -> None:
    """Keep Graph's first answer from loading 1,200 models, which takes a second and 30 MB.

    The generated `Entity.get_field_deserializers` imports every subclass before it returns its two fields; this returns
    the same two, and nothing else changes (msgraph-sdk-python, issue 904).
    """
    from msgraph.generated.models.entity import Entity

    def fields(self: Entity) -> dict[str, Callable[[Any], None]]:
        return {
            "id": lambda node: setattr(self, "id", node.get_str_value()),
            "@odata.type": lambda node: setattr(self, "odata_type", node.get_str_value()),
        }

    Entity.get_field_deserializers = fields  # type: ignore[method-assign]

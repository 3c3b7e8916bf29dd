"""The SDK clients of one run: one credential, one connection pool, one retry policy, one log line a request."""

from __future__ import annotations

from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.core.polling.async_arm_polling import AsyncARMPolling

from cloud.azure_clouds import audience
from cloud.retry import (
    CONNECT_SECONDS,
    READ_SECONDS,
    ArmRetryPolicy,
    GraphRetryMiddleware,
    JsonBodyCheck,
    Notice,
    ReauthenticateOnce,
    log_failure,
    log_request,
)
from cloud.waiting import FIRST, LAST

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.digitaltwins.core.aio import DigitalTwinsClient
    from azure.mgmt.authorization.v2022_04_01.aio import AuthorizationManagementClient
    from azure.mgmt.digitaltwins.aio import AzureDigitalTwinsManagementClient
    from azure.mgmt.msi.v2024_11_30.aio.operations import UserAssignedIdentitiesOperations
    from azure.mgmt.resource.resources.aio import ResourceManagementClient
    from azure.mgmt.resource.subscriptions.aio import SubscriptionClient
    from msgraph.graph_service_client import GraphServiceClient

    from cloud.azure_clouds import Cloud
    from cloud.signin import SharedCredential


class Polling(AsyncARMPolling):
    """Polls a long-running operation after its `Retry-After`, else often at first and more seldom later.

    The SDK's own default is 30 s, which is most of the wait on a fast operation.
    """

    def __init__(self) -> None:
        super().__init__(timeout=LAST)
        self._polls = 0

    def _extract_delay(self) -> float:
        headers = self._pipeline_response.http_response.headers
        if "Retry-After" in headers:
            named: float = super()._extract_delay()
            return 0.0 if headers["Retry-After"] == "0" else named
        self._polls += 1
        backoff: float = FIRST * 2 ** (self._polls - 1)
        return min(LAST, backoff)


class _Trace(AsyncHTTPPolicy[Any, Any]):
    """Logs each attempt."""

    async def send(self, request: Any) -> Any:
        begun, what = monotonic(), f"{request.http_request.method} {request.http_request.url}"
        try:
            response = await self.next.send(request)
        except Exception as error:
            log_failure(what, begun, error)
            raise
        answer = response.http_response
        log_request(what, answer.status_code, begun, answer.headers.get("x-ms-request-id", ""))
        return response


class Azure:
    """The clients, each made when it is first used. `async with` closes their connections."""

    def __init__(self, cloud: Cloud, credential: SharedCredential, notice: Notice, subscription: str = "") -> None:
        self.cloud, self.credential, self.subscription = cloud, credential, subscription
        self._notice = notice
        self._transport = AioHttpTransport(connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
        self._graph_http: Any = None
        self._user_identities: dict[str, UserAssignedIdentitiesOperations] = {}
        self._instances: dict[str, DigitalTwinsClient] = {}

    async def __aenter__(self) -> Azure:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.close()
        if self._graph_http is not None:
            await self._graph_http.aclose()
        await self.credential.close()

    def _options(self) -> dict[str, Any]:
        """Return a Resource Manager client's settings. It has no policy that registers a provider by itself.

        Each client's own policy would register a missing provider, also for plan and verify, which must not write.
        """
        from azure.core.pipeline.policies import ContentDecodePolicy, RequestIdPolicy, UserAgentPolicy

        sign_in = ReauthenticateOnce(self.credential, self.cloud.arm_scope)
        begin = [RequestIdPolicy(), UserAgentPolicy(), ContentDecodePolicy()]
        policies = [*begin, ArmRetryPolicy(self._notice), JsonBodyCheck(), sign_in, _Trace()]
        return {"base_url": self.cloud.resource_manager, "transport": self._transport, "policies": policies}

    def _data_plane_options(self, scope: str) -> dict[str, Any]:
        return {
            "transport": self._transport,
            "authentication_policy": ReauthenticateOnce(self.credential, scope),
            "retry_policy": ArmRetryPolicy(self._notice),
            "per_retry_policies": [JsonBodyCheck()],
            "http_logging_policy": _Trace(),
        }

    async def read(self, url: str, token: str = "") -> Any:
        """GET a JSON document that no SDK client reads: Resource Manager's, or with a `token` that of another service.

        Raises HttpResponseError as the SDK clients do.
        """
        from azure.core import AsyncPipelineClient
        from azure.core.exceptions import HttpResponseError
        from azure.core.pipeline.policies import RequestIdPolicy
        from azure.core.rest import AsyncHttpResponse, HttpRequest

        sign_in = [] if token else [ReauthenticateOnce(self.credential, self.cloud.arm_scope)]
        policies = [RequestIdPolicy(), ArmRetryPolicy(self._notice), *sign_in, JsonBodyCheck(), _Trace()]
        client = AsyncPipelineClient[HttpRequest, AsyncHttpResponse](
            base_url=url, policies=policies, transport=self._transport
        )
        request = HttpRequest("GET", url, headers={"Authorization": f"Bearer {token}"} if token else {})
        response = await client.send_request(request)
        if response.status_code != 200:
            raise HttpResponseError(response=response)
        return response.json()

    @cached_property
    def subscriptions(self) -> SubscriptionClient:
        """Subscriptions and tenants."""
        from azure.mgmt.resource.subscriptions.aio import SubscriptionClient

        return SubscriptionClient(self.credential, **self._options())

    @cached_property
    def resources(self) -> ResourceManagementClient:
        """Resource groups and providers."""
        from azure.mgmt.resource.resources.aio import ResourceManagementClient

        return ResourceManagementClient(self.credential, self.subscription, **self._options())

    @cached_property
    def twins(self) -> AzureDigitalTwinsManagementClient:
        """Digital Twins instances."""
        from azure.mgmt.digitaltwins.aio import AzureDigitalTwinsManagementClient

        return AzureDigitalTwinsManagementClient(self.credential, self.subscription, **self._options())

    @cached_property
    def authorization(self) -> AuthorizationManagementClient:
        """Role definitions and assignments."""
        from azure.mgmt.authorization.v2022_04_01.aio import AuthorizationManagementClient

        return AuthorizationManagementClient(self.credential, self.subscription, **self._options())

    def user_identities(self, subscription: str) -> UserAssignedIdentitiesOperations:
        """User-assigned managed identities of a subscription, which may be another one than the instance's."""
        from azure.mgmt.msi.v2024_11_30.aio import ManagedServiceIdentityClient

        known = self._user_identities
        if subscription not in known:
            client = ManagedServiceIdentityClient(self.credential, subscription, **self._options())
            known[subscription] = client.user_assigned_identities
        return known[subscription]

    def data_plane(self, host: str) -> DigitalTwinsClient:
        """The instance at `host`. Closing the client is not needed."""
        from azure.digitaltwins.core.aio import DigitalTwinsClient

        if host not in self._instances:
            self._instances[host] = DigitalTwinsClient(
                host, self.credential, **self._data_plane_options(f"{audience(host)}/.default")
            )
        return self._instances[host]

    @cached_property
    def graph(self) -> GraphServiceClient:
        """Microsoft Graph."""
        import httpx
        from kiota_authentication_azure.azure_identity_authentication_provider import (
            AzureIdentityAuthenticationProvider,
        )
        from kiota_http.kiota_client_factory import KiotaClientFactory
        from kiota_http.middleware import RetryHandler
        from msgraph.graph_request_adapter import GraphRequestAdapter
        from msgraph.graph_request_adapter import options as default_options
        from msgraph.graph_service_client import GraphServiceClient
        from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]

        _without_the_subclasses()
        base = f"{self.cloud.graph}/v1.0"
        retry = GraphRetryMiddleware(self._notice, self.credential, self.cloud.graph_scope)
        middleware = [
            retry if isinstance(part, RetryHandler) else part
            for part in KiotaClientFactory.get_default_middleware(default_options)
        ]
        self._graph_http = GraphClientFactory.create_with_custom_middleware(
            middleware,
            client=httpx.AsyncClient(timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS), base_url=base),
        )
        host = self.cloud.graph.removeprefix("https://").partition(":")[0]
        authentication = AzureIdentityAuthenticationProvider(
            self.credential, scopes=[self.cloud.graph_scope], allowed_hosts=[host]
        )
        adapter = GraphRequestAdapter(authentication, self._graph_http)
        adapter.base_url = base
        return GraphServiceClient(request_adapter=adapter)


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

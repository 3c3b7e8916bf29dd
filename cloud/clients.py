"""The SDK clients of one run: one credential, one connection pool, one retry policy, one log line a request."""

from __future__ import annotations

from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse
from azure.mgmt.core.polling.async_arm_polling import AsyncARMPolling

from cloud import clock
from cloud.answers import content_of, request_id_of
from cloud.arm_replicas import RideOutReplicas, Written
from cloud.azure_clouds import DATA_PLANE
from cloud.graph_retry import GraphRetryMiddleware
from cloud.request_log import log_failure, log_request, loggable
from cloud.retry import (
    ArmRetryPolicy,
    JsonBodyCheck,
    Notice,
    ReauthenticateOnce,
    retry_after,
)
from cloud.transport import Transport, graph_http
from cloud.waiting import LAST, SOON

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
    from cloud.traffic import Traffic


class Polling(AsyncARMPolling):
    """Polls a long-running operation often at first and more seldom later, and never later than its `Retry-After`.

    Azure names 10 s at first and then nothing, whatever is done; the SDK's own default is 30 s. That is most of the
    wait on an operation that takes one or two seconds, as changes of an instance do.
    """

    def __init__(self) -> None:
        super().__init__(timeout=LAST)
        self._pause = SOON

    def _extract_delay(self) -> float:
        pause, self._pause = self._pause, min(LAST, self._pause * 2)
        named = retry_after(self._pipeline_response.http_response.headers.get("Retry-After"))
        return pause if named is None else min(pause, named)


class Trace(AsyncHTTPPolicy[Any, Any]):
    """Logs each attempt, and records it where that is asked for."""

    def __init__(self, traffic: Traffic | None) -> None:
        super().__init__()
        self._traffic = traffic

    async def send(self, request: Any) -> Any:
        """Send, and log what comes of it."""
        begun, what = monotonic(), f"{request.http_request.method} {loggable(request.http_request.url)}"
        try:
            response = await self.next.send(request)
        except Exception as error:
            log_failure(what, begun, error)
            raise
        answer = response.http_response
        clock.note(answer.headers)
        log_request(what, answer.status_code, begun, request_id_of(answer.headers))
        if self._traffic is not None:
            sent = request.http_request
            content = b"" if answer.status_code == 204 else await _content(answer)
            body = getattr(sent, "content", None) or getattr(sent, "body", None)
            asked = (sent.method, sent.url, sent.headers, body)
            self._traffic.record(asked, answer.status_code, answer.headers, content, begun)
        return response


async def _content(answer: Any) -> bytes:
    """Read an answer, for the client too. One that is cut is the client's to complain of."""
    try:
        return await content_of(answer)
    except AzureError:
        return b""


class Azure:
    """The clients, each made when it is first used. `async with` closes their connections."""

    def __init__(
        self,
        cloud: Cloud,
        credential: SharedCredential,
        notice: Notice,
        subscription: str = "",
        *,
        traffic: Traffic | None = None,
    ) -> None:
        self._traffic = traffic
        self.cloud, self.credential, self.subscription = cloud, credential, subscription
        self._notice, self._written = notice, Written()
        self._transport = Transport()
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
        replicas, trace = RideOutReplicas(self._written, self._notice), Trace(self._traffic)
        policies = [*begin, replicas, ArmRetryPolicy(self._notice), JsonBodyCheck(), sign_in, trace]
        return {"base_url": self.cloud.resource_manager, "transport": self._transport, "policies": policies}

    def _data_plane_options(self, scope: str) -> dict[str, Any]:
        return {
            "transport": self._transport,
            "authentication_policy": ReauthenticateOnce(self.credential, scope),
            "retry_policy": ArmRetryPolicy(self._notice),
            "per_retry_policies": [JsonBodyCheck((dict, list))],  # an upload of models is answered with a list
            "http_logging_policy": Trace(self._traffic),
        }

    async def read(self, url: str, token: str = "", *, openly: bool = False) -> Any:
        """GET a JSON document that no SDK client reads: Resource Manager's, or with a `token` that of another service.

        `openly`: without any token, what is public. Raises HttpResponseError as the SDK clients do.
        """
        from azure.core import AsyncPipelineClient
        from azure.core.exceptions import HttpResponseError
        from azure.core.pipeline.policies import RequestIdPolicy
        from azure.core.rest import HttpRequest

        sign_in = [] if token or openly else [ReauthenticateOnce(self.credential, self.cloud.arm_scope)]
        policies = [RequestIdPolicy(), ArmRetryPolicy(self._notice), *sign_in, JsonBodyCheck(), Trace(self._traffic)]
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
                host, self.credential, **self._data_plane_options(f"{DATA_PLANE}/.default")
            )
        return self._instances[host]

    @cached_property
    def graph(self) -> GraphServiceClient:
        """Microsoft Graph."""
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
        retry = GraphRetryMiddleware(self._notice, self.credential, self.cloud.graph_scope, self._traffic)
        middleware = [
            retry if isinstance(part, RetryHandler) else part
            for part in KiotaClientFactory.get_default_middleware(default_options)
        ]
        self._graph_http = GraphClientFactory.create_with_custom_middleware(
            middleware,
            client=graph_http(base),
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

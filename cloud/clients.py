"""The SDK clients of one run: one credential, one connection pool, one retry policy, one log line a request."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse
from azure.mgmt.core.polling.async_arm_polling import AsyncARMPolling

from cloud import clock
from cloud.answers import content_of, request_id_of
from cloud.arm_replicas import RideOutReplicas, Written
from cloud.azure_clouds import DATA_PLANE
from cloud.graph_retry import GraphRetryMiddleware
from cloud.once import Once
from cloud.pacing import Pace, PaceRequests
from cloud.request_log import log_failure, log_request, loggable
from cloud.retry import (
    ArmRetryPolicy,
    JsonBodyCheck,
    Notice,
    ReauthenticateOnce,
    retry_after,
)
from cloud.transport import Transport
from cloud.waiting import LAST, SOON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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


Client = TypeVar("Client")
Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")


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


class _Connections:
    """What the clients of one sign-in share: connections, clients by subscription, and what was looked up."""

    def __init__(self, notice: Notice) -> None:
        self.transport, self.pace = Transport(), Pace(notice)
        self.graph_http: Any = None
        self.written, self.once = Written(), Once()
        self.clients: dict[tuple[str, str], Any] = {}

    async def close(self) -> None:
        await self.transport.close()
        if self.graph_http is not None:
            await self.graph_http.aclose()


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
        connections: _Connections | None = None,
    ) -> None:
        self._traffic = traffic
        self.cloud, self.credential, self.subscription = cloud, credential, subscription
        self._notice = notice
        self._shared = connections or _Connections(notice)
        self._owns_connections = connections is None

    def beside(self) -> Azure:
        """Return clients of the same sign-in over the same connections, for a deployment in any subscription.

        `async with` over them closes nothing: the first ones do.
        """
        return Azure(self.cloud, self.credential, self._notice, traffic=self._traffic, connections=self._shared)

    async def once(
        self,
        ask: Callable[Concatenate[Azure, Arguments], Awaitable[Answer]],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer:
        """Return what `ask` returns for these clients; in a run of several deployments it is asked once a subscription.

        For what no step of any deployment changes.
        """
        return await self._shared.once((ask, self.subscription, args), lambda: ask(self, *args, **kwargs))

    async def once_by(
        self, key: object, ask: Callable[[], Awaitable[Answer]], keep: Callable[[Answer], bool] | None = None
    ) -> Answer:
        """Return what `ask` returns, which in a run of several deployments is called once for a key and subscription.

        An answer that is not to `keep` is asked for again by the next.
        """
        return await self._shared.once((key, self.subscription), ask, keep)

    async def __aenter__(self) -> Azure:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._owns_connections:
            await self._shared.close()
            await self.credential.close()

    def _client(self, kind: str, make: Callable[[], Client], subscription: str | None = None) -> Client:
        """Return the client of this kind for the subscription, made when it is first asked for."""
        key = (kind, self.subscription if subscription is None else subscription)
        if key not in self._shared.clients:
            self._shared.clients[key] = make()
        return cast("Client", self._shared.clients[key])

    def _options(self) -> dict[str, Any]:
        """Return a Resource Manager client's settings. It has no policy that registers a provider by itself.

        Each client's own policy would register a missing provider, also for plan and verify, which must not write.
        """
        from azure.core.pipeline.policies import ContentDecodePolicy, RequestIdPolicy, UserAgentPolicy

        sign_in = ReauthenticateOnce(self.credential, self.cloud.arm_scope)
        begin = [RequestIdPolicy(), UserAgentPolicy(), ContentDecodePolicy()]
        replicas, trace = RideOutReplicas(self._shared.written, self._notice), Trace(self._traffic)
        sending = [sign_in, PaceRequests(self._shared.pace), trace]
        policies = [*begin, replicas, ArmRetryPolicy(self._notice), JsonBodyCheck(), *sending]
        return {"base_url": self.cloud.resource_manager, "transport": self._shared.transport, "policies": policies}

    def _data_plane_options(self, scope: str) -> dict[str, Any]:
        return {
            "transport": self._shared.transport,
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
        policies = [RequestIdPolicy(), ArmRetryPolicy(self._notice), *sign_in, JsonBodyCheck()]
        policies += [PaceRequests(self._shared.pace), Trace(self._traffic)]
        client = AsyncPipelineClient[HttpRequest, AsyncHttpResponse](
            base_url=url, policies=policies, transport=self._shared.transport
        )
        request = HttpRequest("GET", url, headers={"Authorization": f"Bearer {token}"} if token else {})
        response = await client.send_request(request)
        if response.status_code != 200:
            raise HttpResponseError(response=response)
        return response.json()

    @property
    def subscriptions(self) -> SubscriptionClient:
        """Subscriptions and tenants."""
        from azure.mgmt.resource.subscriptions.aio import SubscriptionClient

        return self._client("subscriptions", lambda: SubscriptionClient(self.credential, **self._options()), "")

    @property
    def resources(self) -> ResourceManagementClient:
        """Resource groups and providers."""
        from azure.mgmt.resource.resources.aio import ResourceManagementClient

        return self._client("resources", lambda: ResourceManagementClient(*self._place(), **self._options()))

    @property
    def twins(self) -> AzureDigitalTwinsManagementClient:
        """Digital Twins instances."""
        from azure.mgmt.digitaltwins.aio import AzureDigitalTwinsManagementClient

        return self._client("twins", lambda: AzureDigitalTwinsManagementClient(*self._place(), **self._options()))

    @property
    def authorization(self) -> AuthorizationManagementClient:
        """Role definitions and assignments."""
        from azure.mgmt.authorization.v2022_04_01.aio import AuthorizationManagementClient

        return self._client("authorization", lambda: AuthorizationManagementClient(*self._place(), **self._options()))

    def user_identities(self, subscription: str) -> UserAssignedIdentitiesOperations:
        """User-assigned managed identities of a subscription, which may be another one than the instance's."""
        from azure.mgmt.msi.v2024_11_30.aio import ManagedServiceIdentityClient

        def make() -> UserAssignedIdentitiesOperations:
            client = ManagedServiceIdentityClient(self.credential, subscription, **self._options())
            return client.user_assigned_identities

        return self._client("identities", make, subscription)

    def data_plane(self, host: str) -> DigitalTwinsClient:
        """The instance at `host`. Closing the client is not needed."""
        from azure.digitaltwins.core.aio import DigitalTwinsClient

        options = self._data_plane_options(f"{DATA_PLANE}/.default")
        return self._client("data plane", lambda: DigitalTwinsClient(host, self.credential, **options), host)

    @property
    def graph(self) -> GraphServiceClient:
        """Microsoft Graph."""
        from cloud.graph_client import graph_client

        def make() -> GraphServiceClient:
            retry = GraphRetryMiddleware(self._notice, self.credential, self.cloud.graph_scope, self._traffic)
            client, self._shared.graph_http = graph_client(self.cloud, self.credential, retry)
            return client

        return self._client("graph", make, "")

    def _place(self) -> tuple[SharedCredential, str]:
        return self.credential, self.subscription

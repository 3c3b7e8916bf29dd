"""The HTTP stacks of Azure's SDKs and of Graph's, on one network and with the same time-outs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.core.pipeline.transport import AioHttpTransport

from cloud.network import Network, network

if TYPE_CHECKING:
    import httpx
    from aiohttp import ClientSession

CONNECT_SECONDS, READ_SECONDS = 10, 30
CONNECTIONS = 32
"""How many an HTTP stack has at a time: asyncio keeps a quarter of a megabyte for each with TLS."""


class Transport(AioHttpTransport):  # type: ignore[misc]  # azure-core loads the class when it is asked for
    """azure-core's transport. Each owner has one of its own, and closes it."""

    session: ClientSession | None

    def __init__(self) -> None:
        super().__init__(connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, use_env_settings=False)
        self._network: Network = network()

    async def open(self) -> None:
        """Have connections; what comes when all are busy waits for one."""
        if not self._has_been_opened:
            from aiohttp import ClientSession, DummyCookieJar, TCPConnector

            connector = TCPConnector(limit=CONNECTIONS)
            self.session = ClientSession(connector=connector, cookie_jar=DummyCookieJar(), auto_decompress=False)
        await super().open()

    async def send(self, request: Any, **options: Any) -> Any:
        """Send a request, through the proxy where its host needs one."""
        if proxy := self._network.proxy_for(request.url):
            options |= {"proxy": proxy.url, "proxy_headers": dict(proxy.headers)}
        return await super().send(request, ssl=self._network.trust, **options)


def graph_http(base_url: str) -> httpx.AsyncClient:
    """Return the HTTP client of Graph, all of whose requests go to one host."""
    import httpx

    trust, found = network().trust, network().proxy_for(base_url)
    proxy = None
    if found:
        to_proxy = trust if found.url.startswith("https:") else None
        proxy = httpx.Proxy(found.url, headers=dict(found.headers), ssl_context=to_proxy)
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        trust_env=False,
        verify=trust,
        proxy=proxy,
    )

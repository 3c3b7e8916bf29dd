"""What Azurite leaves out, before it: signatures of tokens, roles, throttling; and what a network does to requests.

The emulator hands the account's host name to this front, so that a program reaches it as it reaches Azure.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import aiohttp
import jwt
from aiohttp import web

from tests.support.world import Emulator

BLOBS = "/blobServices/default/containers"
ACTIONS = {"GET": "read", "HEAD": "read", "PUT": "write", "DELETE": "delete"}
"""The data action of a request, after `…/containers/blobs/`. Source: "Permissions for calling data operations"."""
ROLES = {
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": ("read", "write", "delete"),
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": ("read", "write", "delete"),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": ("read",),
}
"""Storage Blob Data Contributor, Owner and Reader, by the id of the role."""
AUDIENCE = "https://storage.azure.com"
HOP = {"host", "connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class Seen:
    """A request."""

    method: str
    path: str
    status: int = 0


class Front:
    """Plays the blob service of a storage account, with Azurite behind it. A context manager.

    `spoil` is called with each request's number among the writes, counted from 1, and "before" or "after" it was
    carried out; where it returns True the connection is cut.
    """

    def __init__(self, azure: Emulator, account: str, azurite_port: int, trusted: ssl.SSLContext) -> None:
        self._azure, self.account = azure, account
        self.host = f"{account.rpartition('/')[2]}.blob.core.windows.net"
        self._azurite, self._trusted = f"https://127.0.0.1:{azurite_port}", trusted
        self.offline: set[str] = set()
        """Beginnings of paths whose requests are cut."""
        self.busy = 0
        """How many of the next requests are told that the service is busy."""
        self.expired = 0
        """How many of the next requests have their token refused, as one that has expired."""
        self.spoil: Callable[[int, str], bool] = lambda _number, _phase: False
        self.seen: list[Seen] = []
        self.writes = 0
        self._assignments: list[dict[str, Any]] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self, sock: socket.socket, pem: Path) -> None:
        """Serve at a socket of loopback, with this key and certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(sock, context), self._loop).result(30)

    def close(self) -> None:
        """Cut all connections."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    def clear(self) -> None:
        """Forget what was asked so far, and mend everything."""
        self.seen, self.writes, self.busy, self.expired = [], 0, 0, 0
        self.offline.clear()
        self.forget_roles()
        self.spoil = lambda _number, _phase: False

    def forget_roles(self) -> None:
        """Ask for the role assignments anew: they are kept, as asking at each request takes longer than the rest."""
        self._assignments = None

    async def _start(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self._trusted))
        self._server = web.Server(self._serve, access_log=None)
        self._listener = await self._loop.create_server(self._server, sock=sock, ssl=context)

    async def _stop(self) -> None:
        self._listener.close()
        await self._server.shutdown(0.1)
        await self._session.close()

    async def _serve(self, http: web.BaseRequest) -> web.StreamResponse:
        body, seen = await http.read(), Seen(http.method, http.raw_path)
        if http.path.startswith(tuple(self.offline)):
            return _cut(http)
        if self.busy:
            self.busy -= 1
            return _refusal(503, "ServerBusy", "The server is busy.")
        self.seen.append(seen)
        refusal = await asyncio.to_thread(self._refused, http)
        if refusal is not None:
            seen.status = refusal.status
            return refusal
        number = 0
        if http.method in ("PUT", "DELETE"):
            self.writes += 1
            number = self.writes
        if number and self.spoil(number, "before"):
            return _cut(http)
        headers = {name: value for name, value in http.headers.items() if name.lower() not in HOP}
        headers["Host"] = self.host
        async with self._session.request(
            http.method, f"{self._azurite}{http.raw_path}", headers=headers, data=body,
            skip_auto_headers=["Content-Type"], server_hostname=self.host,
        ) as answer:  # fmt: skip
            content = await answer.read()
        if number and self.spoil(number, "after"):
            return _cut(http)
        seen.status = answer.status
        back = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        if http.method == "HEAD" and "Content-Length" in answer.headers:
            back["Content-Length"] = answer.headers["Content-Length"]
        return web.Response(status=answer.status, headers=back, body=content)

    def _refused(self, http: web.BaseRequest) -> web.Response | None:
        """Return the refusal of a request by its token or its roles; None for one that may be carried out."""
        scheme, _, token = http.headers.get("Authorization", "").partition(" ")
        tenant = self._azure.ready["tenantId"]
        challenge = (
            f"Bearer authorization_uri=https://login.microsoftonline.com/{tenant}/oauth2/authorize "
            f"resource_id={AUDIENCE}"
        )
        try:
            if scheme != "Bearer":
                raise jwt.InvalidTokenError("no bearer token")
            if self.expired:
                self.expired -= 1
                raise jwt.ExpiredSignatureError("it has expired")
            claims = jwt.decode(token, self._key, algorithms=["RS256"], audience=[AUDIENCE, f"{AUDIENCE}/"])
        except jwt.InvalidTokenError as error:
            text = f"Server failed to authenticate the request: {error}."
            return _refusal(401, "InvalidAuthenticationInfo", text, {"WWW-Authenticate": challenge})
        container, _, _ = http.path.lstrip("/").partition("/")
        if not self._may(claims["oid"], ACTIONS.get(http.method, "write"), f"{self.account}{BLOBS}/{container}"):
            text = "This request is not authorized to perform this operation using this permission."
            return _refusal(403, "AuthorizationPermissionMismatch", text)
        return None

    @cached_property
    def _key(self) -> Any:
        """The key of the emulator's tokens, as it publishes it; asked for once, as it counts requests."""
        keys = self._azure.https("GET", "https://login.microsoftonline.com/common/discovery/keys").json()["keys"]
        return jwt.PyJWK(keys[0] | {"alg": "RS256"}).key

    def _may(self, principal: str, action: str, scope: str) -> bool:
        """Whether a role assignment of the emulator allows the action to the principal."""
        found = self._assignments
        if found is None:
            listed = self._azure.inventory(volatile=True)["roleAssignments"]
            found = self._assignments = [one["properties"] for one in listed]
        own = [one for one in found if one["principalId"] == principal]
        above = [one for one in own if f"{scope.lower()}/".startswith(f"{one['scope'].rstrip('/').lower()}/")]
        return any(action in ROLES.get(one["roleDefinitionId"].rpartition("/")[2], ()) for one in above)


def _refusal(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return a refusal in the shape of the blob service: a header with the code, and XML."""
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>'
    )
    return web.Response(
        status=status, text=body, content_type="application/xml", headers={"x-ms-error-code": code, **(headers or {})}
    )


def _cut(http: web.BaseRequest) -> web.StreamResponse:
    if http.transport is not None:
        http.transport.abort()
    return web.Response()

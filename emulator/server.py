"""The server: one TLS port for every service, the proxy that leads to it, and a plain one for a token endpoint."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, unquote

from aiohttp import web
from multidict import CIMultiDict

from emulator import control, dispatch
from emulator.certificates import Certificates
from emulator.dispatch import Service
from emulator.faults import Action, Faults
from emulator.journal import Journal
from emulator.messages import Refused, Reply, Request, folded
from emulator.proxy import Proxy, reset
from emulator.traffic import Answer, Received, Recorder, Timing
from emulator.world import World

_FAULT_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "AuthorizationFailed",
    404: "NotFound",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


@dataclass
class Pipeline:
    """The way of a request: count it, faults, the service, faults, latency, the recording, the answer."""

    world: World
    faults: Faults
    journal: Journal
    recorder: Recorder
    at_plain_port: Service | None
    """The token endpoint of where the sign-in is, if that has one."""

    async def tls(self, http: web.BaseRequest) -> web.StreamResponse:
        """Answer a request at the TLS port."""
        request = _request(http, "https", await http.read())
        host = request.headers.get("Host", "").lower()
        custom = f"https://{host.replace('localhost:', '127.0.0.1:')}" == self.world.arm_endpoint
        if custom and request.path.startswith(control.PREFIX):
            reply = control.answer(self.world, self.faults, self.journal, request)
            return await _send(http, _answer(reply, {"Content-Type": "application/json; charset=utf-8"}))
        service = dispatch.service_for(host.removesuffix(":443"), request.path, custom=custom)
        return await self._serve(http, request, service or Service("arm", _unknown_host, dispatch.ARM.render_refusal))

    async def plain(self, http: web.BaseRequest) -> web.StreamResponse:
        """Answer a request at the plain port."""
        assert self.at_plain_port is not None  # noqa: S101 - the plain port is only open when there is one
        return await self._serve(http, _request(http, "http", await http.read()), self.at_plain_port)

    async def _serve(self, http: web.BaseRequest, request: Request, service: Service) -> web.StreamResponse:
        received = _received(http, request)
        visit = self.journal.visit(request.method, request.headers.get("Host", ""), http.raw_path)
        injection = self.faults.match(request.method, http.raw_path, request.path)
        answer: Answer | None = None
        timing = Timing()

        def record(answer: Answer | None) -> None:
            self.recorder.record(received, answer, timing, injected=injection.is_any or answer is None)

        try:
            reply, cut = await self._apply_faults(request, service, injection.before, None)
            if reply is None:
                regular = self._carry_out(request, service)
                timing.begun += self.world.lag.just_begun()
                changed, cut = await self._apply_faults(request, service, injection.after, regular)
                reply = changed or regular
            answer = _answer(reply, dispatch.standing_headers(service.kind, request, reply), cut=cut)
            timing.latency = (reply.latency, self.world.lag.latency.delay(reply.latency))
            await asyncio.sleep(timing.latency[1])
        except _Unanswered as unanswered:
            record(None)
            if unanswered.kept_open:
                with self.journal.holding():
                    await asyncio.Event().wait()
            if http.transport is not None:
                reset(http.transport)
            return web.Response()
        except asyncio.CancelledError:  # the client has left; the recording shows what was carried out all the same
            record(answer)
            raise
        else:
            record(answer)
            return await _send(http, answer)
        finally:
            visit.ended = datetime.now(UTC)

    def _carry_out(self, request: Request, service: Service) -> Reply:
        try:
            with self.world.store.transaction():
                return service.handle(self.world, request)
        except Refused as refused:
            return service.render_refusal(refused, request)
        except Exception:  # noqa: BLE001 - a bug of ours is the service's internal error, and is shown on stderr
            traceback.print_exc()
            return service.render_refusal(Refused(500, "InternalServerError", "The emulator failed."), request)

    async def _apply_faults(
        self, request: Request, service: Service, actions: tuple[Action, ...], reply: Reply | None
    ) -> tuple[Reply | None, bool]:
        """Apply fault rules to `reply` (None: before there is one). Returns the answer and whether to cut it."""
        cut = False
        for action in actions:
            match action.kind:
                case "delay":
                    with self.journal.holding():
                        await asyncio.sleep(action.seconds)
                case "hold" | "drop":
                    raise _Unanswered(kept_open=action.kind == "hold")
                case "truncate" | "headers":
                    reply, cut = reply or self._carry_out(request, service), action.kind == "truncate"
                case "body":
                    reply = Text(action.text, reply.status if reply else 200)
                case _:
                    reply = _injected(request, service, action)
            if reply is not None:
                reply.headers |= action.sent_headers()
        return reply, cut


class _Unanswered(Exception):
    """A request that gets no answer: kept open, or its connection reset."""

    def __init__(self, *, kept_open: bool) -> None:
        self.kept_open = kept_open


class Text(Reply):
    """An answer that is not JSON."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(status, None, {"Content-Type": "text/html; charset=utf-8"})
        self.text = text


def _injected(request: Request, service: Service, action: Action) -> Reply:
    if action.body is not None:
        return Reply(action.status, action.body)
    code = _FAULT_CODES.get(action.status, "InternalServerError")
    refused = Refused(action.status, code, "This fault was injected on purpose.")
    return service.render_refusal(refused, request)


def _unknown_host(world: World, request: Request) -> Reply:  # noqa: ARG001 - it is the same in every world
    raise Refused(404, "HostNotFound", f"The emulator does not serve {request.headers.get('Host', '')}.")


def _received(http: web.BaseRequest, request: Request) -> Received:
    return Received(
        started=datetime.now(UTC),
        method=request.method,
        url=f"{request.origin}{http.raw_path}",
        version=f"HTTP/{http.version.major}.{http.version.minor}",
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in http.raw_headers],
        body=request.body,
    )


def _request(http: web.BaseRequest, scheme: str, body: bytes) -> Request:
    path, _, query = http.raw_path.partition("?")
    asked = tuple(parse_qsl(query, keep_blank_values=True))
    return Request(
        method=http.method,
        path=folded(unquote(path)),
        query=dict(asked),
        headers=http.headers,
        body=body,
        origin=f"{scheme}://{http.headers.get('Host', '')}",
        asked=asked,
    )


def _answer(reply: Reply, standing: dict[str, str], *, cut: bool = False) -> Answer:
    headers: CIMultiDict[str] = CIMultiDict(standing)
    headers.update(reply.headers)
    content = b"" if reply.body is None else json.dumps(reply.body, ensure_ascii=False).encode()
    if isinstance(reply, Text):
        content = reply.text.encode()
    if not content:
        headers.popall("Content-Type", None)
    headers["Content-Length"] = str(len(content))
    headers["Date"] = format_datetime(datetime.now(UTC), usegmt=True)
    return Answer(reply.status, headers, content, cut)


async def _send(http: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    if not answer.cut:
        return web.Response(status=answer.status, headers=answer.headers, body=answer.content)
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    await response.prepare(http)
    await response.write(answer.content[: len(answer.content) // 2])
    if http.transport is not None:
        http.transport.close()
    return response


@dataclass
class Sockets:
    """The loopback ports, bound before anything runs."""

    tls: socket.socket
    proxy: socket.socket
    plain: socket.socket | None

    @classmethod
    def bind(cls, port: int, before: dict[str, int], *, plain: bool) -> Sockets:
        """Bind `port` (0: any free one) and two more. Ports in `before` are used again if they are free."""
        tls = _bind(port) if port else _bind(before.get("tls", 0), any_port=True)
        proxy = _bind(before.get("proxy", 0), any_port=True)
        return cls(tls, proxy, _bind(before.get("plain", 0), any_port=True) if plain else None)

    def ports(self) -> dict[str, int]:
        """Return the ports by name."""
        bound = {"tls": self.tls, "proxy": self.proxy, "plain": self.plain}
        return {name: sock.getsockname()[1] for name, sock in bound.items() if sock is not None}


def _bind(port: int, *, any_port: bool = False) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        if not any_port:
            raise
        return socket.create_server(("127.0.0.1", 0))


@asynccontextmanager
async def serving(pipeline: Pipeline, sockets: Sockets, certificates: Certificates) -> AsyncIterator[None]:
    """Serve while the block runs. At its end cut all connections, those of unanswered requests too."""
    loop = asyncio.get_running_loop()
    tls = web.Server(pipeline.tls, handler_cancellation=True, access_log=None)
    plain = web.Server(pipeline.plain, handler_cancellation=True, access_log=None)
    own_port, fronts = sockets.tls.getsockname()[1], pipeline.world.fronts

    def port_of(host: str) -> int | None:
        return own_port if dispatch.known_host(host) else fronts.get(host)

    proxy = Proxy(port_of, pipeline.faults.cuts, pipeline.journal)
    listeners = [
        await loop.create_server(tls, sock=sockets.tls, ssl=certificates.context),
        await asyncio.start_server(proxy.accept, sock=sockets.proxy),
    ]
    if sockets.plain is not None:
        listeners.append(await loop.create_server(plain, sock=sockets.plain))
    try:
        yield
    finally:
        for listener in listeners:
            listener.close()
        await proxy.close()
        await tls.shutdown(0.1)
        await plain.shutdown(0.1)

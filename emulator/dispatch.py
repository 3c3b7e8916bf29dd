"""Which service a request is for: by host name, or, in the custom cloud, by path on its one origin."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from emulator import arm, dataplane, entra, graph, metadata
from emulator.entra import runners
from emulator.graph import admin_consent
from emulator.inventory import Item
from emulator.messages import Refused, Reply, Request
from emulator.world import World

ARM_HOSTS = metadata.MANAGERS
GRAPH_HOSTS = frozenset({"graph.microsoft.com", "graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"})
ENTRA_HOSTS = frozenset({"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"})
ENTRA_HOSTS |= {"login.microsoftonline.us", "login.chinacloudapi.cn"}
_DATA_PLANE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.digitaltwins\.azure\.net")
_ENTRA_PATH = re.compile(r"/[^/]+/(oauth2|v2\.0|\.well-known|discovery|userrealm)(/.*)?", re.IGNORECASE)
_GRAPH_PATH = re.compile(r"/(v1\.0|beta)(/.*)?", re.IGNORECASE)
_GRAPH_CONTENT = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

Kind = Literal["arm", "entra", "graph", "dataplane", "metadata", "cloud shell", "imds", "portal", "runner"]


@dataclass(frozen=True)
class Service:
    """The implementation of one service."""

    kind: Kind
    handle: Callable[[World, Request], Reply]
    render_refusal: Callable[[Refused, Request], Reply]


ARM = Service("arm", arm.handle, arm.render_refusal)
ENTRA = Service("entra", entra.handle, entra.render_refusal)
GRAPH = Service("graph", graph.handle, graph.render_refusal)
DATA_PLANE = Service("dataplane", dataplane.handle, dataplane.render_refusal)
PORTAL = Service("portal", admin_consent.handle, admin_consent.render_refusal)
RUNNER = Service("runner", runners.handle, runners.render_refusal)
METADATA = Service("metadata", metadata.handle, arm.render_refusal)


def known_host(host: str) -> bool:
    """Whether the emulator serves `host`, given in lower case and without a port."""
    fixed = ARM_HOSTS | GRAPH_HOSTS | ENTRA_HOSTS | {admin_consent.HOST}
    return host in fixed or runners.known_host(host) or bool(_DATA_PLANE.fullmatch(host))


def service_for(host: str, path: str, *, custom: bool) -> Service | None:
    """Return the service of `path` at `host`, or None; `custom`: the host is the custom cloud's origin."""
    if host in ARM_HOSTS or custom:
        if path.lower() == metadata.PATH:
            return METADATA
        if custom and _GRAPH_PATH.fullmatch(path):
            return GRAPH
        if custom and _ENTRA_PATH.fullmatch(path):
            return ENTRA
        return ARM
    if host in ENTRA_HOSTS:
        return ENTRA
    if host in GRAPH_HOSTS:
        return GRAPH
    if host == admin_consent.HOST:
        return PORTAL
    if runners.known_host(host):
        return RUNNER
    return DATA_PLANE if _DATA_PLANE.fullmatch(host) else None


def inventory(world: World) -> list[Item]:
    """Return everything that exists."""
    return [*arm.inventory(world), *graph.inventory(world), *dataplane.inventory(world)]


def standing_headers(kind: Kind, request: Request, reply: Reply) -> dict[str, str]:
    """Return the headers that every answer of a service carries, with new request ids."""
    if kind == "dataplane" and reply.status == 401:  # recorded: nothing else, neither a challenge nor a request id
        return {"Content-Type": "application/json"}
    if kind == "imds":  # Azure/azure-sdk-for-net#37278
        return {"Server": "IMDS/150.870.65.1015", "Content-Type": "application/json; charset=utf-8"}
    return {"Server": "Microsoft-HTTPAPI/2.0", **_named(kind, request, reply)}


def _named(kind: Kind, request: Request, reply: Reply) -> dict[str, str]:
    request_id = str(uuid.uuid4())
    json_type = {"Content-Type": "application/json; charset=utf-8"}
    if kind in ("arm", "metadata"):
        correlation = request.headers.get("x-ms-correlation-request-id") or request_id
        return json_type | {
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "Expires": "-1",
            "x-ms-request-id": request_id,
            "x-ms-correlation-request-id": correlation,
            "x-ms-routing-request-id": f"WESTEUROPE:{request_id}",
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
        }
    if kind == "graph":
        return {
            "Content-Type": _GRAPH_CONTENT,
            "Cache-Control": "no-cache",
            "Strict-Transport-Security": "max-age=31536000",
            "request-id": request_id,
            "client-request-id": request.headers.get("client-request-id") or request_id,
            "x-ms-resource-unit": "1",
            **({"OData-Version": "4.0"} if reply.status < 400 and reply.body is not None else {}),
        }
    if kind == "entra":
        return json_type | {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "x-ms-request-id": request_id}
    if kind == "dataplane":
        return json_type | {"traceresponse": _trace(), "mise-correlation-id": request_id}
    return json_type | {"x-ms-request-id": request_id}


def _trace() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"

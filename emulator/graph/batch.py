"""JSON batching: up to 20 requests in one (learn.microsoft.com/graph/json-batching)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from multidict import CIMultiDict

from emulator.graph.odata import body_of
from emulator.graph.refusals import malformed, render_refusal
from emulator.messages import Json, Refused, Reply, Request, folded
from emulator.world import World

PATH = "/v1.0/$batch"
_MOST = 20
# microsoftgraph/microsoft-graph-docs-contrib#8576: an absolute URL is an invalid payload.
_WRITES = ("POST", "PATCH", "PUT")
_FAILED = 400


def answer(world: World, request: Request, carry_out: Callable[[World, Request], Reply]) -> Reply:
    """Carry out each request of a batch as its caller; each has its own status.

    A request runs after those that it depends on; it is not run (424) if one of them failed.
    """
    steps = _steps(request)
    done: dict[str, Json] = {}
    while len(done) < len(steps):
        ready = [step for name, step in steps.items() if name not in done and set(_needs(step)) <= done.keys()]
        if not ready:
            raise _invalid()
        for step in ready:
            done[step["id"]] = {"id": step["id"], **_carried_out(world, request, step, done, carry_out)}
    latency = "graph_read" if all(step["method"] == "GET" for step in steps.values()) else "graph_write"
    return Reply(200, {"responses": list(done.values())}, latency=latency)


def _steps(request: Request) -> dict[str, Json]:
    requests = body_of(request).get("requests")
    if not isinstance(requests, list) or not requests or not all(_well_formed(step) for step in requests):
        raise _invalid()
    if len(requests) > _MOST:
        raise malformed(f"Number of batch request steps exceeds the maximum value of {_MOST}.")
    steps = {step["id"]: {**step, "method": step["method"].upper()} for step in requests}
    if len(steps) < len(requests) or not {need for step in requests for need in _needs(step)} <= steps.keys():
        raise _invalid()
    for step in steps.values():
        if step["method"] in _WRITES and not (step.get("body") is not None and _headers(step).get("Content-Type")):
            raise malformed(f"Write request id : {step['id']} does not contain Content-Type header or body.")
    return steps


def _well_formed(step: Any) -> bool:
    if not isinstance(step, dict) or not all(step.get(name) for name in ("id", "method", "url")):
        return False
    strings = all(isinstance(step[name], str) for name in ("id", "method", "url"))
    return strings and "://" not in step["url"].partition("?")[0] and isinstance(step.get("headers") or {}, dict)


def _carried_out(
    world: World, request: Request, step: Json, done: dict[str, Json], carry_out: Callable[[World, Request], Reply]
) -> Json:
    path, _, query = step["url"].partition("?")
    part = Request(
        method=step["method"],
        path=folded(unquote(f"/v1.0/{path}")),
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers=_headers(step),
        body=b"" if step.get("body") is None else json.dumps(step["body"]).encode(),
        origin=request.origin,
        caller=request.caller,
    )
    try:
        if any(done[need]["status"] >= _FAILED for need in _needs(step)):
            text = "The request could not be performed because a request it depends on failed."
            raise Refused(424, "FailedDependency", text)
        reply = carry_out(world, part)
    except Refused as refused:
        reply = render_refusal(refused, part)
    if reply.body is None:
        return {"status": reply.status, "headers": dict(reply.headers)}
    return {
        "status": reply.status,
        "headers": {"Content-Type": "application/json", **reply.headers},
        "body": reply.body,
    }


def _needs(step: Json) -> list[str]:
    return [str(need) for need in step.get("dependsOn") or []]


def _headers(step: Json) -> CIMultiDict[str]:
    return CIMultiDict({str(name): str(value) for name, value in (step.get("headers") or {}).items()})


def _invalid() -> Refused:
    return malformed("Invalid batch payload format.")

"""Long-running operations: the status documents that `Azure-AsyncOperation` points at, the results of `Location`.

As recorded of the live service: both URLs are long and signed, and all their parameters have to be sent back; only the
first answer of a provider says when to ask again, a group's deletion every time (see `Lag.retry_after`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from emulator.arm.core.guards import subscription_for
from emulator.arm.core.routes import GROUP, ROUTER, SUBSCRIPTION
from emulator.arm.core.stamps import now
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

_PLACE = SUBSCRIPTION + "/providers/{namespace}/locations/{location}"
_ZONE_PLACE = GROUP + "/providers/Microsoft.Network"
"""Of private DNS zones. Source: Azure/azure-rest-api-specs, privatedns 2020-06-01."""
_RESULT = SUBSCRIPTION + "/operationresults/{operation}"
_RESULT_KIND = "operationResult"
"""Documents that name the operation that a result's URL is for, which need not have the operation's id in it."""
_GROUP_SECONDS = 15


@dataclass(frozen=True)
class _Provider:
    """How a provider shows its operations."""

    status: str = "operationsStatuses"
    result: str = "operationResults"
    seconds: int | None = 10
    """`Retry-After` of the first answer; None where there is none."""
    working: str = "InProgress"
    """The state of work that goes on."""
    bare: bool = False
    """Whether the status says its word alone."""
    flagged: bool = False
    """Whether status and result have the same path, and a parameter tells which is asked for."""


_OTHER = _Provider()
_BUS = _Provider("namespaceOperationResults", "namespaceOperationResults", None, flagged=True)
_PROVIDERS = {
    "microsoft.digitaltwins": _Provider(working="Running"),
    "microsoft.eventgrid": _Provider("operationsStatus"),
    "microsoft.eventhub": _BUS,
    "microsoft.servicebus": _BUS,
    "microsoft.network": _Provider("operations", seconds=None, bare=True),
}

Observe = Callable[[World, str], Json | None]
_OBSERVE: dict[str, Observe] = {}


def observe_with(kind: str, observe: Observe) -> None:
    """Register what observes a target of `kind`, finishes its operation when that is over, and returns the target."""
    _OBSERVE[kind] = observe


def start(world: World, kind: str, target: str, location: str, verb: str) -> str:
    """Begin an operation (`verb`: Create, Patch or Delete) on `target` (a store key of `kind`) and return its id."""
    subscription = target.split("/")[2]
    operation = str(uuid.uuid4())
    record = {"subscription": subscription, "kind": kind, "target": target, "location": location, "verb": verb}
    record |= {"startTime": now(), "ticks": str(621355968000000000 + time.time_ns() // 100)}
    world.store.put("operation", operation, record)
    return operation


def finish(world: World, operation: str | None, error: Json | None = None) -> None:
    """Record how an operation ended."""
    record = world.store.get("operation", operation) if operation else None
    if operation and record:
        status = {"status": "Failed", "error": error} if error else {"status": "Succeeded"}
        world.store.put("operation", operation, {**record, **status, "endTime": now()})


def polled(world: World, request: Request, operation: str) -> dict[str, str]:
    """Return the headers of an answer whose work goes on: where to ask about it, where its result will be, and when."""
    record = _record(world, operation)
    url = _url(request, operation, record, _provider(record).status, operation)
    if _provider(record).flagged:
        url = url.replace("isAsyncHeader=false", "isAsyncHeader=true")
    return {"Azure-AsyncOperation": url} | result_located(world, request, operation)


def result_located(world: World, request: Request, operation: str) -> dict[str, str]:
    """Return the headers of an answer whose work goes on, with the `Location` of its result only."""
    record = _record(world, operation)
    location = _url(request, operation, record, _provider(record).result, _result_name(world, operation, record))
    return {"Location": location} | world.lag.retry_after(_provider(record).seconds, first=True)


def located(world: World, request: Request, operation: str) -> dict[str, str]:
    """Return the headers of an answer whose work goes on, with `Location` as resource groups have it."""
    record = _record(world, operation)
    name = _encoded({"jobId": operation, "jobLocation": record["location"]})
    world.store.put(_RESULT_KIND, _result_key(record["subscription"], name), {"operation": operation})
    path = f"/subscriptions/{record['subscription']}/operationresults/{name}"
    url = f"{request.origin}{path}?api-version={request.query['api-version']}{_signature(operation, record)}"
    return {"Location": url} | world.lag.retry_after(_GROUP_SECONDS, first=False, every=True)


@ROUTER.add("GET", _PLACE + "/operationsStatuses/{operation}")
@ROUTER.add("GET", _PLACE + "/operationsStatus/{operation}")
@ROUTER.add("GET", _PLACE + "/operations/{operation}")
@ROUTER.add("GET", _ZONE_PLACE + "/privateDnsOperationStatuses/{operation}")
def get_status(world: World, request: Request, *, subscription: str, operation: str, **_: str) -> Reply:
    """Return the status: work that goes on, `Succeeded` or `Failed` with its error."""
    return _status(world, request, _observed(world, request, subscription, operation), operation)


def _status(world: World, request: Request, record: Json, operation: str) -> Reply:
    provider = _provider(record)
    body = {"name": operation, "status": record.get("status", provider.working)}
    if provider.bare:
        body = {"status": body["status"]}
    elif provider.status == "operationsStatus":  # Event Grid's: its own URL, and no times
        body = {"id": _url(request, operation, record, provider.status, operation, signed=False), **body}
    else:
        place = f"/subscriptions/{record['subscription']}/locations/{record['location']}"
        body = {"id": f"{place}/operationsStatuses/{operation}", **body, "startTime": record["startTime"]}
        body |= {name: record[name] for name in ("endTime",) if name in record}
    body |= {name: record[name] for name in ("error",) if name in record}
    return Reply(body=body, headers={} if "status" in record else world.lag.retry_after(provider.seconds, first=False))


@ROUTER.add("GET", _RESULT)
def get_result(world: World, request: Request, subscription: str, operation: str) -> Reply:
    """Answer 202 with `Location` while the operation goes on, 200 when it is over."""
    operation = _named(world, subscription, operation)
    record = _observed(world, request, subscription, operation)
    if "status" in record:
        return Reply(200)
    return Reply(202, headers=located(world, request, operation))


@ROUTER.add("GET", _ZONE_PLACE + "/privateDnsOperationResults/{operation}")
def get_result_of_zone(world: World, request: Request, subscription: str, operation: str, **_: str) -> Reply:
    """Answer as `get_result_at_place` does, for a private DNS zone and its links."""
    record = _observed(world, request, subscription, operation)
    return get_result_at_place(
        world,
        request,
        subscription=subscription,
        namespace=_namespace(record),
        location=record["location"],
        operation=operation,
    )


@ROUTER.add("GET", _PLACE + "/operationResults/{operation}")
@ROUTER.add("GET", _PLACE + "/namespaceOperationResults/{operation}")
def get_result_at_place(
    world: World, request: Request, *, subscription: str, namespace: str, location: str, operation: str
) -> Reply:
    """Answer 202 with `Location` while the operation goes on; then 200 with the resource, 204 if there is none."""
    name, operation = operation, _named(world, subscription, operation)
    record = _observed(world, request, subscription, operation)
    if not record["target"].lower().count(f"/providers/{namespace}/".lower()) or record["location"] != location:
        raise _unknown(name)
    provider = _provider(record)
    if provider.flagged and request.query.get("isAsyncHeader") == "true":
        return _status(world, request, record, operation)
    if "status" not in record:
        where = {"Location": _url(request, operation, record, provider.result, name)}
        return Reply(202, headers=where | world.lag.retry_after(provider.seconds, first=False))
    found = _OBSERVE[record["kind"]](world, record["target"])
    return Reply(200, public(found)) if found else Reply(204)


def lag_key(kind: str, target: str) -> str:
    """Return the key under which work on `target` is timed or counted."""
    return f"{kind}/{target}".lower()


def _observed(world: World, request: Request, subscription: str, operation: str) -> Json:
    """Return the record of an operation as it is now; refuse (403) a URL without its signature."""
    subscription_for(world, f"/subscriptions/{subscription}")
    record = _record(world, operation)
    if record["subscription"].lower() != subscription.lower():
        raise _unknown(operation)
    expected = _parameters(operation, record)
    if {name: request.query.get(name) for name in expected} != expected:
        # That the parameters have to be sent back is recorded; what happens without them is not.
        raise Refused(403, "AuthorizationFailed", "The signature of the operation's URL is missing or wrong.")
    if "status" in record:
        return record
    _OBSERVE[record["kind"]](world, record["target"])
    return _record(world, operation)


def _provider(record: Json) -> _Provider:
    return _PROVIDERS.get(_namespace(record).lower(), _OTHER)


def _namespace(record: Json) -> str:
    return str(record["target"].rsplit("/providers/", 1)[-1].split("/")[0])


def _url(request: Request, operation: str, record: Json, kind: str, name: str, *, signed: bool = True) -> str:
    """Return the URL of an operation at the provider of its target."""
    path = f"/subscriptions/{record['subscription']}/providers/{_namespace(record)}/locations/{record['location']}"
    query = f"api-version={request.query['api-version']}"
    if "/privatednszones/" in record["target"].lower():
        path = record["target"].lower().partition("/privatednszones/")[0]
        kind = "privateDnsOperationStatuses" if kind == "operations" else "privateDnsOperationResults"
    if _provider(record).flagged:
        name_of_target = record["target"].rpartition("/")[2]
        query = f"isAsyncHeader=false&resourceName={name_of_target}&resourceType=namespace&{query}"
        query += f"&operationType={'Deleted' if record.get('verb') == 'Delete' else 'Active'}"
    return f"{request.origin}{path}/{kind}/{name}?{query}{_signature(operation, record) if signed else ''}"


def _result_name(world: World, operation: str, record: Json) -> str:
    """Return the name of an operation's result; of Digital Twins it has what is done, and to what."""
    if _namespace(record).lower() != "microsoft.digitaltwins":
        return operation
    parts = record["target"].split("/")
    kinds = {"endpoints": "Endpoint", "timeSeriesDatabaseConnections": "TimeSeriesDatabaseConnection"}
    kinds |= {"privateEndpointConnections": "PrivateEndpointConnection"}
    kind = kinds[parts[9]] if len(parts) > 10 else "DigitalTwinsInstance"
    what = {"operationKind": record.get("verb", "Create"), "resourceKind": kind, "resourceGroupName": parts[4]}
    what |= {"resourceName": parts[8]} | ({"nestedResourceName": parts[10]} if len(parts) > 10 else {})
    name = _encoded(what)
    world.store.put(_RESULT_KIND, _result_key(record["subscription"], name), {"operation": operation})
    return name


def _result_key(subscription: str, name: str) -> str:
    return f"{subscription}/{hashlib.sha256(name.encode()).hexdigest()}"  # the store ignores case, base64 does not


def _named(world: World, subscription: str, name: str) -> str:
    found = world.store.get(_RESULT_KIND, _result_key(subscription, name))
    return str(found["operation"]) if found else name


def _encoded(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def _signature(operation: str, record: Json) -> str:
    return "".join(f"&{name}={value}" for name, value in _parameters(operation, record).items())


def _parameters(operation: str, record: Json) -> dict[str, str]:
    """Return the parameters that sign the URLs of an operation, as long as Azure's: time, certificate, signature."""
    if "ticks" not in record:  # begun by an earlier version
        return {}

    def text(name: str, size: int) -> str:
        digest = hashlib.shake_256(f"{name}/{operation}".encode()).digest(size)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    return {"t": record["ticks"], "c": text("c", 1944), "s": text("s", 256), "h": text("h", 32)}


def _record(world: World, operation: str) -> Json:
    record = world.store.get("operation", operation)
    if record is None:
        raise _unknown(operation)
    return record


def _unknown(operation: str) -> Refused:
    return Refused(404, "OperationNotFound", f"The operation '{operation}' could not be found.")

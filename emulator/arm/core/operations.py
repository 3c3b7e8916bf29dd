"""Long-running operations: the status documents that `Azure-AsyncOperation` and `Location` point at."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from emulator.arm.core.guards import subscription_for
from emulator.arm.core.routes import ROUTER, SUBSCRIPTION
from emulator.arm.core.stamps import now
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

_PLACE = SUBSCRIPTION + "/providers/{namespace}/locations/{location}"
_STATUS = _PLACE + "/operationsStatuses/{operation}"
_RESULT_AT_PLACE = _PLACE + "/operationResults/{operation}"
_RESULT = SUBSCRIPTION + "/operationresults/{operation}"

Observe = Callable[[World, str], None]
_OBSERVE: dict[str, Observe] = {}


def observe_with(kind: str, observe: Observe) -> None:
    """Register the function that observes a target of `kind` and finishes its operation when that is over."""
    _OBSERVE[kind] = observe


def start(world: World, subscription: str, kind: str, target: str, location: str = "") -> str:
    """Begin an operation on `target` (a store key of `kind`) and return its id."""
    operation = str(uuid.uuid4())
    record = {"subscription": subscription, "kind": kind, "target": target, "location": location, "startTime": now()}
    world.store.put("operation", operation, record)
    return operation


def finish(world: World, operation: str | None, error: Json | None = None) -> None:
    """Record how an operation ended."""
    record = world.store.get("operation", operation) if operation else None
    if operation and record:
        status = {"status": "Failed", "error": error} if error else {"status": "Succeeded"}
        world.store.put("operation", operation, {**record, **status, "endTime": now()})


def polled(world: World, request: Request, operation: str, lag_key: str) -> dict[str, str]:
    """Return the headers of an answer whose work goes on: where to poll (`Azure-AsyncOperation`) and when."""
    url = _url(world, request, operation, "operationsStatuses")
    return {"Azure-AsyncOperation": url, "Retry-After": world.lag.retry_after(lag_key)}


def result_located(world: World, request: Request, operation: str, lag_key: str) -> dict[str, str]:
    """Return the headers of an answer whose work goes on, with the `Location` of its result."""
    url = _url(world, request, operation, "operationResults")
    return {"Location": url, "Retry-After": world.lag.retry_after(lag_key)}


def located(world: World, request: Request, operation: str, lag_key: str) -> dict[str, str]:
    """Return the headers of an answer whose work goes on, with `Location` as resource groups have it."""
    path = f"/subscriptions/{_record(world, operation)['subscription']}/operationresults/{operation}"
    url = f"{request.origin}{path}?api-version={request.query['api-version']}"
    return {"Location": url, "Retry-After": world.lag.retry_after(lag_key)}


@ROUTER.add("GET", _STATUS)
def get_status(world: World, _: Request, subscription: str, namespace: str, location: str, operation: str) -> Reply:
    """Return the status: `InProgress` (with `Retry-After`), `Succeeded` or `Failed` with its error."""
    record = _observed(world, subscription, operation)
    path = f"/subscriptions/{subscription}/providers/{namespace}/locations/{location}"
    body = {
        "id": f"{path}/operationsStatuses/{operation}",
        "name": operation,
        "status": record.get("status", "InProgress"),
        "startTime": record["startTime"],
    }
    body |= {name: record[name] for name in ("endTime", "error") if name in record}
    headers = (
        {} if "status" in record else {"Retry-After": world.lag.retry_after(lag_key(record["kind"], record["target"]))}
    )
    return Reply(body=body, headers=headers)


@ROUTER.add("GET", _RESULT)
def get_result(world: World, request: Request, subscription: str, operation: str) -> Reply:
    """Answer 202 with `Location` while the operation goes on, 200 when it is over."""
    record = _observed(world, subscription, operation)
    if "status" in record:
        return Reply(200)
    return Reply(202, headers=located(world, request, operation, lag_key(record["kind"], record["target"])))


@ROUTER.add("GET", _RESULT_AT_PLACE)
def get_result_at_place(
    world: World, request: Request, *, subscription: str, namespace: str, location: str, operation: str
) -> Reply:
    """Answer 202 with `Location` while the operation goes on; then 200 with the resource, 204 if there is none."""
    record = _observed(world, subscription, operation)
    if not record["target"].lower().count(f"/providers/{namespace}/".lower()) or record["location"] != location:
        raise _unknown(operation)
    if "status" not in record:
        return Reply(202, headers=result_located(world, request, operation, lag_key(record["kind"], record["target"])))
    found = world.store.get(record["kind"], record["target"])
    return Reply(200, public(found)) if found else Reply(204)


def lag_key(kind: str, target: str) -> str:
    """Return the key under which work on `target` is timed or counted."""
    return f"{kind}/{target}".lower()


def _observed(world: World, subscription: str, operation: str) -> Json:
    subscription_for(world, f"/subscriptions/{subscription}")
    record = _record(world, operation)
    if record["subscription"].lower() != subscription.lower():
        raise _unknown(operation)
    if "status" in record:
        return record
    _OBSERVE[record["kind"]](world, record["target"])
    return _record(world, operation)


def _url(world: World, request: Request, operation: str, kind: str) -> str:
    """Return the URL of an operation at the provider of its target."""
    record = _record(world, operation)
    provider = record["target"].split("/providers/")[1].split("/")[0]
    path = f"/subscriptions/{record['subscription']}/providers/{provider}/locations/{record['location']}"
    return f"{request.origin}{path}/{kind}/{operation}?api-version={request.query['api-version']}"


def _record(world: World, operation: str) -> Json:
    record = world.store.get("operation", operation)
    if record is None:
        raise _unknown(operation)
    return record


def _unknown(operation: str) -> Refused:
    return Refused(404, "OperationNotFound", f"The operation '{operation}' could not be found.")

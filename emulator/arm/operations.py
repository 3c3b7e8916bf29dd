"""Long-running operations: the status documents that `Azure-AsyncOperation` and `Location` point at."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from emulator.arm.guards import subscription_for
from emulator.arm.routes import ROUTER, SUBSCRIPTION
from emulator.web import Json, Refused, Reply, Request
from emulator.world import World

_STATUS = SUBSCRIPTION + "/providers/Microsoft.DigitalTwins/locations/{location}/operationsStatuses/{operation}"
_RESULT = SUBSCRIPTION + "/operationresults/{operation}"

Look = Callable[[World, str], None]
_LOOK: dict[str, Look] = {}


def now() -> str:
    """Return the present time as Azure writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def looks_at(kind: str) -> Callable[[Look], Look]:
    """Register how a target of `kind` is looked at; that moves it on, and finishes its operation when it is over."""

    def register(look: Look) -> Look:
        _LOOK[kind] = look
        return look

    return register


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
    record = _record(world, operation)
    path = f"/subscriptions/{record['subscription']}/providers/Microsoft.DigitalTwins/locations/{record['location']}"
    url = f"{request.origin}{path}/operationsStatuses/{operation}?api-version={request.query['api-version']}"
    return {"Azure-AsyncOperation": url, "Retry-After": world.lag.retry_after(lag_key)}


def located(world: World, request: Request, operation: str, lag_key: str) -> dict[str, str]:
    """Return the headers of an answer whose work goes on, with `Location` as resource groups have it."""
    path = f"/subscriptions/{_record(world, operation)['subscription']}/operationresults/{operation}"
    url = f"{request.origin}{path}?api-version={request.query['api-version']}"
    return {"Location": url, "Retry-After": world.lag.retry_after(lag_key)}


@ROUTER.add("GET", _STATUS)
def get_status(world: World, _: Request, subscription: str, location: str, operation: str) -> Reply:
    """Return the status: `InProgress` (with `Retry-After`), `Succeeded` or `Failed` with its error."""
    record = _looked_at(world, subscription, operation)
    path = f"/subscriptions/{subscription}/providers/Microsoft.DigitalTwins/locations/{location}"
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
    record = _looked_at(world, subscription, operation)
    if "status" in record:
        return Reply(200)
    return Reply(202, headers=located(world, request, operation, lag_key(record["kind"], record["target"])))


def lag_key(kind: str, target: str) -> str:
    """Return the key under which work on `target` is timed or counted."""
    return f"{kind}/{target}".lower()


def _looked_at(world: World, subscription: str, operation: str) -> Json:
    subscription_for(world, f"/subscriptions/{subscription}")
    record = _record(world, operation)
    if record["subscription"].lower() != subscription.lower():
        raise _unknown(operation)
    if "status" in record:
        return record
    _LOOK[record["kind"]](world, record["target"])
    return _record(world, operation)


def _record(world: World, operation: str) -> Json:
    record = world.store.get("operation", operation)
    if record is None:
        raise _unknown(operation)
    return record


def _unknown(operation: str) -> Refused:
    return Refused(404, "OperationNotFound", f"The operation '{operation}' could not be found.")

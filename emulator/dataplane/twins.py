"""Digital twins: validated against their model, changed by JSON Patch.

Codes: published with the operations, https://learn.microsoft.com/rest/api/digital-twins/dataplane/twins; messages as
quoted in public issues: azure-docs#62635, digital-twins-explorer#66, azure-sdk-for-js#32322. The times of properties
stand in the `$metadata` of the twin or component that has them, with the `sourceTime` that a client wrote there:
https://learn.microsoft.com/azure/digital-twins/concepts-twins-graph (Digital twin JSON format).
"""

from __future__ import annotations

import copy
import re
from typing import Any

from emulator.arm.core.stamps import now
from emulator.dataplane import dtdl, items, json_patch, models, schemas
from emulator.dataplane.hosts import require
from emulator.dataplane.routes import ROUTER
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

KIND = "digitalTwin"
RELATIONSHIP = "relationship"
_ACTION = "Microsoft.DigitalTwins/digitaltwins"
_ID = re.compile(r"[A-Za-z0-9\-.+%_#*?!(),=@$']{1,128}")
_OWN = ("$dtId", "$etag", "$metadata")
_TWIN = "/digitaltwins/{name:segment}"
_COMPONENT = _TWIN + "/components/{component:segment}"


@ROUTER.add("GET", _TWIN, latency="data_plane")
def get_twin(world: World, request: Request, name: str) -> Reply:
    """Return one twin, with its `ETag`."""
    instance = require(world, request, f"{_ACTION}/read")
    found = existing(world, instance, name)
    return Reply(body=found, headers={"ETag": found["$etag"]})


@ROUTER.add("PUT", _TWIN, latency="data_plane")
def put_twin(world: World, request: Request, name: str) -> Reply:
    """Create or replace a twin (200); with `If-None-Match: *` only create it (else 412)."""
    instance = require(world, request, f"{_ACTION}/write")
    check_id(name)
    body = items.body_of(request)
    if body.get("$dtId", name) != name:
        raise items.invalid(f"The digital twin id '{body['$dtId']}' in the payload does not match the one in the path.")
    before = items.get(world, KIND, instance, name)
    items.check_etag(request, before, f"a twin with the id {name}", "twin")
    result = _stored(world, instance, name, body, before)
    return Reply(200, result, {"ETag": result["$etag"]})


@ROUTER.add("PATCH", _TWIN, latency="data_plane")
def patch_twin(world: World, request: Request, name: str) -> Reply:
    """Change a twin (204); the result must be valid as a whole."""
    instance = require(world, request, f"{_ACTION}/write")
    before = existing(world, instance, name)
    items.check_etag(request, before)
    operations = json_patch.parsed(request)
    for operation in operations:
        if operation["path"].startswith(("/$dtId", "/$etag")):
            raise json_patch.invalid(f"The path '{operation['path']}' can't be changed.")
    result = _stored(world, instance, name, _patched(before, operations), before)
    return Reply(204, headers={"ETag": result["$etag"]})


@ROUTER.add("DELETE", _TWIN, latency="data_plane")
def delete_twin(world: World, request: Request, name: str) -> Reply:
    """Delete a twin (204) that has no relationships."""
    instance = require(world, request, f"{_ACTION}/delete")
    found = existing(world, instance, name)
    items.check_etag(request, found)
    if any(
        name in (relationship["$sourceId"], relationship["$targetId"])
        for relationship in items.every(world, RELATIONSHIP, instance)
    ):
        raise Refused(
            400,
            "RelationshipsNotDeleted",
            f"Twin {name} has active relationships. Cannot delete a twin unless all the relationships are deleted. "
            "Please ensure that the active relationships on the twin are deleted. See section on retrieving "
            "relationships https://aka.ms/adtv2twins.",
        )
    items.delete(world, KIND, instance, name)
    return Reply(204)


@ROUTER.add("GET", _COMPONENT, latency="data_plane")
def get_component(world: World, request: Request, name: str, component: str) -> Reply:
    """Return a component of a twin."""
    instance = require(world, request, f"{_ACTION}/read")
    found = existing(world, instance, name)
    return Reply(body=_component(found, component), headers={"ETag": found["$etag"]})


@ROUTER.add("PATCH", _COMPONENT, latency="data_plane")
def patch_component(world: World, request: Request, name: str, component: str) -> Reply:
    """Change a component of a twin (204); the twin must be valid as a whole. The `ETag` is that of the twin."""
    instance = require(world, request, f"{_ACTION}/write")
    before = existing(world, instance, name)
    items.check_etag(request, before)
    operations = json_patch.parsed(request)
    if not isinstance(before.get(component), dict) or "$metadata" not in before[component]:
        raise json_patch.invalid(f"Could not resolve path /{component}{operations[0]['path']}.")
    changed = {**before, component: _patched(before[component], operations)}
    result = _stored(world, instance, name, changed, before)
    return Reply(204, headers={"ETag": result["$etag"]})


@ROUTER.add("POST", _TWIN + "/telemetry", latency="data_plane")
@ROUTER.add("POST", _COMPONENT + "/telemetry", latency="data_plane")
def send_telemetry(world: World, request: Request, name: str, component: str | None = None) -> Reply:
    """Accept telemetry on behalf of a twin or of its component (204) and drop it."""
    instance = require(world, request, f"{_ACTION}/write")
    found = existing(world, instance, name)
    if component is not None:
        _component(found, component)
    if not request.headers.get("Message-Id"):
        raise items.invalid("The header Message-Id is required.")
    items.body_of(request)
    return Reply(204)


def _component(twin: Json, component: str) -> Json:
    """Return a component of a twin; refuse (404) one that it doesn't have."""
    found = twin.get(component)
    if isinstance(found, dict) and isinstance(found.get("$metadata"), dict):
        return found
    raise Refused(
        404,
        "ComponentNotFound",
        f"{twin['$dtId']} does not have component {component} Please verify that the component path is correct. "
        "You can get components by getting the twin, See example http://aka.ms/TwinGetSwSmpl.",
    )


def check_id(name: str) -> None:
    """Refuse (400) an invalid twin id."""
    if not _ID.fullmatch(name):
        raise items.invalid(f"The digital twin id '{name}' is invalid.")


def existing(world: World, instance: Json, name: str) -> Json:
    """Return a twin; refuse (404) an unknown one."""
    check_id(name)
    found = items.get(world, KIND, instance, name)
    if found is None:
        raise Refused(
            404,
            "DigitalTwinNotFound",
            f"There is no digital twin instance that exists with the ID {name}. Please verify that the twin id is "
            "valid and ensure that the twin is not deleted. See section on querying the twins "
            "http://aka.ms/adtv2query.",
        )
    return found


def _stored(world: World, instance: Json, name: str, body: Json, before: Json | None) -> Json:
    """Store a twin, and return it as it is then; refuse (400) one that is not valid as a whole."""
    result = _stamped(name, _valid(world, instance, body, before), before)
    items.put(world, KIND, instance, result, name)
    return result


def _valid(world: World, instance: Json, body: Json, before: Json | None) -> Json:
    """Return the contents of a twin; refuse (400) a missing or decommissioned model and unknown contents."""
    metadata = body.get("$metadata")
    identifier = metadata.get("$model") if isinstance(metadata, dict) else None
    if not isinstance(identifier, str):
        raise failed("Twin is missing $metadata.$model.")
    record = items.get(world, models.KIND, instance, identifier)
    if record is None:
        raise failed(f"{identifier} or one of its dependencies does not exist.")
    if record["decommissioned"] and (before is None or before["$metadata"]["$model"] != identifier):
        raise Refused(400, "ModelDecommissioned", f"The model {identifier} of the twin is decommissioned.")
    find = models.finder(world, instance)
    wrong = _mismatches(record["model"], body, find)
    if wrong:
        raise failed(*wrong)
    return {"$metadata": metadata, **{key: body[key] for key in body if key not in _OWN}}


def _mismatches(model: Json, body: Json, find: dtdl.Find) -> list[str]:
    known = dtdl.contents(model, find)
    wrong = _bad_source_times(body.get("$metadata"))
    for name, value in body.items():
        if name.startswith("$"):
            continue
        content = known.get(name)
        kind = dtdl.kind_of(content) if content else ""
        if content is None or kind not in ("Property", "Component"):
            wrong.append(f"{name} does not exist on component.")
        elif kind == "Property":
            wrong += schemas.mismatches(content["schema"], value, name)
        else:
            wrong += _within_component(content, value, name, find)
    missing = [name for name, part in known.items() if dtdl.kind_of(part) == "Component" and name not in body]
    return wrong + [f"Twin is missing the component {name}." for name in missing]


def _bad_source_times(metadata: Any) -> list[str]:
    """Return what is wrong with the source times in `$metadata`: they comply to ISO 8601."""
    found = metadata.items() if isinstance(metadata, dict) else ()
    times = [(name, part["sourceTime"]) for name, part in found if isinstance(part, dict) and "sourceTime" in part]
    return [
        text
        for name, time in times
        if time is not None
        for text in schemas.mismatches("dateTime", time, f"$metadata.{name}.sourceTime")
    ]


def _within_component(content: Json, value: Any, name: str, find: dtdl.Find) -> list[str]:
    if not isinstance(value, dict) or not isinstance(value.get("$metadata"), dict):
        return [f"The component {name} is missing $metadata."]
    definition = find(content["schema"]) if isinstance(content["schema"], str) else content["schema"]
    return [f"{name}: {text}" for text in _mismatches(definition or {}, value, find)]


def _patched(document: Json, operations: list[Json]) -> Json:
    """Return a twin or component with a patch applied.

    A `sourceTime` may be added or replaced, whether or not there is one, beside a value that the same patch adds.
    """
    document = copy.deepcopy(document)
    for operation in operations:
        *parents, last = json_patch.segments(operation["path"])
        if last == "sourceTime" and parents[-2:-1] == ["$metadata"] and operation["op"] != "remove":
            holder = document if len(parents) == 2 else document.get(parents[0])
            metadata = holder.get("$metadata") if isinstance(holder, dict) else None
            if isinstance(metadata, dict):
                metadata.setdefault(parents[-1], {}).setdefault(last, operation["value"])
    return json_patch.applied(document, operations)


def _stamped(name: str, found: Json, before: Json | None) -> Json:
    time = now()
    stamped = _with_times(found, before, time)
    metadata = {"$lastUpdateTime": time, "$model": found["$metadata"]["$model"], **stamped.pop("$metadata")}
    return {"$dtId": name, "$etag": items.new_etag(), "$lastUpdateTime": time, **stamped, "$metadata": metadata}


def _with_times(found: Json, before: Json | None, time: str) -> Json:
    """Return the contents of a twin or component with `$metadata`: when each property was last changed and observed."""
    asked, result, metadata = found.get("$metadata") or {}, {}, {}
    for key, value in found.items():
        if key.startswith("$"):
            continue
        old = (before or {}).get(key)
        if isinstance(value, dict) and isinstance(value.get("$metadata"), dict):
            result[key] = _with_times(value, old if isinstance(old, dict) else None, time)
            continue
        result[key] = value
        known = ((before or {}).get("$metadata") or {}).get(key) or {}
        source = asked[key].get("sourceTime") if isinstance(asked.get(key), dict) else None
        changed = before is None or key not in before or old != value or source != known.get("sourceTime")
        metadata[key] = {"lastUpdateTime": time if changed else known.get("lastUpdateTime", time)}
        if source is not None:
            metadata[key]["sourceTime"] = source
    return {**result, "$metadata": metadata}


def failed(*reasons: str) -> Refused:
    """Return the refusal of a twin or relationship that doesn't match its model."""
    details = [{"code": "ValidationFailed", "message": reason} for reason in reasons]
    return Refused(400, "ValidationFailed", "Invalid twin specified", details=details)

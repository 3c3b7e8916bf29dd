"""Relationships from a twin to another, as the source's model allows.

Codes: published with the operations; messages as quoted in public issues: azure-sdk-for-js#35010,
digital-twins-explorer#105.
"""

from __future__ import annotations

from emulator.dataplane import dtdl, items, json_patch, models, schemas, twins
from emulator.dataplane.hosts import require
from emulator.dataplane.routes import ROUTER
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

KIND = twins.RELATIONSHIP
_ACTION = "Microsoft.DigitalTwins/digitaltwins/relationships"
_TWIN = "/digitaltwins/{twin:segment}"
_MANY = _TWIN + "/relationships"
_RELATIONSHIP = _MANY + "/{name:segment}"


@ROUTER.add("GET", _MANY, latency="data_plane")
def list_relationships(world: World, request: Request, twin: str) -> Reply:
    """List the relationships from a twin, page by page; `relationshipName` limits them to a name."""
    instance = require(world, request, f"{_ACTION}/read")
    twins.existing(world, instance, twin)
    found, name = items.every(world, KIND, instance, twin), request.query.get("relationshipName")
    found = [relationship for relationship in found if name in (None, relationship["$relationshipName"])]
    return Reply(body=items.page(request, found, **({"relationshipName": name} if name else {})))


@ROUTER.add("GET", _TWIN + "/incomingrelationships", latency="data_plane")
def list_incoming(world: World, request: Request, twin: str) -> Reply:
    """List the relationships to a twin, page by page."""
    instance = require(world, request, f"{_ACTION}/read")
    twins.existing(world, instance, twin)
    found = [relationship for relationship in items.every(world, KIND, instance) if relationship["$targetId"] == twin]
    return Reply(body=items.page(request, [_incoming(relationship) for relationship in found]))


@ROUTER.add("GET", _RELATIONSHIP, latency="data_plane")
def get_relationship(world: World, request: Request, twin: str, name: str) -> Reply:
    """Return one relationship, with its `ETag`."""
    instance = require(world, request, f"{_ACTION}/read")
    found = _existing(world, instance, twin, name)
    return Reply(body=found, headers={"ETag": found["$etag"]})


@ROUTER.add("PUT", _RELATIONSHIP, latency="data_plane")
def put_relationship(world: World, request: Request, twin: str, name: str) -> Reply:
    """Create or replace a relationship (200). The model of the source twin must have its name."""
    instance = require(world, request, f"{_ACTION}/write")
    source = twins.existing(world, instance, twin)
    twins.check_id(name)
    body = items.body_of(request)
    before = items.get(world, KIND, instance, twin, name)
    items.check_etag(request, before, f"a relationship with the id {name}", "relationship")
    if not isinstance(body.get("$relationshipName"), str) or not isinstance(body.get("$targetId"), str):
        raise items.invalid("The relationship must have $relationshipName and $targetId.")
    result = _valid(world, instance, source, {**body, "$relationshipId": name, "$sourceId": twin})
    items.put(world, KIND, instance, result, twin, name)
    return Reply(200, result, {"ETag": result["$etag"]})


@ROUTER.add("PATCH", _RELATIONSHIP, latency="data_plane")
def patch_relationship(world: World, request: Request, twin: str, name: str) -> Reply:
    """Change the properties of a relationship (204)."""
    instance = require(world, request, f"{_ACTION}/write")
    found = _existing(world, instance, twin, name)
    items.check_etag(request, found)
    operations = json_patch.parsed(request)
    if any(operation["path"].startswith("/$") for operation in operations):
        raise json_patch.invalid("Only the properties of a relationship can be changed.")
    source = twins.existing(world, instance, twin)
    result = _valid(world, instance, source, json_patch.applied(found, operations))
    items.put(world, KIND, instance, result, twin, name)
    return Reply(204, headers={"ETag": result["$etag"]})


@ROUTER.add("DELETE", _RELATIONSHIP, latency="data_plane")
def delete_relationship(world: World, request: Request, twin: str, name: str) -> Reply:
    """Delete a relationship (204)."""
    instance = require(world, request, f"{_ACTION}/delete")
    items.check_etag(request, _existing(world, instance, twin, name))
    items.delete(world, KIND, instance, twin, name)
    return Reply(204)


def _existing(world: World, instance: Json, twin: str, name: str) -> Json:
    twins.existing(world, instance, twin)
    found = items.get(world, KIND, instance, twin, name)
    if found is None:
        raise Refused(
            404,
            "RelationshipNotFound",
            f"Relationship {name} not found on twin {twin}. Please verify that the relationship id is valid and "
            "ensure that the relationship is not deleted. See section on listing relationships in the documentation "
            "http://aka.ms/adtv2twins.",
        )
    return found


def _incoming(relationship: Json) -> Json:
    source, identifier = relationship["$sourceId"], relationship["$relationshipId"]
    return {
        **{key: relationship[key] for key in ("$relationshipId", "$sourceId", "$relationshipName")},
        "$relationshipLink": f"/digitaltwins/{source}/relationships/{identifier}",
    }


def _valid(world: World, instance: Json, source: Json, body: Json) -> Json:
    target = items.get(world, twins.KIND, instance, body["$targetId"])
    if target is None:
        raise Refused(
            404,
            "TargetDigitalTwinNotFound",
            "The target digital twin is invalid or does not exist Please validate that the target twin is valid and "
            "ensure that the target twin is not deleted. See section on querying the twins http://aka.ms/adtv2query .",
        )
    find = models.finder(world, instance)
    model = find(source["$metadata"]["$model"]) or {}
    content = dtdl.contents(model, find).get(body["$relationshipName"])
    target_model = (content or {}).get("target")
    fits = target_model is None or target_model in dtdl.lineage(target["$metadata"]["$model"], find)
    if content is None or dtdl.kind_of(content) != "Relationship" or not fits:
        raise Refused(
            400,
            "InvalidRelationship",
            "Twin relationship does not align with the model. Please ensure that the relationship is in alignment with "
            "the model. See section on listing models http://aka.ms/adtv2models.",
        )
    known = {part["name"]: part.get("schema") for part in content.get("properties") or []}
    properties = {key: value for key, value in body.items() if not key.startswith("$")}
    wrong = [f"{key} does not exist on the relationship." for key in properties if key not in known]
    wrong += [
        text for key in properties if key in known for text in schemas.mismatches(known[key], properties[key], key)
    ]
    if wrong:
        raise twins.failed(*wrong)
    own = ("$relationshipId", "$sourceId", "$targetId", "$relationshipName")
    return {**{key: body[key] for key in own}, "$etag": items.new_etag(), **properties}

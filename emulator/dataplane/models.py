"""Models of an instance: upload (all or none), list, decommission, delete.

Codes: published with the operations, https://learn.microsoft.com/rest/api/digital-twins/dataplane/models; messages as
quoted in public issues, as RealEstateCore/rec#154 (what can't be resolved) and Azure-Samples/digital-twins-explorer#42
(too many models).
"""

from __future__ import annotations

import json
from functools import cache, partial
from typing import Any

from emulator.arm.core.stamps import now
from emulator.dataplane import dtdl, items, json_patch
from emulator.dataplane.hosts import require
from emulator.dataplane.routes import ROUTER
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

KIND = "model"
_ACTION = "Microsoft.DigitalTwins/models"
_MOST = 250
"""Models in one upload, https://learn.microsoft.com/azure/digital-twins/reference-service-limits."""


@ROUTER.add("POST", "/models", latency="data_plane")
def add_models(world: World, request: Request) -> Reply:
    """Upload models (201). All must be valid, new, and refer to each other or to present ones; else none is stored."""
    instance = require(world, request, f"{_ACTION}/write")
    models = _uploaded(request)
    new: dict[str, Json] = {}
    for model in models:
        try:
            dtdl.check(model)
        except dtdl.UnsupportedVersion as error:
            raise Refused(400, "ModelVersionNotSupported", str(error)) from None
        except dtdl.BadModel as error:
            raise _parser_error(str(error)) from None
        if model["@id"] in new:
            raise _parser_error(f"{model['@id']} is defined more than once.")
        new[model["@id"]] = model
    if there := [identifier for identifier in new if items.get(world, KIND, instance, identifier)]:
        raise Refused(
            409,
            "ModelIdAlreadyExists",
            f"Some of the model ids already exist: {', '.join(there)}. Use Model_List API to view models that already "
            "exist. See the Swagger example (https://aka.ms/ModelListSwSmpl).",
        )
    _check_references(new, finder(world, instance))
    records = [_record(model) for model in models]
    for record in records:
        items.put(world, KIND, instance, record, record["id"])
    return Reply(201, [_served(record, definition=False) for record in records])


@ROUTER.add("GET", "/models", latency="data_plane")
def list_models(world: World, request: Request) -> Reply:
    """List the models page by page. `dependenciesFor` limits them to those models and their dependencies."""
    instance = require(world, request, f"{_ACTION}/read")
    found = items.every(world, KIND, instance)
    asked = request.repeated("dependenciesFor")
    if asked:
        needed: set[str] = set()
        find = finder(world, instance)
        for identifier in asked:
            existing(world, instance, identifier)
            needed |= dtdl.closure(identifier, find)
        found = [record for record in found if record["id"] in needed]
    definition = _wants_definition(request)
    shown = [_served(record, definition=definition) for record in found]
    return Reply(body=items.page(request, shown, includeModelDefinition=str(definition).lower()))


@ROUTER.add("GET", "/models/{name:segment}", latency="data_plane")
def get_model(world: World, request: Request, name: str) -> Reply:
    """Return one model."""
    instance = require(world, request, f"{_ACTION}/read")
    return Reply(body=_served(existing(world, instance, name), definition=_wants_definition(request)))


@ROUTER.add("PATCH", "/models/{name:segment}", latency="data_plane")
def patch_model(world: World, request: Request, name: str) -> Reply:
    """Decommission a model (204): new twins of it are refused."""
    instance = require(world, request, f"{_ACTION}/write")
    found = existing(world, instance, name)
    for operation in json_patch.parsed(request):
        if operation.get("path") != "/decommissioned" or operation["op"] != "replace":
            raise json_patch.invalid("The only change of a model is to replace /decommissioned.")
        if operation.get("value") is True and (users := _users(world, instance, name, in_use=True)):
            raise _in_use("ModelReferencesNotDecommissioned", users, "decommission")
        found["decommissioned"] = operation.get("value") is True
    items.put(world, KIND, instance, found, name)
    return Reply(204)


@ROUTER.add("DELETE", "/models/{name:segment}", latency="data_plane")
def delete_model(world: World, request: Request, name: str) -> Reply:
    """Delete a model (204) that no other refers to; twins of it stay."""
    instance = require(world, request, f"{_ACTION}/delete")
    existing(world, instance, name)
    if users := _users(world, instance, name, in_use=False):
        raise _in_use("ModelReferencesNotDeleted", users, "delete")
    items.delete(world, KIND, instance, name)
    return Reply(204)


def definition(world: World, instance: Json, identifier: str) -> Json | None:
    """Return the definition of a model, or None."""
    found = items.get(world, KIND, instance, identifier)
    return found["model"] if found else None


def finder(world: World, instance: Json) -> dtdl.Find:
    """Return a function that finds definitions by id in an instance, and reads each once: for a single request."""
    return cache(partial(definition, world, instance))


def existing(world: World, instance: Json, identifier: str) -> Json:
    """Return a model; refuse an invalid id (400) and an unknown one (404)."""
    if not dtdl.is_id(identifier):
        raise items.invalid(f"The model id '{identifier}' is invalid.")
    found = items.get(world, KIND, instance, identifier)
    if found is None:
        raise Refused(
            404,
            "ModelNotFound",
            f"There is no Model(s) available that matches the provided id(s) {identifier}. Check that the Model ID "
            "provided is valid by doing a Model_List API call.",
        )
    return found


def _uploaded(request: Request) -> list[Any]:
    try:
        models = json.loads(request.body)
    except ValueError:
        models = None
    if not isinstance(models, list) or not models:
        raise items.invalid("The models must be a JSON array with at least one model.")
    if len(models) > _MOST:
        raise Refused(
            400,
            "LimitExceeded",
            f"The number of models you are trying to upload exceeds the supported limit of {_MOST}. Try breaking up "
            "the upload in smaller batches.",
        )
    return models


def _check_references(new: dict[str, Json], present: dtdl.Find) -> None:
    def find(identifier: str) -> Json | None:
        return new.get(identifier) or present(identifier)

    referred = [identifier for model in new.values() for identifier in dtdl.references(model)]
    missing = sorted({identifier for identifier in referred if find(identifier) is None})
    if missing:
        raise _parser_error(
            "DtmiResolverAsync failed to resolve requisite references to element(s): "
            + ", ".join(f"{identifier} (referenced in {referred.count(identifier)} place(s))" for identifier in missing)
        )
    for model in new.values():
        try:
            dtdl.check_references(model, find)
        except dtdl.BadModel as error:
            raise _parser_error(str(error)) from None


def _parser_error(message: str) -> Refused:
    return Refused(
        400,
        "DTDLParserError",
        "None of the models in this request could be created due to a problem with one or more models: " + message,
    )


def _record(model: Json) -> Json:
    def texts(name: str) -> Json:
        value = model.get(name) or {}
        return value if isinstance(value, dict) else {"en": value}

    return {
        "id": model["@id"],
        "description": texts("description"),
        "displayName": texts("displayName"),
        "decommissioned": False,
        "uploadTime": now("0+00:00"),
        "model": model,
    }


def _served(record: Json, *, definition: bool) -> Json:
    return record if definition else {key: value for key, value in record.items() if key != "model"}


def _wants_definition(request: Request) -> bool:
    return request.query.get("includeModelDefinition", "").lower() == "true"


def _users(world: World, instance: Json, identifier: str, *, in_use: bool) -> list[str]:
    return [
        record["id"]
        for record in items.every(world, KIND, instance)
        if identifier in dtdl.references(record["model"]) and not (in_use and record["decommissioned"])
    ]


def _in_use(code: str, users: list[str], verb: str) -> Refused:
    return Refused(
        409,
        code,
        f"This model is currently being referenced by {', '.join(users)}. You must {verb} these references before "
        f"{verb.removesuffix('e')}ing the Model.. To {verb} references, do {verb.capitalize()} Model on Ids provided "
        "above.",
    )

"""Template deployments to a resource group: validated, created, looked at.

The resources are put as the one who deploys would put them, one after another, each when those before it are done.
Only the incremental mode is played. Sources: "Deployments - Create Or Update" and "- Validate" in the reference of the
REST API; "Troubleshoot common Azure deployment errors" for the codes. No recorded answer has been compared.
"""

from __future__ import annotations

import dataclasses
import json
import re
import uuid

from emulator.arm.core import groups, versions
from emulator.arm.core.errors import body_of, unknown_type
from emulator.arm.core.groups import GROUPS
from emulator.arm.core.guards import caller_of, may_act, may_read, may_write
from emulator.arm.core.routes import GROUP, ROUTER
from emulator.arm.core.shape import TAGS, Shape, check
from emulator.arm.core.stamps import now
from emulator.arm.deployments.templates import Resource, Template, invalid, not_played
from emulator.messages import Caller, Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

TYPE = "Microsoft.Resources/deployments"
_KIND = "deployment"
_PATH = GROUP + f"/providers/{TYPE}/{{name:segment}}"
_NAME = re.compile(r"[-\w._()]{1,64}")
_PLAYED = {"mode", "template", "parameters", "validationLevel"}
_SHAPE = Shape("DeploymentDefinition", {"location": str, "tags": TAGS, "properties": dict}, required=("properties",))
_OVER = ("Succeeded", "Failed", "Canceled")


@GROUPS.when_removed
def _remove(world: World, group: Json) -> None:
    for key, _ in world.store.list(_KIND, f"{group['id']}/"):
        world.store.delete(_KIND, key)


@ROUTER.add("POST", _PATH + "/validate")
def validate(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Say whether the template and its parameters are valid; the resources aren't looked at."""
    may_act(world, request, f"{TYPE}/validate/action", groups.id_of(subscription, group))
    within = groups.writable(world, subscription, group)
    template, resources = _read(request, within, name)
    body = _shown(within, name, template, "Succeeded")
    body["properties"]["validatedResources"] = [{"id": resource.id} for resource in resources]
    return Reply(body=body)


@ROUTER.add("PUT", _PATH, latency="write")
def create(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Begin a deployment: 201, or 200 where there was one of that name."""
    may_write(world, request, f"{TYPE}/write", f"{groups.id_of(subscription, group)}/providers/{TYPE}/{name}")
    within = groups.writable(world, subscription, group)
    template, resources = _read(request, within, name)
    existed = world.store.get(_KIND, f"{within['id']}/providers/{TYPE}/{name}")
    if existed and existed["properties"]["provisioningState"] not in _OVER:
        raise Refused(409, "DeploymentActive", f"Unable to edit or replace deployment '{name}': it is still active.")
    caller = dataclasses.asdict(caller_of(request))
    deployment = {
        **_shown(within, name, template, "Accepted"),
        "_operation": str(uuid.uuid4()),
        "_outputs": template.outputs,
        "_resources": [dataclasses.asdict(resource) for resource in resources],
        "_begun": False,
        "_caller": caller | {key: sorted(caller[key]) for key in ("permissions", "contexts")},
    }
    answer = public(deployment)
    _advance(world, request, deployment)
    headers = {"Azure-AsyncOperation": _status_url(request, deployment)} | world.lag.retry_after(None, first=True)
    return Reply(200 if existed else 201, answer, headers)


@ROUTER.add("GET", _PATH)
def get(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return a deployment as it is by now."""
    return Reply(body=public(_observed(world, request, subscription, group, name)))


@ROUTER.add("GET", _PATH + "/operationStatuses/{operation}")
def get_status(world: World, request: Request, *, subscription: str, group: str, name: str, operation: str) -> Reply:
    """Return how far a deployment is: `Running`, `Succeeded`, or `Failed` with its error."""
    found = _observed(world, request, subscription, group, name)
    if found["_operation"] != operation:
        raise Refused(404, "OperationNotFound", f"The operation '{operation}' could not be found.")
    state, error = found["properties"]["provisioningState"], found["properties"].get("error")
    headers = {} if state in _OVER else world.lag.retry_after(None, first=False)
    return Reply(body={"status": state, **({"error": error} if error else {})}, headers=headers)


@ROUTER.add("POST", _PATH + "/{verb}")
def act(world: World, request: Request, *, subscription: str, group: str, name: str, verb: str) -> Reply:
    """Refuse what else Azure does with a deployment."""
    may_act(world, request, f"{TYPE}/{verb}/action", f"{groups.id_of(subscription, group)}/providers/{TYPE}/{name}")
    raise not_played(f"'{verb}'")


def _read(request: Request, group: Json, name: str) -> tuple[Template, list[Resource]]:
    """Return the template of a request, and its resources; refuse what is wrong or isn't played."""
    if not _NAME.fullmatch(name):
        raise Refused(400, "InvalidDeploymentName", f"The deployment name '{name}' is not valid.")
    body = _document(request)
    check(body, _SHAPE)
    asked = {key: value for key, value in body["properties"].items() if value is not None}
    if unknown := sorted(asked.keys() - _PLAYED):
        raise not_played(f"'{unknown[0]}'")
    if asked.get("mode") != "Incremental":
        raise not_played(f"the mode '{asked.get('mode')}'")
    given = asked.get("parameters") or {}
    if not isinstance(given, dict) or not all(isinstance(value, dict) for value in given.values()):
        raise invalid("The parameters are not valid: each is an object with a 'value'")
    template = Template(asked.get("template"), given, public(group))
    return template, template.resources()


def _document(request: Request) -> Json:
    """Return the body. az writes the name `template` without quotes (JsonCTemplatePolicy), and Azure reads that."""
    try:
        return request.json()
    except Refused:
        return dataclasses.replace(request, body=request.body.replace(b", template:", b', "template":', 1)).json()


def _shown(group: Json, name: str, template: Template, state: str) -> Json:
    return {
        "id": f"{group['id']}/providers/{TYPE}/{name}",
        "name": name,
        "type": TYPE,
        "properties": {
            "mode": "Incremental",
            "parameters": template.parameters,
            "provisioningState": state,
            "timestamp": now(),
            "duration": "PT0S",
            "correlationId": str(uuid.uuid4()),
            "providers": [],
            "dependencies": [],
        },
    }


def _observed(world: World, request: Request, subscription: str, group: str, name: str) -> Json:
    within = groups.existing(world, subscription, group)
    identifier = f"{within['id']}/providers/{TYPE}/{name}"
    may_read(world, request, f"{TYPE}/read", identifier)
    found = world.store.get(_KIND, identifier)
    if found is None:
        raise Refused(404, "DeploymentNotFound", f"Deployment '{name}' could not be found.")
    if found["properties"]["provisioningState"] not in _OVER:
        _advance(world, request, found)
    return found


def _advance(world: World, request: Request, deployment: Json) -> None:
    """Put what comes next of a deployment's resources, and see which are done."""
    properties, resources = {**deployment["properties"], "provisioningState": "Running"}, deployment["_resources"]
    deployment["properties"] = properties
    as_deployer = dataclasses.replace(request, caller=_caller(deployment["_caller"]))
    try:
        while resources:
            first = Resource(**resources[0])
            found = _ask(world, as_deployer, "GET" if deployment["_begun"] else "PUT", first)
            deployment["_begun"] = True
            if not _is_done(found):
                break
            properties.setdefault("outputResources", []).append({"id": first.id})
            resources.pop(0)
            deployment["_begun"] = False
        if not resources:
            properties |= {"provisioningState": "Succeeded", "outputs": deployment["_outputs"]}
    except Refused as refused:
        properties["provisioningState"] = "Failed"
        properties["error"] = {
            "code": "DeploymentFailed",
            "target": deployment["id"],
            "message": "At least one resource deployment operation failed. Please list deployment operations for "
            "details. Please see https://aka.ms/arm-deployment-operations for usage details.",
            "details": [body_of(refused)["error"]],
        }
    world.store.put(_KIND, deployment["id"], deployment)


def _is_done(found: Json) -> bool:
    """Whether a resource is set up; refuse one whose creation failed."""
    properties = found.get("properties") or {}
    state = properties.get("provisioningState") or "Succeeded"
    if state in ("Failed", "Canceled"):
        message = f"The resource operation completed with terminal provisioning state '{state}'."
        raise Refused(409, "ResourceDeploymentFailure", message, target=found["id"])
    return state == "Succeeded"


def _ask(world: World, request: Request, method: str, resource: Resource) -> Json:
    """Ask Resource Manager for a resource, or to create it, as the one who deploys."""
    inner = dataclasses.replace(
        request,
        method=method,
        path=resource.id,
        query={"api-version": resource.api_version},
        body=json.dumps(resource.body).encode(),
    )
    versions.check(inner)
    reply = ROUTER.dispatch(world, inner)
    if reply is None:
        match = versions.PROVIDER.fullmatch(resource.id)
        raise unknown_type(match["namespace"], match["kind"], resource.api_version) if match else not_played("this")
    return reply.body if isinstance(reply.body, dict) else {}


def _caller(kept: Json) -> Caller:
    return Caller(**{**kept, **{key: frozenset(kept[key]) for key in ("permissions", "contexts")}})


def _status_url(request: Request, deployment: Json) -> str:
    query = f"api-version={request.query['api-version']}"
    return f"{request.origin}{deployment['id']}/operationStatuses/{deployment['_operation']}?{query}"

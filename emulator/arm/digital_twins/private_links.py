"""The connections of private endpoints to an instance, as the instance shows and changes them.

What is kept is the endpoint, of Microsoft.Network; an instance has a copy of its connections. Recorded: azure-cli,
test_private_endpoint_connection_digitaltwins.yaml (shapes; 202 and `Updating`; that a rejected one can't be approved).
The published contract has other provisioning states of a connection than the recordings, which are played.
"""

from __future__ import annotations

import uuid

from emulator.arm.core import operations
from emulator.arm.core.errors import resource_not_found
from emulator.arm.core.guards import may_delete, may_read, may_write
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import INSTANCE, ROUTER
from emulator.arm.core.shape import ANY, Shape, check
from emulator.arm.digital_twins import instances
from emulator.arm.digital_twins.instances import INSTANCES
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

GROUP = "API"
"""The one group of an instance."""
ENDPOINT = "Microsoft.Network/privateEndpoints"
_LISTS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
_TYPE = f"{instances.TYPE}/privateEndpointConnections"
_CONNECTION = INSTANCE + "/privateEndpointConnections/{connection}"
_STATUS = ("Pending", "Approved", "Rejected", "Disconnected")
_DEFINITION = Shape(
    "PrivateEndpointConnection",
    {
        **dict.fromkeys(("id", "name", "type", "systemData"), ANY),
        "properties": Shape(
            "ConnectionProperties",
            {
                **dict.fromkeys(("provisioningState", "privateEndpoint", "groupIds"), ANY),
                "privateLinkServiceConnectionState": Shape(
                    "ConnectionState",
                    {"status": _STATUS, "description": str, "actionsRequired": str},
                    required=("status", "description"),
                ),
            },
            required=("privateLinkServiceConnectionState",),
        ),
    },
    required=("properties",),
)


@ROUTER.add("GET", INSTANCE + "/privateEndpointConnections")
def list_connections(world: World, request: Request, **path: str) -> Reply:
    """List the connections of an instance."""
    return Reply(body={"value": _instance(world, request, path)["properties"].get("privateEndpointConnections") or []})


@ROUTER.add("GET", _CONNECTION)
def get_connection(world: World, request: Request, connection: str, **path: str) -> Reply:
    """Return one connection."""
    return Reply(body=_named(_instance(world, request, path), connection))


@ROUTER.add("PUT", _CONNECTION, latency="write")
def put_connection(world: World, request: Request, connection: str, **path: str) -> Reply:
    """Approve or reject a connection (202); a rejected one can't be approved."""
    may_write(world, request, f"{_TYPE}/write", instances.id_in(**path))
    instance = instances.existing(world, **path, observe=False)
    body = request.json()
    check(body, _DEFINITION)
    INSTANCES.refuse_busy(instance)
    found, asked = _named(instance, connection), body["properties"]["privateLinkServiceConnectionState"]
    before = found["properties"]["privateLinkServiceConnectionState"]["status"]
    if before in ("Rejected", "Disconnected") and asked["status"] != before:
        exception = "Microsoft.Azure.DigitalTwins.ScaleUnitRPManagement.Exceptions.PrivateEndpointBadRequestException"
        raise Refused(400, "BadRequest", f"Exception of type '{exception}' was thrown.")
    found["properties"]["privateLinkServiceConnectionState"] = state(asked["status"], asked["description"])
    INSTANCES.put(world, instance)
    _tell(world, found, asked["status"], asked["description"])
    shown = {**found, "properties": {**found["properties"], "provisioningState": "Updating"}}
    return Reply(202, shown, _over(world, request, found["id"], instance["location"], "Create"))


@ROUTER.add("DELETE", _CONNECTION, latency="write")
def delete_connection(world: World, request: Request, connection: str, **path: str) -> Reply:
    """Delete a connection (202), which leaves its endpoint disconnected; 204 if there is none."""
    may_delete(world, request, f"{_TYPE}/delete", instances.id_in(**path))
    instance = instances.existing(world, **path, observe=False)
    every = instance["properties"].get("privateEndpointConnections") or []
    found = next((each for each in every if each["name"].lower() == connection.lower()), None)
    if found is None:
        return Reply(204)
    every.remove(found)
    INSTANCES.put(world, instance)
    _tell(world, found, "Disconnected", "The connection was deleted.")
    return Reply(202, headers=_over(world, request, found["id"], instance["location"], "Delete"))


def state(status: str, description: str) -> Json:
    """Return the state of a connection."""
    return {"status": status, "description": description, "actionsRequired": "None"}


def service_of(endpoint: Json) -> str:
    """Return the id of what an endpoint leads to."""
    return str(_connection_of(endpoint)["privateLinkServiceId"])


def set_state(endpoint: Json, status: str, description: str) -> None:
    """Set the state of an endpoint's connection, in the endpoint alone."""
    _connection_of(endpoint)["privateLinkServiceConnectionState"] = state(status, description)


def connect(world: World, endpoint: Json) -> None:
    """Have the instance show the connection of a new endpoint."""
    instance, name = INSTANCES.find(world, service_of(endpoint)), str(uuid.uuid4())
    if instance is None:
        return
    connection = {
        "id": f"{instance['id']}/privateEndpointConnections/{name}",
        "name": name,
        "type": _TYPE,
        "properties": {
            "provisioningState": "Succeeded",
            "privateEndpoint": {"id": endpoint["id"]},
            "groupIds": [GROUP],
            "privateLinkServiceConnectionState": _connection_of(endpoint)["privateLinkServiceConnectionState"],
        },
    }
    instance["properties"].setdefault("privateEndpointConnections", []).append(connection)
    INSTANCES.put(world, instance)


def forget(world: World, endpoint: str) -> None:
    """Have no instance show the connection of an endpoint that was deleted."""
    for instance in INSTANCES.under(world, ""):
        every = instance["properties"].get("privateEndpointConnections") or []
        kept = [each for each in every if each["properties"]["privateEndpoint"]["id"].lower() != endpoint.lower()]
        if len(kept) < len(every):
            instance["properties"]["privateEndpointConnections"] = kept
            INSTANCES.put(world, instance)


def is_reached_privately(instance: Json) -> bool:
    """Whether an endpoint leads to the instance, approved."""
    every = instance["properties"].get("privateEndpointConnections") or []
    states = (each["properties"]["privateLinkServiceConnectionState"]["status"] for each in every)
    return "Approved" in states


def _tell(world: World, connection: Json, status: str, description: str) -> None:
    """Have the endpoint of a connection show the same state."""
    endpoint = RESOURCES.find(world, connection["properties"]["privateEndpoint"]["id"])
    if endpoint is not None:
        set_state(endpoint, status, description)
        RESOURCES.put(world, endpoint)


def _connection_of(endpoint: Json) -> Json:
    found: Json = next(each for name in _LISTS for each in endpoint["properties"][name])["properties"]
    return found


def _over(world: World, request: Request, target: str, location: str, verb: str) -> dict[str, str]:
    """Return the headers of work that is over when it is asked for."""
    operation = operations.start(world, INSTANCES.operation_kind, target, location, verb)
    operations.finish(world, operation)
    return operations.polled(world, request, operation)


def _named(instance: Json, name: str) -> Json:
    for connection in instance["properties"].get("privateEndpointConnections") or []:
        if connection["name"].lower() == name.lower():
            found: Json = connection
            return found
    raise resource_not_found(_TYPE, name, str(instance["id"]).split("/")[4])


def _instance(world: World, request: Request, path: dict[str, str]) -> Json:
    may_read(world, request, f"{_TYPE}/read", instances.id_in(**path))
    return instances.existing(world, **path, observe=False)

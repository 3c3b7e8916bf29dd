"""The commands that the tool hands off to somebody with more rights, run as they stand in its script."""

from __future__ import annotations

from cloud.lookups import Principal
from emulator import seed
from steps import instance_hand_off, routing_commands
from steps import step_01_resource_group as group
from steps import step_06_destination_roles as roles
from steps.model import Change
from steps.routing import SYSTEM
from steps.wanted import Endpoint, Role, Route, Wanted
from tests.az.client import Az
from tests.az.resources import DATA_OWNER, DATA_PLANE
from tests.routing import BUS, CREATED, DEAD, GRID, HUB

NAME = "handed-off"
WANTED = Wanted(
    tenant=seed.TENANT,
    subscription=seed.REGISTERED_SUBSCRIPTION,
    resource_group="handed-off",
    location="westus2",
    instance=NAME,
    assignee=Principal("", "ServicePrincipal", ""),
    role=Role(DATA_OWNER, ""),
    app=None,
)
SENDER = Role("Azure Event Hubs Data Sender", "")
BY_IDENTITY = Endpoint("hub", "EventHub", HUB, SYSTEM, DEAD, SENDER)
ROUTES = f"https://{NAME}.api.wus2.digitaltwins.azure.net/eventroutes?api-version=2023-10-31"


def set_up(az: Az) -> None:
    """A group, an instance, roles of its identity, endpoints of all types and a route, from handed-off commands."""
    put = {"location": "westus2", "tags": {"what": "it's ours"}, "identity": {"type": SYSTEM}}
    az.script(
        group.hand_off(Change("create-resource-group", "", body={"tags": {"what": "it's ours"}}), WANTED),
        instance_hand_off.hand_off(Change("create-instance", "", body={"put": put}), WANTED),
        instance_hand_off.hand_off(Change("change-instance", "", body={"patch": {"tags": {"b": "c d"}}}), WANTED),
    )
    us = ("--assignee", az.azure.ready["clientId"])
    az("role", "assignment", "create", *us, "--role", DATA_OWNER, "--scope", WANTED.instance_id)
    grants = (roles.Grant(SYSTEM, HUB, SENDER, BY_IDENTITY), roles.Grant(SYSTEM, DEAD, roles.DEAD_LETTERS, BY_IDENTITY))
    az.script(
        *(roles.hand_off(Change("", "", body={"grant": one, "principal": ""}), WANTED) for one in grants),
        routing_commands.create_endpoint(WANTED, BY_IDENTITY, ""),
        routing_commands.create_endpoint(WANTED, Endpoint("key", "EventHub", HUB, None, DEAD), "send"),
        routing_commands.create_endpoint(WANTED, Endpoint("bus", "ServiceBus", BUS, None), "send"),
        routing_commands.create_endpoint(WANTED, Endpoint("grid", "EventGrid", GRID, None), ""),
        routing_commands.create_route(WANTED, Route("all", "grid", CREATED)),
    )
    found = az.rest("get", f"{WANTED.instance_id}/endpoints?api-version=2023-01-31")["value"]
    assert {one["name"]: one["properties"]["provisioningState"] for one in found} == dict.fromkeys(
        ("hub", "key", "bus", "grid"), "Succeeded"
    )
    (route,) = az.rest("get", ROUTES, None, *DATA_PLANE)["value"]
    assert route == {"id": "all", "endpointName": "grid", "filter": CREATED}


def remove(az: Az) -> None:
    """Deletion of them all, and not of a group that something is in, from handed-off commands."""
    delete_group = group.hand_off(Change("delete-resource-group", ""), WANTED)
    assert "it is not empty" in az.script(delete_group, code=1)
    az.script(
        routing_commands.delete_route(WANTED, "all"),
        routing_commands.delete_endpoint(WANTED, "grid"),
        instance_hand_off.hand_off(Change("delete-instance", ""), WANTED),
        delete_group,
    )
    assert az("group", "exists", "--name", WANTED.resource_group) is False


CHECKS = (set_up, remove)

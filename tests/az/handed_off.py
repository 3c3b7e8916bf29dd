"""The commands that the tool hands off to an administrator, run as they stand in its script."""

from __future__ import annotations

from cli.commands.deploy import query_command
from cloud.identifiers import Principal, Role
from emulator import seed
from engine.context import Target
from steps.shared.event_routes import DeleteRoute
from steps.shared.event_routing import SYSTEM, Endpoint, Route
from steps.shared.instance import Instance
from steps.shared.tags import TagChange
from steps.step_01_resource_group.changes import CreateGroup, DeleteGroup
from steps.step_01_resource_group.observed import Group
from steps.step_02_instance.changes import ChangeInstance, CreateInstance, DeleteInstance
from steps.step_02_instance.settings import SettingsChange
from steps.step_05_consent_hints.changes import CreateApiPrincipal, GrantConsent
from steps.step_06_destination_roles.changes import AssignDestinationRole
from steps.step_07_endpoints.changes import DeleteEndpoint, SetEndpoint
from steps.step_08_routes.changes import SetRoute
from tests.az.client import Az
from tests.az.resources import DATA_OWNER, DATA_PLANE
from tests.support.routing import BUS, CREATED, DEAD, GRID, HUB

NAME = "handed-off"
TARGET = Target(
    tenant=seed.TENANT,
    subscription=seed.REGISTERED_SUBSCRIPTION,
    resource_group="handed-off",
    location="westus2",
    instance=NAME,
    graph="https://graph.microsoft.com",
)
ID = TARGET.instance_id
SENDER = Role("Azure Event Hubs Data Sender", "")
CONTRIBUTOR = Role("Storage Blob Data Contributor", "")
NOBODY_YET = Principal("", "ServicePrincipal", "the instance")
TAGS = {"what": "it's ours"}
EXISTING = Instance("Succeeded", name=NAME, id=ID)
ROUTES = f"https://{NAME}.api.wus2.digitaltwins.azure.net/eventroutes?api-version=2023-10-31"


def assign(scope: str, role: Role) -> str:
    """The command that gives the instance's own identity a role."""
    return AssignDestinationRole(
        scope=scope, role=role, principal=NOBODY_YET, identity=SYSTEM, endpoint="hub", instance=ID
    ).az()


def set_endpoint(endpoint: Endpoint, rule: str = "") -> str:
    """The command that creates an endpoint."""
    return SetEndpoint(instance_id=ID, endpoint=endpoint, rule=rule).az()


def set_up(az: Az) -> None:
    """A group, an instance, roles of its identity, endpoints, a route and consent, from handed-off commands."""
    put = SettingsChange(put={"tags": TAGS, "identity": {"type": SYSTEM}})
    az.script(
        CreateGroup(target=TARGET, tags=TagChange(TAGS)).az(),
        CreateInstance(target=TARGET, location="westus2", settings=put).az(),
        ChangeInstance(target=TARGET, instance=EXISTING, settings=SettingsChange(patch={"tags": {"b": "c d"}})).az(),
    )
    us = ("--assignee", az.azure.ready["clientId"])
    az("role", "assignment", "create", *us, "--role", DATA_OWNER, "--scope", ID)
    az.script(
        assign(HUB, SENDER),
        assign(DEAD, CONTRIBUTOR),
        set_endpoint(Endpoint("hub", "EventHub", HUB, SYSTEM, DEAD, SENDER)),
        set_endpoint(Endpoint("key", "EventHub", HUB, None, DEAD), "send"),
        set_endpoint(Endpoint("bus", "ServiceBus", BUS, None), "send"),
        set_endpoint(Endpoint("grid", "EventGrid", GRID, None)),
        SetRoute(instance_id=ID, route=Route("all", "grid", CREATED)).az(),
        query_command(f"{NAME}.api.wus2.digitaltwins.azure.net"),
    )
    found = az.rest("get", f"{ID}/endpoints?api-version=2023-01-31")["value"]
    assert {endpoint["name"]: endpoint["properties"]["provisioningState"] for endpoint in found} == dict.fromkeys(
        ("hub", "key", "bus", "grid"), "Succeeded"
    )
    app = az("ad", "app", "create", "--display-name", NAME)["appId"]
    az("ad", "sp", "create", "--id", app)
    az.script(CreateApiPrincipal(target=TARGET).az(), GrantConsent(client_id=app, target=TARGET).az())
    (grant,) = az("ad", "app", "permission", "list-grants", "--id", app)
    assert (grant["scope"], grant["consentType"]) == ("Read.Write", "AllPrincipals")
    az("ad", "app", "delete", "--id", app)
    (route,) = az.rest("get", ROUTES, None, *DATA_PLANE)["value"]
    assert route == {"id": "all", "endpointName": "grid", "filter": CREATED}


def remove(az: Az) -> None:
    """Deletion of them all, and not of a group that something is in, from handed-off commands."""
    group = Group(TARGET.resource_group, "westus2")
    delete_group = DeleteGroup(target=TARGET, group=group, leaving=frozenset(), recorded=()).az()
    assert "it is not empty" in az.script(delete_group, code=1)
    az.script(
        DeleteRoute(instance_id=ID, name="all").az(),
        DeleteEndpoint(instance_id=ID, name="grid", recorded=()).az(),
        DeleteInstance(target=TARGET, instance=EXISTING, recorded=()).az(),
        delete_group,
    )
    assert az("group", "exists", "--name", TARGET.resource_group) is False


CHECKS = (set_up, remove)

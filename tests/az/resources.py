"""What `az` does in Resource Manager, and at the data plane by `az rest`."""

from __future__ import annotations

from typing import Any

from emulator import seed
from tests.az.client import Az

SUBSCRIPTION = f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}"
GROUP, NAME = "az-group", "az-twins"
TYPE = "Microsoft.DigitalTwins/digitalTwinsInstances"
INSTANCE = f"{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{TYPE}/{NAME}"
HOST = f"https://{NAME}.api.wus2.digitaltwins.azure.net"
DATA_OWNER = "Azure Digital Twins Data Owner"
RITA = seed.USERS["reader"].object_id
DATA_PLANE = ("--resource", "https://digitaltwins.azure.net")


def named(name: str = NAME) -> tuple[str, ...]:
    """The arguments that name an instance in the group."""
    return ("--resource-group", GROUP, "--name", name, "--resource-type", TYPE)


def providers(az: Az) -> None:
    """Provider register, show, list."""
    sandbox = ("--namespace", "Microsoft.DigitalTwins", "--subscription", "Contoso Sandbox")
    az("provider", "register", *sandbox)
    assert az("provider", "show", *sandbox)["registrationState"] == "Registered"
    assert "Microsoft.DigitalTwins" in az("provider", "list", "--query", "[].namespace")


def groups(az: Az) -> None:
    """Group create, exists, show, list, update."""
    assert az("group", "exists", "--name", GROUP) is False
    made = az("group", "create", "--name", GROUP, "--location", "West US 2", "--tags", "made=az")
    assert (made["location"], made["tags"]) == ("westus2", {"made": "az"})
    assert az("group", "exists", "--name", GROUP) is True
    assert az("group", "update", "--name", GROUP, "--set", "tags.more=yes")["tags"] == {"made": "az", "more": "yes"}
    assert [group["name"] for group in az("group", "list", "--tag", "made=az")] == [GROUP]


def instances(az: Az) -> None:
    """Resource create, show, wait, update, tag; tag list, update."""
    made = az("resource", "create", *named(), "--location", "westus2", "--properties", "{}")
    assert f"https://{made['properties']['hostName']}" == HOST
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert az("resource", "show", "--ids", INSTANCE)["id"] == INSTANCE
    az("resource", "wait", "--ids", INSTANCE, "--created")
    az("resource", "update", "--ids", INSTANCE, "--set", "properties.publicNetworkAccess=Disabled")
    az("resource", "update", "--ids", INSTANCE, "--set", "properties.publicNetworkAccess=Enabled")
    az("resource", "tag", "--ids", INSTANCE, "--tags", "made=az")
    az("tag", "update", "--resource-id", INSTANCE, "--operation", "Merge", "--tags", "more=yes")
    assert az("tag", "list", "--resource-id", INSTANCE)["properties"]["tags"] == {"made": "az", "more": "yes"}


def lists(az: Az) -> None:
    """Resource list, by group, type, name, place and tag."""
    for arguments in (
        ("--resource-group", GROUP),
        ("--resource-type", TYPE),
        ("--name", NAME),
        ("--location", "westus2"),
        ("--tag", "made=az"),
    ):
        found: Any = az("resource", "list", *arguments)
        assert [one["name"] for one in found] == [NAME], (arguments, found)
        assert found[0]["provisioningState"] == "Succeeded"
    assert NAME not in az("resource", "list", "--query", "[?location!='westus2'].name")


def roles(az: Az) -> None:
    """Role definition list; role assignment create, list, delete."""
    (role,) = az("role", "definition", "list", "--name", DATA_OWNER)
    assert role["permissions"][0]["dataActions"]
    by_id = ("--assignee-object-id", RITA, "--assignee-principal-type", "User", "--role", DATA_OWNER)
    az("role", "assignment", "create", *by_id, "--scope", INSTANCE)
    us = ("--assignee", az.azure.ready["clientId"])
    az("role", "assignment", "create", *us, "--role", role["name"], "--scope", INSTANCE)
    az("role", "assignment", "create", *us, "--role", DATA_OWNER, "--scope", INSTANCE)  # once more: the same one
    found = az("role", "assignment", "list", "--scope", INSTANCE)
    assert {one["principalName"] for one in found} == {seed.USERS["reader"].principal_name, us[1]}
    assert {one["roleDefinitionName"] for one in found} == {DATA_OWNER}
    inherited = az("role", "assignment", "list", "--scope", INSTANCE, "--include-inherited")
    assert {"Owner", "Reader", DATA_OWNER} <= {one["roleDefinitionName"] for one in inherited}
    ours = az("role", "assignment", "list", "--all", *us)
    assert [one["roleDefinitionName"] for one in ours] == ["Owner", DATA_OWNER]
    az("role", "assignment", "delete", "--assignee", RITA, "--role", DATA_OWNER, "--scope", INSTANCE)
    assert len(az("role", "assignment", "list", "--scope", INSTANCE)) == 1


def locks(az: Az) -> None:
    """Lock create, list, delete; what a lock forbids."""
    az("lock", "create", "--name", "keep", "--resource-group", GROUP, "--lock-type", "CanNotDelete")
    assert [lock["name"] for lock in az("lock", "list", "--resource-group", GROUP)] == ["keep"]
    assert "ScopeLocked" in az("group", "delete", "--name", GROUP, "--yes", code=1)
    az("lock", "delete", "--name", "keep", "--resource-group", GROUP)
    assert az("lock", "list", "--resource-group", GROUP) == []


def destinations(az: Az) -> None:
    """Identity, eventhubs, servicebus, eventgrid and storage: create, keys."""
    here = ("--resource-group", GROUP)
    place = (*here, "--location", "westus2")
    assert az("identity", "create", "--name", "az-identity", *place)["principalId"]
    assert [one["name"] for one in az("identity", "list", *here)] == ["az-identity"]
    az("eventhubs", "namespace", "create", "--name", "az-events", *place, "--sku", "Standard")
    hub = (*here, "--namespace-name", "az-events")
    az("eventhubs", "eventhub", "create", "--name", "twins", *hub)
    rule = (*hub, "--eventhub-name", "twins", "--name", "send")
    az("eventhubs", "eventhub", "authorization-rule", "create", *rule, "--rights", "Send")
    keys = az("eventhubs", "eventhub", "authorization-rule", "keys", "list", *rule)
    assert keys["primaryConnectionString"].endswith(";EntityPath=twins")
    az("servicebus", "namespace", "create", "--name", "az-messages", *place, "--sku", "Standard")
    az("servicebus", "topic", "create", "--name", "twins", *here, "--namespace-name", "az-messages")
    az("eventgrid", "topic", "create", "--name", "az-grid", *place)
    assert set(az("eventgrid", "topic", "key", "list", "--name", "az-grid", *here)) == {"key1", "key2"}
    az("storage", "account", "create", "--name", "azletters", *place, "--sku", "Standard_LRS")
    az("storage", "container-rm", "create", "--name", "dead", *here, "--storage-account", "azletters")
    assert len(az("storage", "account", "keys", "list", "--account-name", "azletters", *here)) == 2


def rest(az: Az) -> None:
    """Rest: a page of groups, the data plane with --resource, what it refuses."""
    page = az.rest("get", f"{SUBSCRIPTION}/resourceGroups?api-version=2025-04-01&$top=1")
    assert len(page["value"]) == 1
    model = {"@id": "dtmi:com:contoso:Room;1", "@type": "Interface", "@context": "dtmi:dtdl:context;3"}
    az.rest("post", f"{HOST}/models?api-version=2023-10-31", [model], *DATA_PLANE)
    query = {"query": "SELECT * FROM digitaltwins"}
    assert az.rest("post", f"{HOST}/query?api-version=2023-10-31", query, *DATA_PLANE)["value"] == []
    done = az.run("rest", "--method", "get", "--url", f"{HOST}/models?api-version=2023-10-31", "--resource", "x")
    assert done.returncode == 1
    assert "AADSTS500011" in done.stderr, done.stderr


def last(az: Az) -> None:
    """Resource delete; group delete with all that is in it."""
    az("resource", "delete", *named())
    assert "ResourceNotFound" in az("resource", "show", *named(), code=3)
    az("group", "delete", "--name", GROUP, "--yes")
    assert az("group", "exists", "--name", GROUP) is False


CHECKS = (providers, groups, instances, lists, roles, rest, locks, destinations)
LAST = (last,)

"""Routing events: roles on destinations, endpoints and routes, through the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import seed
from emulator.seed_destinations import FOREIGN_SUBSCRIPTION
from tests.arm import Arm, document
from tests.test_resume import until_held
from tests.tool import GROUP, HOST, INSTANCE, SUBSCRIPTION, Tool, kill
from tests.world import DIGITAL_TWINS, Emulator

INSTANCE_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/"
    f"{INSTANCE}"
)
PLACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared-services/providers"
HUB = f"{PLACE}/Microsoft.EventHub/namespaces/contoso-events/eventhubs/twin-events"
BUS = f"{PLACE}/Microsoft.ServiceBus/namespaces/contoso-messages/topics/twin-messages"
GRID = f"{PLACE}/Microsoft.EventGrid/topics/contoso-twin-topic"
DEAD = f"{PLACE}/Microsoft.Storage/storageAccounts/contosodeadletters/blobServices/default/containers/dead-letters"
TO_HUB = ("--endpoint", f"name=hub,type=eventhub,destination={HUB},dead_letter={DEAD}")
TO_BUS = ("--endpoint", f"name=bus,type=servicebus,destination={BUS},auth=key,dead_letter={DEAD}")
TO_GRID = ("--endpoint", f"name=grid,type=eventgrid,destination={GRID}")
CREATED = "type = 'Microsoft.DigitalTwins.Twin.Create'"
ROUTES = ("--route", "name=all,endpoint=hub", "--route", f"name=some,endpoint=bus,filter={CREATED}")
ALL = (*TO_HUB, *TO_BUS, *TO_GRID, *ROUTES)


def with_identity(tool: Tool) -> None:
    """Have the instance, with a system-assigned identity."""
    done = tool.deploy("--no-app", "--system-identity")
    assert done.code == 0, done.text


def endpoints(azure: Emulator) -> dict[str, Any]:
    return {one["name"]: one["properties"] for one in Arm(azure)("GET", f"{INSTANCE_ID}/endpoints").json()["value"]}


def data_plane(azure: Emulator, method: str, path: str, body: Any = None) -> Any:
    url = f"https://{HOST}{path}?api-version=2023-10-31"
    while (answer := azure.https(method, url, token=azure.token(DIGITAL_TWINS), json=body)).status == 403:
        pass  # the role is on its way
    assert answer.status in (200, 204), answer.content
    return answer.json() if answer.content else None


def routes(azure: Emulator) -> dict[str, tuple[str, str]]:
    found = data_plane(azure, "GET", "/eventroutes")["value"]
    return {one["id"]: (one["endpointName"], one["filter"]) for one in found}


def assigned(azure: Emulator) -> set[str]:
    """The last parts of the scopes at which the instance's identities have roles."""
    (principal,) = {
        one["identity"]["principalId"] for one in azure.inventory(volatile=True)["digitalTwinsInstances"]
    }  # fmt: skip
    held = [one["properties"] for one in azure.inventory(volatile=True)["roleAssignments"]]
    return {one["scope"].rpartition("/")[2] for one in held if one["principalId"] == principal}


def written(azure: Emulator, since: int) -> list[str]:
    """What was written since: methods and paths. Questions by POST aren't among it."""
    asked = ("token", "checkNameAvailability", "/query")
    log = azure.requests()["log"][since:]
    return [f"{one['method']} {one['path']}" for one in log
            if one["method"] != "GET" and not any(word in one["path"] for word in asked)]  # fmt: skip


def secrets_of(azure: Emulator) -> list[str]:
    keys = []
    for path in (f"{HUB}/authorizationRules/send", f"{BUS}/authorizationRules/send", GRID, DEAD.partition("/blob")[0]):
        answer = Arm(azure)("POST", f"{path}/listKeys").json()
        held = [one["value"] for one in answer["keys"]] if "keys" in answer else list(answer.values())
        keys += [value.rpartition("SharedAccessKey=")[2].partition(";")[0] for value in held]
    return [key for key in keys if len(key) > 20]


def test_set_kept_broken_changed_and_destroyed(world: Emulator, tool: Tool) -> None:
    done = tool.deploy("--no-app", "--system-identity", *ALL)

    assert done.code == 0, done.text
    assert "assign Azure Event Hubs Data Sender on twin-events to the instance" in done.stdout
    found = endpoints(world)
    assert {name: one["provisioningState"] for name, one in found.items()} == dict.fromkeys(found, "Succeeded")
    assert found["hub"]["identity"]["type"] == "SystemAssigned"
    assert found["hub"]["endpointUri"] == "sb://contoso-events.servicebus.windows.net/"
    assert found["hub"]["deadLetterUri"] == "https://contosodeadletters.blob.core.windows.net/dead-letters"
    assert found["bus"]["authenticationType"] == found["grid"]["authenticationType"] == "KeyBased"
    assert found["bus"]["deadLetterSecret"]
    assert routes(world) == {"all": ("hub", "true"), "some": ("bus", CREATED)}
    assert assigned(world) == {"twin-events", "dead-letters"}
    kept = done.text + tool.state_file.read_text() + tool.state_file.with_suffix(".log").read_text()
    assert not [secret for secret in (*secrets_of(world), "sig=") if secret in kept]

    since = len(world.requests()["log"])
    again = tool.run("--yes")
    assert again.code == 0, again.text
    assert written(world, since) == []

    data_plane(world, "DELETE", "/eventroutes/all")
    drift = tool.run("verify")
    assert drift.code == 1, drift.text
    assert "create route all to endpoint hub" in drift.text

    changed = tool.run(
        "--yes", "--endpoint", f"name=bus,type=servicebus,destination={BUS}", "--route", "name=some,endpoint=bus"
    )
    assert changed.code == 0, changed.text
    assert "delete endpoint bus, as its type, or a key instead of an identity, can't be changed" in changed.stdout
    assert "create endpoint bus again to ServiceBus twin-messages, by identity" in changed.stdout
    assert list(endpoints(world)) == ["bus"]
    assert endpoints(world)["bus"]["authenticationType"] == "IdentityBased"
    assert routes(world) == {"some": ("bus", "true")}
    assert assigned(world) == {"twin-messages"}

    destroyed = tool.run("destroy", "--yes")
    assert destroyed.code == 0, destroyed.text
    left = world.inventory(volatile=True)
    assert not [one for one in left["roleAssignments"] if "twin-messages" in one["properties"]["scope"]]
    assert not [thing for step in tool.state["steps"].values() for thing in step["made"]]


def test_killed_at_every_kind_of_write(azure: Emulator, tool: Tool) -> None:
    with_identity(tool)
    for path, phase in (
        ("twin-events/.*roleAssignments/", "after"),
        ("endpoints/hub", "after"),
        ("eventroutes/all", "after"),
        ("eventroutes/some", "before"),
    ):
        azure.faults({"method": "PUT", "path": path, "phase": phase, "do": "hold"})
        process = tool.start("--yes", *ALL)
        until_held(azure, process)
        kill(process)
    azure.faults()

    done = tool.run("--yes")

    assert done.code == 0, done.text
    assert set(endpoints(azure)) == {"hub", "bus", "grid"}
    assert routes(azure) == {"all": ("hub", "true"), "some": ("bus", CREATED)}
    made = [thing for step in tool.state["steps"].values() for thing in step["made"]]
    assert {"endpoint:hub", "endpoint:bus", "endpoint:grid", "route:all", "route:some"} <= set(made)
    assert len([thing for thing in made if thing.startswith("destination-role:")]) == 2
    removed = tool.run("--yes", "--endpoint", "none", "--route", "none")
    assert removed.code == 0, removed.text
    assert (endpoints(azure), routes(azure), assigned(azure)) == ({}, {}, set())


def test_what_others_made_is_kept(azure: Emulator, tool: Tool) -> None:
    with_identity(tool)
    assert tool.run("--yes", *TO_GRID).code == 0
    data_plane(azure, "PUT", "/eventroutes/theirs", {"endpointName": "grid", "filter": "true"})
    hub = {"endpointType": "EventHub", "authenticationType": "IdentityBased", "identity": {"type": "SystemAssigned"}}
    where = {"endpointUri": "sb://contoso-events.servicebus.windows.net/", "entityPath": "other"}
    Arm(azure)("PUT", f"{INSTANCE_ID}/endpoints/hub", {"properties": {**hub, **where}})
    while endpoints(azure)["hub"]["provisioningState"] == "Provisioning":
        pass
    # Azure deletes no endpoint that a route uses, and so neither does the tool.
    assert Arm(azure).refused("DELETE", f"{INSTANCE_ID}/endpoints/grid")[0] == 400
    before = azure.inventory(volatile=True)

    def refused(*said: str, arguments: tuple[str, ...]) -> None:
        done = tool.run("--yes", *arguments)
        assert done.code == 2, done.text
        assert [words for words in said if words not in done.text] == []

    refused("already, with other settings", "az dt endpoint delete", arguments=(*TO_GRID, *TO_HUB))
    other = ("--route", "name=theirs,endpoint=grid,filter=false")
    refused("a route theirs already", "az dt route delete", arguments=(*TO_GRID, *other))
    to_bus = ("--endpoint", f"name=grid,type=servicebus,destination={BUS},auth=key")
    refused("must be created again", "theirs", arguments=to_bus)
    assert azure.inventory(volatile=True) == before
    kept = tool.run("--yes", "--endpoint", "none")
    assert kept.code == 0, kept.text
    assert "Endpoint grid is kept: others' routes use it: theirs." in kept.text
    assert set(endpoints(azure)) == {"grid", "hub"}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, Tool]]:
    """An instance without identities, at which nothing is written."""
    folder = tmp_path_factory.mktemp("bare")
    with Emulator(folder / "azure") as azure:
        tool = Tool(azure, folder / "work")
        assert tool.deploy("--no-app").code == 0
        yield azure, tool


KEYED = f"name=hub,type=eventhub,destination={HUB},auth=key"
BAD = {
    "no identity": ((f"name=hub,type=eventhub,destination={HUB}",), ("--system-identity", "auth=key")),
    "nowhere": ((KEYED.replace("twin-events", "nothing"),), ("there is no destination", "eventhubs/nothing")),
    "other tenant": (
        (KEYED.replace(SUBSCRIPTION, FOREIGN_SUBSCRIPTION),),
        ("there is no destination", "InvalidAuthenticationTokenTenant"),
    ),
    "twice": ((KEYED, KEYED.replace("=hub", "=Hub")), ("Hub is there twice",)),
}


@pytest.mark.parametrize("case", BAD)
def test_endpoints_that_cannot_be(bare: tuple[Emulator, Tool], case: str) -> None:
    azure, tool = bare
    asked, said = BAD[case]
    since = len(azure.requests()["log"])
    done = tool.run("--yes", *(part for one in asked for part in ("--endpoint", one)))
    assert done.code == 2, done.text
    assert [words for words in said if words not in done.text] == []
    assert written(azure, since) == []


def test_a_role_that_is_not_assignable_there(bare: tuple[Emulator, Tool]) -> None:
    _azure, tool = bare
    elsewhere = HUB.replace("shared-services", GROUP)
    asked = f"name=hub,type=eventhub,destination={elsewhere},role={seed.CUSTOM_ROLE}"
    done = tool.run("--yes", "--system-identity", "--endpoint", asked)
    assert done.code == 2, done.text
    assert "can be assigned in" in done.text


def test_a_route_to_nowhere(bare: tuple[Emulator, Tool]) -> None:
    _azure, tool = bare
    done = tool.run("--yes", "--route", "name=all,endpoint=hub")
    assert done.code == 2, done.text
    assert "neither there nor wanted" in done.text


def test_somebody_else_assigns_the_role_on_the_destination(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "contributor") as azure:
        tool = Tool(azure, tmp_path / "work")
        assert tool.deploy("--no-app").code == 3  # the instance is there, and its role is the owner's business
        owner = Arm(azure)
        role = "00000000-0000-4000-8000-0000000000{}"
        me = seed.USERS["contributor"].object_id
        assert owner.assign(role.format("01"), "bcd981a7-7f74-457b-83e1-cceb9e632ffe", me, at=INSTANCE_ID).status == 201
        owner.states(
            owner("PATCH", INSTANCE_ID, {"identity": {"type": "SystemAssigned"}}).headers["Azure-AsyncOperation"]
        )
        principal = owner("GET", INSTANCE_ID).json()["identity"]["principalId"]
        to_hub = ("--endpoint", f"name=hub,type=eventhub,destination={HUB}", "--route", "name=all,endpoint=hub")

        refused = tool.run("--yes", *to_hub)

        assert refused.code == 3, refused.text
        command = f"az role assignment create --assignee-object-id {principal} --assignee-principal-type"
        assert command in refused.text
        assert tool.state["steps"]["endpoints"]["state"] == "blocked"
        sender = "2b629674-e913-4c01-ae53-ef4638d8f975"
        assert (
            owner.assign(role.format("02"), sender, principal, at=HUB, principalType="ServicePrincipal").status == 201
        )
        done = tool.run("--yes")
        assert done.code == 0, done.text
        assert "create route all" in done.stdout


def test_no_role_on_the_data_plane(azure: Emulator, tool: Tool) -> None:
    other = seed.USERS["contributor"].object_id
    done = tool.deploy("--no-app", "--assignee", other, *TO_GRID, "--route", "name=all,endpoint=grid")
    assert done.code == 3, done.text
    assert "az dt route create" in done.text
    assert "does not work in the instance yet" not in done.text
    assert tool.state["steps"]["endpoints"]["state"] == "done"


def test_an_endpoint_that_failed_is_set_up_again(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--no-app", *TO_GRID, "--route", "name=all,endpoint=grid").code == 0
    key = f"{INSTANCE_ID}/endpoints/grid"
    body = Arm(azure)("GET", key).json()
    body["properties"]["provisioningState"] = "Failed"
    document(azure, "digitalTwinsChild", key, body)
    done = tool.run("--yes", "--output", "json")
    assert done.code == 0, done.text
    changes = {step["step"]: step["changes"] for step in done.document["steps"]}
    assert changes["endpoints"] == [
        "delete route all, as its endpoint goes",
        "delete endpoint grid, as it is Failed",
        "create endpoint grid again to EventGrid contoso-twin-topic, by key",
    ]
    assert changes["routes"] == ["create route all to endpoint grid"]
    assert json.dumps(endpoints(azure)["grid"]["provisioningState"]) == '"Succeeded"'


def test_an_instance_closed_to_the_internet(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--no-app", *TO_GRID).code == 0
    arm = Arm(azure)
    body = {"properties": {"publicNetworkAccess": "Disabled"}}
    arm.states(arm("PATCH", INSTANCE_ID, body).headers["Azure-AsyncOperation"])
    done = tool.run("--yes", "--route", "name=all,endpoint=grid")
    assert done.code == 1, done.text
    assert "--public-network-access enabled" in done.text


def test_a_user_identity_a_custom_role_and_a_change_in_place(azure: Emulator, tool: Tool) -> None:
    sender = ("--user-identity", "sender", "--create-identities")
    to_hub = f"name=hub,type=eventhub,destination={HUB},role=Contoso Event Sender,identity=sender"
    done = tool.deploy("--no-app", *sender, "--endpoint", to_hub)
    assert done.code == 0, done.text
    assert "assign Contoso Event Sender on twin-events to sender" in done.stdout
    identity = endpoints(azure)["hub"]["identity"]
    assert identity["type"] == "UserAssigned"
    assert identity["userAssignedIdentity"].endswith("/sender")

    to_hub = f"name=hub,type=eventhub,destination={HUB},dead_letter={DEAD}"
    changed = tool.run("--yes", "--system-identity", "--endpoint", to_hub)

    assert changed.code == 0, changed.text
    assert "change endpoint hub to send to EventHub twin-events, by identity" in changed.stdout
    assert "delete endpoint" not in changed.stdout
    assert endpoints(azure)["hub"]["identity"]["type"] == "SystemAssigned"
    assert endpoints(azure)["hub"]["deadLetterUri"]
    custom = [one for one in azure.inventory(volatile=True)["roleAssignments"]
              if one["properties"]["roleDefinitionId"].endswith(seed.CUSTOM_ROLE)]  # fmt: skip
    assert custom == []


def test_a_key_based_endpoint_is_handed_off_and_moved(azure: Emulator, tool: Tool) -> None:
    """Azure doesn't tell where a key-based endpoint sends: that it moves is known from what is recorded."""
    refusal = {"error": {"code": "AuthorizationFailed", "message": "no"}}
    azure.faults({"method": "PUT", "path": "/endpoints/", "do": "status:403", "body": refusal})
    to_hub = f"name=hub,type=eventhub,destination={HUB},auth=key"
    refused = tool.deploy("--no-app", "--endpoint", to_hub)
    assert refused.code == 3, refused.text
    place = "--eventhub-resource-group shared-services --eventhub twin-events --eventhub-namespace contoso-events"
    assert f"{place} --eventhub-policy send" in refused.text
    assert tool.run("--yes").code == 0
    arm, other = Arm(azure), HUB.replace("twin-events", "second")
    assert arm("PUT", other, {"properties": {}}).status == 200
    nowhere = tool.run("--yes", "--endpoint", to_hub.replace("twin-events", "second"))
    assert nowhere.code == 2, nowhere.text
    assert "add one with Send" in nowhere.text
    assert arm("PUT", f"{other}/authorizationRules/tx", {"properties": {"rights": ["Send"]}}).status == 200

    moved = tool.run("--yes", "--endpoint", to_hub.replace("twin-events", "second"))

    assert moved.code == 0, moved.text
    assert "change endpoint hub to send to EventHub second, by key" in moved.stdout
    since = len(azure.requests()["log"])
    assert tool.run("--yes").code == 0
    assert written(azure, since) == []

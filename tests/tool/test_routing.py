"""Routing events: roles on destinations, endpoints and routes, through the command line."""

from __future__ import annotations

import json
import re

from emulator import seed
from tests.support.arm import Arm, document
from tests.support.documents import names, notes, planned
from tests.support.processes import kill
from tests.support.routing import (
    ALL,
    BUS,
    CREATED,
    DEAD,
    GRID,
    HUB,
    INSTANCE_ID,
    TO_BUS,
    TO_GRID,
    TO_HUB,
    assigned,
    data_plane,
    endpoints,
    routes,
    secrets_of,
    with_identity,
    written,
)
from tests.support.tool import INSTANCE, SUBSCRIPTION, Tool
from tests.support.waiting import until, until_held
from tests.support.world import Emulator


def test_set_kept_broken_changed_and_destroyed(world: Emulator, tool: Tool) -> None:
    done = tool.deploy("--no-app", "--system-identity", *ALL)

    assert done.code == 0, done.text
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

    assert Arm(world)("POST", f"{GRID}/regenerateKey", {"keyName": "key1"}).status == 200
    since = len(world.requests()["log"])
    renewed = tool.run("--yes", "--renew-keys")
    assert renewed.code == 0, renewed.text
    put = [one.partition("?")[0].rpartition("/")[2] for one in written(world, since) if one.startswith("PUT")]
    assert sorted(put) == ["bus", "grid"]

    data_plane(world, "DELETE", "/eventroutes/all")
    assert tool.run("verify").code == 5
    assert planned(tool) == {"routes": ["set-route:all"]}

    other = ("--endpoint", f"name=bus,type=servicebus,destination={BUS}", "--route", "name=some,endpoint=bus")
    anew = [one for one in planned(tool, *other)["endpoints"] if one.endswith(":bus")]
    assert anew == ["delete-endpoint:bus", "set-endpoint:bus"]
    changed = tool.run("--yes", *other)
    assert changed.code == 0, changed.text
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
    tool.state_file.unlink()
    assert tool.deploy("--no-app", "--system-identity", *ALL, "--renew-keys").code == 0
    found = [thing for step in tool.state["steps"].values() for thing in step["made"]]
    assert {*made} - {*found} == {"system-identity"}
    removed = tool.run("--yes", "--endpoint", "none", "--route", "none")
    assert removed.code == 0, removed.text
    assert (endpoints(azure), routes(azure), assigned(azure)) == ({}, {}, set())


def test_killed_and_run_again_with_other_settings(azure: Emulator, tool: Tool) -> None:
    """What was under way counts as ours only where it is there; what was to go and is wanted again stays ours."""
    bare = (TO_BUS[0], TO_BUS[1].partition(",dead_letter")[0])
    start = ("--yes", "--subscription", SUBSCRIPTION, "--no-app", "--system-identity")
    for arguments, method, path, phase in (
        ((*start, *TO_BUS, *TO_GRID), "PUT", "endpoints/grid", "before"),
        (("--yes", *bare, "--tag", "team=a"), "PATCH", f"{INSTANCE}$", "after"),
        (("--yes", *bare, "--tag", "team=b"), "PUT", "endpoints/bus", "after"),
    ):
        azure.faults({"method": method, "path": path, "phase": phase, "do": "hold"})
        process = tool.start(*arguments)
        until_held(azure, process)
        kill(process)
    azure.faults()

    done = tool.run("--yes", *TO_BUS)

    assert done.code == 0, done.text
    (instance,) = azure.inventory()["digitalTwinsInstances"]
    assert instance["tags"]["team"] == "b"
    assert endpoints(azure)["bus"]["deadLetterSecret"]
    made = tool.state["steps"]["endpoints"]["made"]
    assert sorted(one.split(":")[0] for one in made) == ["endpoint", "sends"]

    azure.faults({"method": "DELETE", "path": "endpoints/bus", "phase": "before", "do": "hold"})
    process = tool.start("--yes", "--endpoint", "none")
    until_held(azure, process)
    kill(process)
    azure.faults()
    again = tool.run("--yes", *TO_BUS)
    assert again.code == 0, again.text
    assert tool.state["steps"]["endpoints"]["made"] == made


def test_what_others_made_is_kept(azure: Emulator, tool: Tool) -> None:
    with_identity(tool)
    assert tool.run("--yes", *TO_GRID).code == 0
    data_plane(azure, "PUT", "/eventroutes/theirs", {"endpointName": "grid", "filter": "true"})
    hub = {"endpointType": "EventHub", "authenticationType": "IdentityBased", "identity": {"type": "SystemAssigned"}}
    where = {"endpointUri": "sb://contoso-events.servicebus.windows.net/", "entityPath": "other"}
    Arm(azure)("PUT", f"{INSTANCE_ID}/endpoints/hub", {"properties": {**hub, **where}})
    until(lambda: endpoints(azure)["hub"]["provisioningState"] != "Provisioning", "the endpoint")
    # Azure deletes no endpoint that a route uses, and so neither does the tool.
    assert Arm(azure).refused("DELETE", f"{INSTANCE_ID}/endpoints/grid")[0] == 400
    before = azure.inventory(volatile=True)

    def refused(*named: str, arguments: tuple[str, ...]) -> None:
        done = tool.run("--yes", *arguments)
        assert done.code == 2, done.text
        assert [name for name in named if name not in done.text] == []

    refused("hub", "az resource delete --ids", arguments=(*TO_GRID, *TO_HUB))
    other = ("--route", "name=theirs,endpoint=grid,filter=false")
    refused("theirs", "az rest --method delete --resource", arguments=(*TO_GRID, *other))
    to_bus = ("--endpoint", f"name=grid,type=servicebus,destination={BUS},auth=key")
    refused("grid", "theirs", arguments=to_bus)
    named = tool.run("destroy", "--non-interactive")
    assert re.search(r"\bhub\b", named.stdout), "what others made goes with the instance, and is named"
    assert azure.inventory(volatile=True) == before
    kept = tool.run("--yes", "--endpoint", "none", "--output", "json")
    assert kept.code == 0, kept.text
    assert names(notes(kept.document, "endpoints"), "grid", "theirs")
    assert set(endpoints(azure)) == {"grid", "hub"}


def test_an_endpoint_that_failed_is_set_up_again(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--no-app", *TO_GRID, "--route", "name=all,endpoint=grid").code == 0
    key = f"{INSTANCE_ID}/endpoints/grid"
    body = Arm(azure)("GET", key).json()
    body["properties"]["provisioningState"] = "Failed"
    document(azure, "digitalTwinsChild", key, body)
    plan = planned(tool)
    assert plan["endpoints"] == ["delete-route:all", "delete-endpoint:grid", "set-endpoint:grid"]
    done = tool.run("--yes")
    assert done.code == 0, done.text
    assert routes(azure) == {"all": ("grid", "true")}
    assert json.dumps(endpoints(azure)["grid"]["provisioningState"]) == '"Succeeded"'

    # Without the instance there are no routes to ask about: its host is gone with it.
    assert Arm(azure)("DELETE", INSTANCE_ID).status == 202
    until(lambda: Arm(azure)("GET", INSTANCE_ID).status != 200, "the end of the instance")
    assert planned(tool)["routes"] == ["set-route:all"]
    destroyed = tool.run("destroy", "--yes")
    assert destroyed.code == 0, destroyed.text
    assert not [thing for step in tool.state["steps"].values() for thing in step["made"]]


def test_a_user_identity_a_custom_role_and_a_change_in_place(azure: Emulator, tool: Tool) -> None:
    sender = ("--user-identity", "sender", "--create-identities")
    to_hub = f"name=hub,type=eventhub,destination={HUB},role=Contoso Event Sender,identity=sender"
    done = tool.deploy("--no-app", *sender, "--endpoint", to_hub)
    assert done.code == 0, done.text
    identity = endpoints(azure)["hub"]["identity"]
    assert identity["type"] == "UserAssigned"
    assert identity["userAssignedIdentity"].endswith("/sender")

    to_hub = f"name=hub,type=eventhub,destination={HUB},dead_letter={DEAD}"
    assert planned(tool, "--system-identity", "--endpoint", to_hub)["endpoints"] == ["set-endpoint:hub"]

    changed = tool.run("--yes", "--system-identity", "--endpoint", to_hub)

    assert changed.code == 0, changed.text
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
    script = (tool.folder / "deploy.handoff.sh").read_text()
    assert f"az rest --method post --url '{HUB}/authorizationRules/send/listKeys?api-version=" in script
    assert tool.run("--yes").code == 0
    arm, other = Arm(azure), HUB.replace("twin-events", "second")
    assert arm("PUT", other, {"properties": {}}).status == 200
    nowhere = tool.run("--yes", "--endpoint", to_hub.replace("twin-events", "second"))
    assert nowhere.code == 2, nowhere.text
    assert "second" in nowhere.text
    assert arm("PUT", f"{other}/authorizationRules/tx", {"properties": {"rights": ["Send"]}}).status == 200

    there = to_hub.replace("twin-events", "second")
    assert planned(tool, "--endpoint", there) == {"endpoints": ["set-endpoint:hub"]}

    moved = tool.run("--yes", "--endpoint", there)

    assert moved.code == 0, moved.text
    since = len(azure.requests()["log"])
    assert tool.run("--yes").code == 0
    assert written(azure, since) == []

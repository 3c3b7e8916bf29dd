"""Tags, network access and identities of the group and the instance: set, left alone, changed, taken away again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pexpect

from tests.support.arm import INSTANCES, Arm
from tests.support.azure import own_tags, writes
from tests.support.documents import names, notes, planned
from tests.support.processes import kill
from tests.support.routing import HUB
from tests.support.tool import GROUP, INSTANCE, START, SUBSCRIPTION, Tool
from tests.support.waiting import until_held
from tests.support.world import Emulator

GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
INSTANCE_ID = f"{GROUP_ID}/{INSTANCES}/{INSTANCE}"
IDENTITIES = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
OURS = own_tags(INSTANCE_ID)
BY_IDENTITY = {
    "endpointType": "EventHub",
    "authenticationType": "IdentityBased",
    "identity": {"type": "SystemAssigned"},
    "endpointUri": "sb://contoso-hubs.servicebus.windows.net",
    "entityPath": "twins",
}
TO_ADX = {
    "connectionType": "AzureDataExplorer",
    "identity": {"type": "SystemAssigned"},
    "adxDatabaseName": "twins",
    "adxEndpointUri": "https://contoso.westus2.kusto.windows.net",
    "adxResourceId": f"{GROUP_ID}/providers/Microsoft.Kusto/clusters/contoso",
    "eventHubEndpointUri": "sb://contoso-hubs.servicebus.windows.net",
    "eventHubEntityPath": "twins",
    "eventHubNamespaceResourceId": f"{GROUP_ID}/providers/Microsoft.EventHub/namespaces/contoso-hubs",
}
LEAN = ("--no-app",)
"""The app registration has no part in this."""


def there(azure: Emulator) -> tuple[dict[str, str], Any]:
    """The tags of the group, and the instance."""
    found = azure.inventory(volatile=True)
    (group,) = [one for one in found["resourceGroups"] if one["name"] == GROUP]
    (instance,) = found["digitalTwinsInstances"]
    return group["tags"], instance


def identity(azure: Emulator) -> tuple[str, set[str]]:
    """The type of the instance's identity, and the names of its user-assigned ones."""
    found = there(azure)[1].get("identity") or {"type": "None"}
    return found["type"], {one.rpartition("/")[2] for one in found.get("userAssignedIdentities") or {}}


def identities(azure: Emulator) -> set[str]:
    """The user-assigned identities that exist."""
    return {one["name"] for one in azure.inventory(volatile=True).get("userAssignedIdentities", ())}


def ran(tool: Tool, *arguments: str) -> None:
    """Run, to success."""
    done = tool.run("--yes", *arguments)
    assert done.code == 0, done.text


def changed(arm: Arm, body: Any) -> None:
    """Change the instance as somebody else does."""
    answer = arm("PATCH", INSTANCE_ID, body)
    assert answer.status == 202, answer.content
    arm.states(answer.headers["Azure-AsyncOperation"])


def made(tool: Tool, kind: str) -> list[str]:
    """What step 2 is recorded to have made of this kind."""
    recorded = tool.state["steps"]["instance"]["made"]
    return sorted(one for one in recorded if one.startswith(f"{kind}:"))


def killed(azure: Emulator, tool: Tool, method: str, path: str, phase: str, *arguments: str) -> None:
    """Kill a run at a write, before or after Azure has carried it out."""
    azure.faults({"method": method, "path": path, "phase": phase, "do": "hold"})
    process = tool.start(*arguments)
    until_held(azure, process)
    kill(process)
    azure.faults()


def test_settings_are_set_kept_and_taken_back(world: Emulator, tool: Tool) -> None:
    arm, elsewhere = Arm(world), IDENTITIES.replace(GROUP, "shared-services") + "/shared"
    assert arm("PUT", elsewhere, {"location": "westus2"}).status == 201
    world.control("DELETE", "/requests")
    settings = ("--tag", "env=dev", "--tag", "Team=twins", "--public-network-access", "disabled", "--system-identity")
    wanted = (*LEAN, *settings, "--user-identity", "one", "--user-identity", elsewhere)
    refused = tool.deploy(*wanted)
    assert refused.code == 2
    assert f"{IDENTITIES}/one" in refused.text
    assert "--create-identities" in refused.text
    assert writes(world) == []
    killed(world, tool, "PUT", "userAssignedIdentities/one", "after", *START, *wanted, "--create-identities")
    assert planned(tool)["instance"] == ["create-instance"]  # and no identity
    ran(tool)
    tags, instance = there(world)
    assert tags == instance["tags"] == {**OURS, "env": "dev", "Team": "twins"}
    assert instance["properties"]["publicNetworkAccess"] == "Disabled"
    assert identity(world) == ("SystemAssigned,UserAssigned", {"one", "shared"})
    (one,) = [one for one in world.inventory(volatile=True)["userAssignedIdentities"] if one["name"] == "one"]
    assert (one["tags"], one["location"]) == (tags, "westus2")
    produced = tool.state["steps"]["instance"]["produced"]
    assert produced["identity_principal_id"] == instance["identity"]["principalId"]
    assert f"one={one['properties']['principalId']}" in produced["user_identity_principal_ids"].split(",")

    world.control("DELETE", "/requests")
    assert planned(tool) == {}
    ran(tool)
    assert writes(world) == []

    # Somebody respells a tag with another value, adds one and takes one off; opens the network; deletes an identity,
    # adds another and switches the system's off.
    drifted = {**OURS, "ENV": "prod", "cost": "42"}
    assert arm("PATCH", GROUP_ID, {"tags": drifted}).status == 200
    assert arm("PUT", f"{IDENTITIES}/theirs", {"location": "westus2"}).status == 201
    users: dict[str, Any] = {f"{IDENTITIES}/one": None, f"{IDENTITIES}/theirs": {}}
    theirs = {"type": "UserAssigned", "userAssignedIdentities": users}
    changed(arm, {"tags": drifted, "properties": {"publicNetworkAccess": "Enabled"}, "identity": theirs})
    assert arm("DELETE", f"{IDENTITIES}/one").status == 200
    plan = planned(tool)
    assert plan["resource_group"] == ["tag-resource-group"]
    assert [one.partition(":")[0] for one in plan["instance"]] == [
        "create-identity",
        "change-instance",
        "close-network",
    ]
    mended = tool.run("--yes", "--output", "json")
    assert mended.code == 0, mended.text
    assert names(notes(mended.document, "instance"), "theirs")
    tags, instance = there(world)
    assert tags == instance["tags"] == {**OURS, "ENV": "dev", "cost": "42", "Team": "twins"}
    assert instance["properties"]["publicNetworkAccess"] == "Disabled"
    assert identity(world) == ("SystemAssigned,UserAssigned", {"one", "shared", "theirs"})

    # Less is wanted: what we gave and made goes, what others did stays.
    less = ("--tag", "team=apes", "--public-network-access", "enabled", "--user-identity", "none")
    killed(world, tool, "PATCH", f"{INSTANCE}?", "after", "--yes", *less, "--no-system-identity")
    assert planned(tool)["instance"][-1].startswith("delete-identity:")
    ran(tool)
    tags, instance = there(world)
    assert tags == instance["tags"] == {**OURS, "cost": "42", "Team": "apes"}
    assert instance["properties"]["publicNetworkAccess"] == "Enabled"
    assert identity(world) == ("UserAssigned", {"theirs"})
    assert identities(world) == {"shared", "theirs"}
    produced = tool.state["steps"]["instance"]["produced"]
    assert "identity_principal_id" not in produced
    assert produced["user_identity_principal_ids"].startswith("theirs=")
    assert (made(tool, "tag"), made(tool, "identity"), made(tool, "identity-link")) == (["tag:team"], [], [])
    assert tool.run("plan", "--tag", "Created-By=me").code == 2


def test_an_identity_in_use_is_taken_away_only_when_told_so(world: Emulator, tool: Tool) -> None:
    arm = Arm(world)
    telemetry = f"name=telemetry,type=eventhub,destination={HUB}"
    wanted = ("--system-identity", "--user-identity", "one", "--create-identities", "--endpoint", telemetry)
    ran(tool, *LEAN, "--subscription", SUBSCRIPTION, *wanted)
    one = {"type": "UserAssigned", "userAssignedIdentity": f"{IDENTITIES}/one"}
    answer = arm(
        "PUT", f"{INSTANCE_ID}/timeSeriesDatabaseConnections/history", {"properties": TO_ADX | {"identity": one}}
    )
    assert answer.status == 201, answer.content
    arm.states(answer.headers["Azure-AsyncOperation"])
    answer = arm("PUT", f"{INSTANCE_ID}/endpoints/theirs", {"properties": BY_IDENTITY})
    assert answer.status == 201, answer.content
    arm.states(answer.headers["Azure-AsyncOperation"])

    keyed = ("--no-system-identity", "--endpoint", f"{telemetry},auth=key")
    refused = tool.run("--yes", *keyed)
    assert refused.code == 2
    for named in (INSTANCE, "telemetry", "theirs"):
        assert named in refused.text
    assert "history" not in refused.text
    assert "--yes-break" in refused.text
    assert identity(world) == ("SystemAssigned,UserAssigned", {"one"})

    asked = tool.terminal(*keyed, "--user-identity", "none")
    asked.expect("history")
    asked.expect(r"\? ")
    asked.send("y")
    asked.expect("Proceed")
    asked.send("y")
    asked.expect(pexpect.EOF)
    assert identity(world) == ("None", set())
    assert identities(world) == set()
    endpoints = {one["name"]: one["properties"] for one in world.inventory(volatile=True)["endpoints"]}
    assert endpoints["telemetry"]["authenticationType"] == "KeyBased"
    assert endpoints["telemetry"]["provisioningState"] == "Succeeded"
    assert endpoints["theirs"]["authenticationType"] == "IdentityBased"


def test_destroy_takes_away_what_is_ours(world: Emulator, tool: Tool) -> None:
    arm, before = Arm(world), world.inventory()
    wanted = ("--tag", "env=dev", "--system-identity", "--user-identity", "one", "--create-identities")
    ran(tool, *LEAN, "--subscription", SUBSCRIPTION, *wanted)
    theirs = f"{IDENTITIES}/theirs"
    assert arm("PUT", theirs, {"location": "westus2"}).status == 201
    killed(world, tool, "DELETE", f"{INSTANCE}?", "after", "destroy", "--yes")
    done = tool.run("destroy", "--yes")
    assert done.code == 0, done.text
    assert "userAssignedIdentities/theirs" in done.text
    assert identities(world) == {"theirs"}
    assert "digitalTwinsInstances" not in world.inventory()
    assert arm("DELETE", theirs).status == 200
    done = tool.run("destroy", "--yes")
    assert done.code == 0, done.text
    after = world.inventory()
    # The Digital Twins API's own service principal came with the first instance, and stays in the tenant.
    others = [one for one in after["servicePrincipals"] if one["displayName"] != "Azure Digital Twins"]
    assert {**after, "servicePrincipals": others} == before


def test_what_was_there_is_kept(world: Emulator, tool: Tool) -> None:
    arm = Arm(world)
    theirs = {"owner": "them"}
    assert arm("PUT", GROUP_ID, {"location": "westus2", "tags": theirs}).status == 201
    body = {"location": "westus2", "tags": theirs, "identity": {"type": "SystemAssigned"}}
    arm.states(arm("PUT", INSTANCE_ID, body).headers["Azure-AsyncOperation"])
    before = world.inventory()
    wanted = ("--tag", "env=dev", "--user-identity", "one", "--create-identities")
    ran(tool, *LEAN, "--subscription", SUBSCRIPTION, *wanted)
    tags, instance = there(world)
    assert tags == instance["tags"] == {**theirs, "env": "dev"}
    assert identity(world) == ("SystemAssigned,UserAssigned", {"one"})
    done = tool.run("destroy", "--yes")
    assert done.code == 0, done.text
    assert world.inventory() == before


def test_somebody_else_is_told_what_to_run(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "reader") as azure:
        arm, tool = Arm(azure), Tool(azure, tmp_path / "work")
        assert arm("PUT", GROUP_ID, {"location": "westus2"}).status == 201
        arm.states(arm("PUT", INSTANCE_ID, {"location": "westus2"}).headers["Azure-AsyncOperation"])
        refused = tool.deploy(*LEAN, "--tag", "env=de v", "--system-identity")
        assert refused.code == 3, refused.text
        script = tool.folder / "deploy.handoff.sh"
        assert f"az tag update --resource-id {GROUP_ID} --operation Merge --tags 'env=de v'" in script.read_text()
        tags = {"env": "de v"}
        assert arm("PATCH", GROUP_ID, {"tags": tags}).status == 200
        refused = tool.run("--yes")
        assert refused.code == 3, refused.text
        (command,) = [line for line in script.read_text().splitlines() if line.startswith("az rest")]
        words = shlex.split(command)
        assert words[:5] == ["az", "rest", "--method", "patch", "--url"]
        url, body = words[5], json.loads(words[7])
        assert url == f"{INSTANCE_ID}?api-version=2023-01-31"
        changed(arm, body)
        assert (there(azure)[1]["tags"], identity(azure)[0]) == (tags, "SystemAssigned")
        noticed = tool.run("--yes", "--output", "json").document
        assert [one["outcome"] for one in noticed["steps"]][:3] == ["already done", "already done", "failed"]

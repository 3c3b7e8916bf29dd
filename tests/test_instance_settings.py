"""Tags, network access and identities of the group and the instance: set, left alone, changed, taken away again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pexpect

from tests.arm import INSTANCES, Arm
from tests.test_deploy import MARK, writes
from tests.test_resume import START, until_held
from tests.tool import GROUP, INSTANCE, SUBSCRIPTION, Tool, kill
from tests.world import Emulator

GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
INSTANCE_ID = f"{GROUP_ID}/{INSTANCES}/{INSTANCE}"
IDENTITIES = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
OURS = {"created-by": MARK}
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


def names(azure: Emulator) -> set[str]:
    """The user-assigned identities that exist."""
    return {one["name"] for one in azure.inventory(volatile=True).get("userAssignedIdentities", ())}


def ran(tool: Tool, *arguments: str) -> str:
    """Run, to success, and return what was printed."""
    done = tool.run("--yes", *arguments)
    assert done.code == 0, done.text
    return done.stdout


def changed(arm: Arm, body: Any) -> None:
    """Change the instance by hand."""
    answer = arm("PATCH", INSTANCE_ID, body)
    assert answer.status == 202, answer.content
    arm.states(answer.headers["Azure-AsyncOperation"])


def left_alone(azure: Emulator, tool: Tool) -> None:
    """A run with nothing new writes nothing."""
    azure.control("DELETE", "/requests")
    assert ran(tool).count("already done") == 3
    assert writes(azure) == []


def test_tags(world: Emulator, tool: Tool) -> None:
    arm = Arm(world)
    first = ran(tool, *LEAN, "--subscription", SUBSCRIPTION, "--tag", "env=dev", "--tag", "Team=twins")
    assert "create resource group digital-twins-0fd74108 in westus2: set tag env=dev, set tag Team=twins" in first
    wanted = {**OURS, "env": "dev", "Team": "twins"}
    assert there(world)[0] == there(world)[1]["tags"] == wanted
    left_alone(world, tool)
    # Somebody adds one, respells another with another value, and takes ours off.
    drifted = {**OURS, "ENV": "prod", "cost": "42"}
    assert arm("PATCH", GROUP_ID, {"tags": drifted}).status == 200
    changed(arm, {"tags": drifted})
    shown = tool.run("plan").stdout
    assert shown.count(": set tag ENV=dev, set tag Team=twins") == 2
    ran(tool)
    assert there(world)[0] == there(world)[1]["tags"] == {**OURS, "ENV": "dev", "cost": "42", "Team": "twins"}
    # Fewer are wanted: ours goes, the others' stays; killed before Azure has answered, and run again.
    world.faults({"method": "PATCH", "path": INSTANCE, "phase": "after", "do": "hold"})
    process = tool.start("--yes", "--tag", "team=apes")
    until_held(world, process)
    kill(process)
    world.faults()
    ran(tool)
    assert there(world)[0] == there(world)[1]["tags"] == {**OURS, "cost": "42", "Team": "apes"}
    assert [one for one in tool.state["steps"]["instance"]["made"] if one.startswith("tag:")] == ["tag:team"]
    ran(tool, "--tag", "none")
    assert there(world)[0] == there(world)[1]["tags"] == {**OURS, "cost": "42"}
    left_alone(world, tool)
    assert tool.run("plan", "--tag", "Created-By=me").code == 2


def test_network_access(azure: Emulator, tool: Tool) -> None:
    first = ran(tool, *LEAN, "--subscription", SUBSCRIPTION, "--public-network-access", "disabled")
    assert "in westus2: disable public network access" in first
    assert there(azure)[1]["properties"]["publicNetworkAccess"] == "Disabled"
    left_alone(azure, tool)
    assert "change instance adt-0fd74108: enable public" in ran(tool, "--public-network-access", "enabled")
    assert there(azure)[1]["properties"]["publicNetworkAccess"] == "Enabled"
    changed(Arm(azure), {"properties": {"publicNetworkAccess": "Disabled"}})
    ran(tool)  # what is wanted is remembered
    assert there(azure)[1]["properties"]["publicNetworkAccess"] == "Enabled"


def test_identities(world: Emulator, tool: Tool) -> None:
    arm, elsewhere = Arm(world), IDENTITIES.replace(GROUP, "shared-services") + "/shared"
    assert arm("PUT", elsewhere, {"location": "westus2"}).status == 201
    world.control("DELETE", "/requests")
    wanted = ("--system-identity", "--user-identity", "one", "--user-identity", elsewhere)
    refused = tool.deploy(*LEAN, *wanted)
    assert refused.code == 2
    assert "There is no user-assigned identity" in refused.text
    assert "--create-identities" in refused.text
    assert writes(world) == []
    # Killed while the new identity is being made.
    world.faults({"method": "PUT", "path": "userAssignedIdentities/one", "phase": "after", "do": "hold"})
    process = tool.start(*START, *LEAN, *wanted, "--create-identities")
    until_held(world, process)
    kill(process)
    world.faults()
    ran(tool)
    assert identity(world) == ("SystemAssigned,UserAssigned", {"one", "shared"})
    (one,) = [one for one in world.inventory(volatile=True)["userAssignedIdentities"] if one["name"] == "one"]
    assert (one["tags"], one["location"]) == (OURS, "westus2")
    outputs = tool.run("outputs", "--format", "json").document
    assert outputs["identity_principal_id"] == there(world)[1]["identity"]["principalId"]
    assert f"one={one['properties']['principalId']}" in outputs["user_identity_principal_ids"].split(",")
    left_alone(world, tool)
    # Somebody gives it one more, takes ours away, and switches the system's off.
    assert arm("PUT", f"{IDENTITIES}/theirs", {"location": "westus2"}).status == 201
    users: dict[str, Any] = {f"{IDENTITIES}/one": None, f"{IDENTITIES}/theirs": {}}
    changed(arm, {"identity": {"type": "UserAssigned", "userAssignedIdentities": users}})
    shown = tool.run("plan").stdout
    assert "switch the system-assigned identity on, add user identity one" in shown
    assert "Other user identities are kept: theirs" in shown
    ran(tool)
    assert identity(world) == ("SystemAssigned,UserAssigned", {"one", "shared", "theirs"})
    # Somebody deletes ours: it is made and given again.
    assert arm("DELETE", f"{IDENTITIES}/one").status == 200
    assert "create user-assigned identity one in westus2" in ran(tool)
    left_alone(world, tool)
    # None is wanted any more: what we gave and made goes, killed in between, and the other one stays.
    world.faults({"method": "DELETE", "path": "userAssignedIdentities/one", "phase": "before", "do": "hold"})
    process = tool.start("--yes", "--user-identity", "none", "--no-system-identity")
    until_held(world, process)
    kill(process)
    world.faults()
    ran(tool)
    assert identity(world) == ("UserAssigned", {"theirs"})
    assert names(world) == {"theirs", "shared"}
    outputs = tool.run("outputs", "--format", "json").document
    assert "identity_principal_id" not in outputs
    assert outputs["user_identity_principal_ids"].startswith("theirs=")
    left_alone(world, tool)


def test_an_identity_that_is_in_use_is_taken_away_only_when_told_so(world: Emulator, tool: Tool) -> None:
    arm = Arm(world)
    ran(
        tool,
        *LEAN,
        "--subscription",
        SUBSCRIPTION,
        "--system-identity",
        "--user-identity",
        "one",
        "--create-identities",
    )
    system = {"type": "SystemAssigned"}
    user = {"type": "UserAssigned", "userAssignedIdentity": f"{IDENTITIES}/one"}
    where = {"endpointUri": "sb://contoso-hubs.servicebus.windows.net", "entityPath": "twins"}
    by = {"endpointType": "EventHub", "authenticationType": "IdentityBased", **where}
    hub = f"{GROUP_ID}/providers/Microsoft.EventHub/namespaces/contoso-hubs"
    history = {
        "connectionType": "AzureDataExplorer",
        "identity": user,
        "adxDatabaseName": "twins",
        "adxEndpointUri": "https://contoso.westus2.kusto.windows.net",
        "adxResourceId": f"{GROUP_ID}/providers/Microsoft.Kusto/clusters/contoso",
        "eventHubEndpointUri": where["endpointUri"],
        "eventHubEntityPath": "twins",
        "eventHubNamespaceResourceId": hub,
    }
    for path, properties in {
        "endpoints/events": {**by, "identity": system},
        "endpoints/alerts": {**by, "identity": user},
        "timeSeriesDatabaseConnections/history": history,
    }.items():
        answer = arm("PUT", f"{INSTANCE_ID}/{path}", {"properties": properties})
        assert answer.status == 201, answer.content
        arm.states(answer.headers["Azure-AsyncOperation"])
    assert identity(world) == ("SystemAssigned,UserAssigned", {"one"})

    refused = tool.run("--yes", "--no-system-identity")
    assert refused.code == 2
    assert "Take the system-assigned identity from instance adt-0fd74108, and break what uses it?" in refused.text
    assert "The endpoint events uses the system-assigned identity" in refused.text
    assert "alerts" not in refused.text
    assert "--yes-break" in refused.text
    assert identity(world) == ("SystemAssigned,UserAssigned", {"one"})
    shown = tool.run("plan", "--user-identity", "none").stdout
    assert "The endpoint alerts uses user identity one: it stops working" in shown
    assert "The data history connection history uses user identity one" in shown

    asked = tool.terminal("--no-system-identity", "--user-identity", "none")
    asked.expect("break what uses it")
    asked.send("y")
    asked.expect("Proceed")
    asked.send("y")
    asked.expect("completed successfully")
    asked.expect(pexpect.EOF)
    assert identity(world) == ("None", set())
    assert names(world) == set()


def test_an_instance_that_was_there_keeps_what_it_has(azure: Emulator, tool: Tool) -> None:
    arm = Arm(azure)
    assert arm("PUT", GROUP_ID, {"location": "westus2", "tags": {"owner": "them"}}).status == 201
    theirs = {"type": "SystemAssigned"}
    made = arm("PUT", INSTANCE_ID, {"location": "westus2", "tags": {"owner": "them"}, "identity": theirs})
    arm.states(made.headers["Azure-AsyncOperation"])
    azure.control("DELETE", "/requests")
    ran(tool, *LEAN, "--subscription", SUBSCRIPTION, "--tag", "env=dev")
    tags, instance = there(azure)
    assert tags == instance["tags"] == {"owner": "them", "env": "dev"}
    assert instance["identity"]["type"] == "SystemAssigned"


def test_somebody_else_is_told_what_to_run(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "reader") as azure:
        arm, tool = Arm(azure), Tool(azure, tmp_path / "work")
        assert arm("PUT", GROUP_ID, {"location": "westus2"}).status == 201
        arm.states(arm("PUT", INSTANCE_ID, {"location": "westus2"}).headers["Azure-AsyncOperation"])
        refused = tool.deploy(*LEAN, "--tag", "env=de v", "--system-identity")
        assert refused.code == 3, refused.text
        assert f"az tag update --resource-id {GROUP_ID} --operation Merge --tags 'env=de v'" in refused.text
        assert arm("PATCH", GROUP_ID, {"tags": {"env": "de v"}}).status == 200
        refused = tool.run("--yes")
        assert refused.code == 3, refused.text
        (command,) = [line.strip() for line in refused.stdout.splitlines() if line.strip().startswith("az rest")]
        words = shlex.split(command)
        assert words[:5] == ["az", "rest", "--method", "patch", "--url"]
        url, body = words[5], json.loads(words[7])
        assert url == f"{INSTANCE_ID}?api-version=2023-01-31"
        changed(arm, body)
        assert (there(azure)[1]["tags"], identity(azure)[0]) == ({"env": "de v"}, "SystemAssigned")
        noticed = tool.run("--yes", "--output", "json").document
        assert [one["outcome"] for one in noticed["steps"]][:3] == ["already done", "already done", "failed"]

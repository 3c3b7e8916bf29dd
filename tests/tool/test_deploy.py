"""The main job: everything set up, found again, and left alone."""

from __future__ import annotations

import json
from collections import Counter
from urllib.parse import urlsplit

from tests.support.azure import MARK, is_marked, own_tags, writes
from tests.support.documents import names, notes, outcomes, planned
from tests.support.processes import until_line
from tests.support.tool import GROUP, HOST, INSTANCE, START, SUBSCRIPTION, Tool
from tests.support.world import Emulator


def test_everything_is_set_up(azure: Emulator, tool: Tool) -> None:
    done = tool.deploy()
    assert done.code == 0, done.text
    assert HOST in done.stdout

    there = azure.inventory()
    (instance,) = there["digitalTwinsInstances"]
    assert instance["name"] == INSTANCE
    assert instance["tags"] == own_tags(instance["id"])
    (group,) = [group for group in there["resourceGroups"] if group["name"] == GROUP]
    assert group["tags"] == instance["tags"]
    (assignment,) = [one for one in there["roleAssignments"] if is_marked(one["properties"])]
    assert assignment["properties"]["principalType"] == "User"
    assert assignment["properties"]["scope"].endswith(INSTANCE)
    (app,) = [app for app in there["applications"] if MARK in app.get("tags", [])]
    assert app["signInAudience"] == "AzureADMyOrg"
    assert app["publicClient"]["redirectUris"] == ["http://localhost"]
    assert [access["resourceAppId"] for access in app["requiredResourceAccess"]] == [
        "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
    ]
    assert [one for one in there["servicePrincipals"] if one.get("displayName") == f"{INSTANCE}-app"]


def test_a_second_run_says_so_and_changes_nothing(azure: Emulator, deployed: Tool) -> None:
    before = azure.inventory(volatile=True)
    azure.control("DELETE", "/requests")

    again = deployed.run("--yes", "--output", "json")

    assert again.code == 0, again.text
    assert Counter(outcomes(again.document).values()) == {"already done": 4, "needs you": 1}
    assert azure.inventory(volatile=True) == before
    assert writes(azure) == []
    asked = azure.requests()
    assert asked["total"] <= 12
    assert [entry["path"] for entry in asked["log"][:2]] == ["/oauth2/token"] * 2  # for all audiences at once


def test_without_its_state_file_a_run_adopts_everything(azure: Emulator, deployed: Tool) -> None:
    before, remembered = azure.inventory(volatile=True), deployed.run("outputs", "--format", "json").document
    deployed.state_file.unlink()
    azure.control("DELETE", "/requests")

    again = deployed.deploy()

    assert again.code == 0, again.text
    assert azure.inventory(volatile=True) == before
    assert writes(azure) == []
    assert deployed.run("outputs", "--format", "json").document == remembered


def test_one_token_for_each_audience(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy().code == 0
    asked = Counter(entry["path"] for entry in azure.requests()["log"] if "oauth2/token" in entry["path"])
    assert sum(asked.values()) == 2  # Resource Manager and Graph


def test_the_app_registration_does_not_wait_for_the_instance(azure: Emulator, tool: Tool) -> None:
    azure.faults({"method": "PUT", "path": "digitalTwinsInstances", "do": "hold"})
    process = tool.start("--yes", "--subscription", SUBSCRIPTION)
    until_line(process, "4 App registration: done")
    assert azure.requests()["held"] == 1


def test_independent_steps_look_at_the_same_time(azure: Emulator, tool: Tool) -> None:
    """All first looks are under way before the first of them is answered."""
    azure.faults(
        {"method": "GET", "path": "(?i)resourcegroups/|applications", "nth": "every", "do": "delay:1"},
    )
    tool.run("plan", "--yes", "--subscription", SUBSCRIPTION, "--location", "westus2")
    log = azure.requests()["log"]
    looks = [entry for entry in log if "resourcegroups/" in entry["path"].lower() or "applications(" in entry["path"]]
    first = looks[:4]
    assert len(first) == 4
    assert max(entry["started"] for entry in first) < min(entry["ended"] for entry in first)


def test_plan_writes_nothing(azure: Emulator, tool: Tool) -> None:
    before = azure.inventory(volatile=True)
    done = tool.run("plan", *START)
    assert done.code == 0, done.text
    assert INSTANCE in done.stdout
    assert azure.inventory(volatile=True) == before
    assert list(tool.folder.iterdir()) == []


def test_plan_as_json_names_each_change(tool: Tool) -> None:
    assert planned(tool, *START) == {
        "resource_group": ["create-resource-group"],
        "instance": ["create-instance"],
        "role": ["assign-role:709c62a1-3222-598d-b667-8fbe6abcf879"],
        "app_registration": ["create-application", "create-service-principal"],
    }


def test_json_is_one_document_on_stdout_and_the_rest_on_stderr(tool: Tool) -> None:
    done = tool.deploy("--output", "json")
    assert done.code == done.document["exit_code"] == 0
    assert done.document["values"]["host_name"] == HOST
    assert outcomes(done.document)["instance"] == "done"
    assert outcomes(done.document)["consent_hints"] == "needs you"
    assert HOST in done.stderr


def test_an_unregistered_provider_is_registered(azure: Emulator, tool: Tool) -> None:
    sandbox = ("--yes", "--subscription", "Contoso Sandbox")
    assert planned(tool, *sandbox)["instance"] == ["register-provider", "create-instance"]
    done = tool.run(*sandbox)
    assert done.code == 0, done.text
    providers = azure.inventory()["providers"]
    states = [one["registrationState"] for one in providers if one["id"].lower().endswith("/microsoft.digitaltwins")]
    assert states == ["Registered", "Registered"]


def test_without_an_app_nothing_is_asked_of_graph(azure: Emulator, tool: Tool) -> None:
    done = tool.deploy("--no-app")
    assert done.code == 0, done.text
    assert not [entry for entry in azure.requests()["log"] if entry["host"] == "graph.microsoft.com"]
    assert tool.run("--yes").code == 0  # remembered
    assert tool.run("--yes", "--app").code == 0
    assert [app for app in azure.inventory()["applications"] if MARK in app.get("tags", [])]


def test_status_and_outputs_are_offline(azure: Emulator, tool: Tool) -> None:
    assert tool.run("status", "--output", "json").document["deployment"] is None
    assert tool.run("outputs").code == 2
    assert tool.deploy().code == 0
    azure.control("DELETE", "/requests")
    status = tool.run("status", "--output", "json")
    assert status.code == 0
    assert status.document["deployment"]["steps"]["consent_hints"]["state"] == "needs you"
    assert tool.run("outputs", "--format", "json").document["host_name"] == HOST
    assert f"DIGITALTWINS_HOST_NAME={HOST}\n" in tool.run("outputs", "--format", "env").stdout
    assert azure.requests()["total"] == 0


def test_an_existing_group_elsewhere_is_used_and_said_and_an_instance_elsewhere_refused(tool: Tool) -> None:
    first = tool.deploy("--resource-group", "shared-services", "--location", "westus2", "--output", "json")
    assert first.code == 0, first.text
    assert names(notes(first.document, "resource_group"), "northeurope", "westus2")
    tool.state_file.unlink()
    elsewhere = tool.deploy("--resource-group", "shared-services", "--location", "West Europe", "--output", "json")
    assert elsewhere.code == 2, elsewhere.text
    assert names([elsewhere.document["error"]["what"]], "westus2", "westeurope")
    assert not tool.state_file.exists()
    planned = tool.run("plan", *START, "--resource-group", "shared-services", "--output", "json")
    assert planned.code == 0, planned.text
    assert names(notes(planned.document, "instance"), "northeurope", "westus2")  # the group's region is the default


def test_as_a_cloud_of_its_own(azure: Emulator, tool: Tool) -> None:
    done = tool.deploy("--arm-endpoint", azure.ready["armEndpoint"])
    assert done.code == 0, done.text
    assert {entry["host"].partition(":")[0] for entry in azure.requests()["log"]} == {"127.0.0.1"}
    assert tool.state["belongs_to"]["cloud"] == azure.ready["armEndpoint"]


def test_the_traffic_is_bytes_as_sent(azure: Emulator, tool: Tool) -> None:
    tool.run("plan", "--yes", "--subscription", SUBSCRIPTION)
    hosts = {urlsplit(entry["request"]["url"]).hostname for entry in azure.recorded()}
    assert hosts >= {"management.azure.com", "graph.microsoft.com"}
    assert json.dumps(azure.recorded()).count("eyJ") == 0

"""The main job: everything set up, found again, and left alone."""

from __future__ import annotations

import json
from collections import Counter
from urllib.parse import urlsplit

import pytest

from tests.tool import GROUP, HOST, INSTANCE, SUBSCRIPTION, Tool
from tests.world import Emulator

MARK = "azure-digital-twins-deploy"
WRITES = {"PUT", "PATCH", "DELETE"}


def writes(azure: Emulator) -> list[str]:
    """The writes so far: the name check is a read, whatever its method."""
    log = [entry for entry in azure.requests()["log"] if not entry["host"].startswith(("login.", "127.0.0.1"))]
    return [
        f"{entry['method']} {entry['path']}"
        for entry in log
        if entry["method"] in WRITES or (entry["method"] == "POST" and "checkNameAvailability" not in entry["path"])
    ]


def test_everything_is_set_up(azure: Emulator, tool: Tool) -> None:
    done = tool.deploy()
    assert done.code == 0, done.text
    assert "Deployment completed successfully" in done.stdout
    assert HOST in done.stdout

    there = azure.inventory()
    (instance,) = there["digitalTwinsInstances"]
    assert instance["name"] == INSTANCE
    assert instance["tags"] == {"created-by": MARK}
    (group,) = [group for group in there["resourceGroups"] if group["name"] == GROUP]
    assert group["tags"] == {"created-by": MARK}
    (assignment,) = [one for one in there["roleAssignments"] if one["properties"].get("description") == MARK]
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

    again = deployed.run("--yes")

    assert again.code == 0, again.text
    assert again.stdout.count("already done") == 4
    assert "Deployment completed successfully" in again.stdout
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
    try:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("4 App registration: done"):
                break
        else:
            pytest.fail("the app registration was never done")
        assert azure.requests()["held"] == 1
    finally:
        process.kill()
        process.communicate()


def test_independent_steps_look_at_the_same_time(azure: Emulator, tool: Tool) -> None:
    """All first looks are under way before the first of them is answered."""
    azure.faults(
        {"method": "GET", "path": "(?i)resourcegroups/|applications", "nth": "every", "do": "delay:1"},
    )
    tool.run("plan", "--yes", "--subscription", SUBSCRIPTION)
    log = azure.requests()["log"]
    looks = [entry for entry in log if "resourcegroups/" in entry["path"].lower() or "applications(" in entry["path"]]
    first = looks[:4]
    assert len(first) == 4
    assert max(entry["started"] for entry in first) < min(entry["ended"] for entry in first)


def test_plan_writes_nothing(azure: Emulator, tool: Tool) -> None:
    before = azure.inventory(volatile=True)
    done = tool.run("plan", "--yes", "--subscription", SUBSCRIPTION)
    assert done.code == 0, done.text
    assert f"create instance {INSTANCE} in westus2" in done.stdout
    assert azure.inventory(volatile=True) == before
    assert list(tool.folder.iterdir()) == []


def test_plan_as_json_names_each_change(tool: Tool) -> None:
    document = tool.run("plan", "--yes", "--subscription", SUBSCRIPTION, "--output", "json").document
    changes = {
        step["step"]: [change["change"].partition(":")[0] for change in step["changes"]] for step in document["steps"]
    }
    assert changes == {
        "resource_group": ["create-resource-group"],
        "instance": ["create-instance"],
        "role": ["assign-role"],
        "app_registration": ["create-application", "create-service-principal"],
        "consent_hints": [],
    }


def test_json_is_one_document_on_stdout_and_the_rest_on_stderr(tool: Tool) -> None:
    done = tool.deploy("--output", "json")
    assert done.code == done.document["exit_code"] == 0
    assert done.document["values"]["host_name"] == HOST
    outcomes = {step["step"]: step["outcome"] for step in done.document["steps"]}
    assert outcomes["instance"] == "done"
    assert outcomes["consent_hints"] == "needs you"
    assert "Deployment completed successfully" in done.stderr


def test_an_unregistered_provider_is_registered(azure: Emulator, tool: Tool) -> None:
    done = tool.run("--yes", "--subscription", "Contoso Sandbox")
    assert done.code == 0, done.text
    assert "register the provider Microsoft.DigitalTwins" in done.stdout
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
    assert "There is no deployment yet" in tool.run("status").stdout
    assert tool.run("outputs").code == 2
    assert tool.deploy().code == 0
    azure.control("DELETE", "/requests")
    status = tool.run("status")
    assert status.code == 0
    assert "Resource group" in status.stdout
    assert "needs you" in status.stdout
    assert tool.run("outputs", "--format", "json").document["host_name"] == HOST
    assert f"DIGITALTWINS_HOST_NAME={HOST}\n" in tool.run("outputs", "--format", "env").stdout
    assert azure.requests()["total"] == 0


def test_an_existing_group_and_an_instance_elsewhere_are_used_and_said(tool: Tool) -> None:
    first = tool.deploy("--resource-group", "shared-services")
    assert first.code == 0, first.text
    assert "The group is in northeurope, not westus2" in first.stdout
    tool.state_file.unlink()
    elsewhere = tool.deploy("--resource-group", "shared-services", "--location", "West Europe", "--output", "json")
    assert elsewhere.code == 0, elsewhere.text
    notes = {step["step"]: step["notes"] for step in elsewhere.document["steps"]}
    where, again = notes["instance"]
    assert where == "The instance is in westus2, not westeurope: it is used as it is."
    assert again.endswith("is recorded as made here from now on: instance.")
    assert f"! {notes['instance'][0]}" in elsewhere.stderr
    assert elsewhere.document["values"]["location"] == "westus2"


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

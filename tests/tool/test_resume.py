"""A run that was cut short is completed by the next one, to the same cloud as an undisturbed run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import outcomes, planned
from tests.support.processes import ended, kill
from tests.support.tool import START, SUBSCRIPTION, Tool
from tests.support.waiting import until_held, until_held_or_over
from tests.support.world import Emulator


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What a run that nothing disturbs leaves."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with Emulator(folder / "azure") as azure:
        assert Tool(azure, folder / "work").deploy().code == 0
        return azure.inventory()


def test_killed_at_every_write(azure: Emulator, tool: Tool, undisturbed: dict[str, list[dict[str, Any]]]) -> None:
    """Each run is killed at its first writes: before they are carried out, then after, then at the ones that follow."""
    held: list[str] = []
    for phase in ("before", "after") * 5:
        azure.faults({"method": "PUT|PATCH", "phase": phase, "nth": "every", "do": "hold"})
        process = tool.start(*START)
        if not until_held_or_over(azure, process):
            break
        kill(process)
        doing = [step["doing"] for step in tool.state["steps"].values() if step.get("doing")]
        assert doing, "the intent of the write is in the state file"
        held += doing
    done = ended(process)
    assert done.code == 0, done.text
    assert azure.inventory() == undisturbed
    assert not any(step.get("doing") for step in tool.state["steps"].values())
    assert {one.partition(":")[0] for one in held} >= {
        "create-resource-group", "create-instance", "assign-role", "create-application", "create-service-principal"
    }  # fmt: skip


def test_killed_while_azure_creates_the_instance(
    azure: Emulator, tool: Tool, undisturbed: dict[str, list[dict[str, Any]]]
) -> None:
    azure.faults({"method": "GET", "path": "operationsStatuses", "do": "hold"})
    process = tool.start(*START)
    until_held(azure, process)
    kill(process)
    azure.faults()
    tool.state_file.unlink()  # and the memory is lost too

    assert planned(tool, *START)["instance"] == ["await-instance"]

    again = tool.deploy()

    assert again.code == 0, again.text
    assert azure.inventory() == undisturbed


def test_a_failed_step_is_the_only_one_done_again(azure: Emulator, tool: Tool) -> None:
    azure.faults({"method": "PUT", "path": "roleAssignments", "nth": "every", "do": "status:409"})
    first = tool.deploy()
    assert first.code == 1
    assert tool.state["steps"]["role"]["state"] == "failed"
    assert "deploy.state.log" in first.stderr
    azure.faults()

    again = tool.run("--yes", "--output", "json")

    assert again.code == 0, again.text
    assert outcomes(again.document) == {
        "resource_group": "already done",
        "instance": "already done",
        "role": "done",
        "app_registration": "already done",
        "consent_hints": "needs you",
    }


def test_a_step_undone_behind_our_back_is_done_again(
    azure: Emulator, deployed: Tool, undisturbed: dict[str, list[dict[str, Any]]]
) -> None:
    outputs = deployed.run("outputs", "--format", "json").document
    azure.document("roleAssignment", outputs["role_assignment_id"], None)
    again = deployed.run("--yes", "--output", "json").document
    assert [step["outcome"] for step in again["steps"]][2] == "done"
    assert azure.inventory() == undisturbed


def test_an_equal_assignment_under_another_name_counts(azure: Emulator, deployed: Tool) -> None:
    mine = deployed.run("outputs", "--format", "json").document["role_assignment_id"]
    (body,) = [one for one in azure.inventory(volatile=True)["roleAssignments"] if one["id"] == mine]
    other = mine.rpartition("/")[0] + "/00000000-0000-4000-8000-00000000beef"
    azure.document("roleAssignment", mine, None)
    azure.document("roleAssignment", other, {**body, "id": other, "name": other.rpartition("/")[2]})
    again = deployed.run("--yes", "--output", "json").document
    assert again["steps"][2]["outcome"] == "already done"
    assert again["values"]["role_assignment_id"] == other


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_an_instance_that_failed_is_created_again(azure: Emulator, deployed: Tool, state: str) -> None:
    (body,) = azure.inventory(volatile=True)["digitalTwinsInstances"]
    body["properties"]["provisioningState"] = state
    azure.document("digitalTwinsInstance", body["id"], body)
    assert planned(deployed)["instance"] == ["create-instance"]
    again = deployed.run("--yes")
    assert again.code == 0, again.text
    (body,) = azure.inventory(volatile=True)["digitalTwinsInstances"]
    assert body["properties"]["provisioningState"] == "Succeeded"


def test_an_instance_being_deleted_is_waited_for(azure: Emulator, deployed: Tool) -> None:
    instance = deployed.run("outputs", "--format", "json").document["instance_id"]
    url = f"https://management.azure.com{instance}?api-version=2023-01-31"
    assert azure.https("DELETE", url, token=azure.token()).status in (200, 202)
    again = deployed.run("--yes")
    assert again.code == 0, again.text
    (body,) = azure.inventory(volatile=True)["digitalTwinsInstances"]
    assert body["properties"]["provisioningState"] == "Succeeded"


def test_a_group_being_deleted_is_waited_for(
    azure: Emulator, deployed: Tool, undisturbed: dict[str, list[dict[str, Any]]]
) -> None:
    group = deployed.state["inputs"]["resource_group"]
    url = f"https://management.azure.com/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}?api-version=2025-04-01"
    assert azure.https("DELETE", url, token=azure.token()).status == 202
    again = deployed.run("--yes")
    assert again.code == 0, again.text
    assert azure.inventory() == undisturbed


def test_the_embedded_azure_survives_being_killed_in_between(azure: Emulator, deployed: Tool, tmp_path: Path) -> None:
    before = azure.inventory(volatile=True)
    azure.restart()
    assert azure.inventory(volatile=True) == before
    again = deployed.run("--yes", "--output", "json").document
    assert [step["outcome"] for step in again["steps"]][:4] == ["already done"] * 4

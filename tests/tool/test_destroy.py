"""`destroy`: backwards, only what this tool made, confirmed by name, resumable."""

from __future__ import annotations

import re

import pytest

from tests.support.azure import MARK, is_marked, writes
from tests.support.processes import kill
from tests.support.routing import TO_GRID
from tests.support.tool import GROUP, HOST, INSTANCE, SUBSCRIPTION, Tool
from tests.support.waiting import until, until_held
from tests.support.world import ARM, Emulator


def ours(azure: Emulator) -> list[str]:
    """What exists and is marked as made by this tool."""
    there = azure.inventory()
    groups = [one["name"] for one in there["resourceGroups"] if MARK in one.get("tags", {})]
    instances = [one["name"] for one in there.get("digitalTwinsInstances", ())]
    roles = ["role" for one in there["roleAssignments"] if is_marked(one["properties"])]
    return [*groups, *instances, *roles, *(app["displayName"] for app in there["applications"] if MARK in app["tags"])]


def test_all_that_was_made_goes_and_a_deploy_makes_it_again(world: Emulator, deployed: Tool) -> None:
    inputs = deployed.state["inputs"]
    assert deployed.run("verify").code == 0  # the new role works
    world.control("DELETE", "/requests")

    unattended = deployed.run("destroy")
    assert unattended.code == 2, unattended.text
    assert INSTANCE in unattended.stdout
    assert "--yes" in unattended.stderr
    assert len(ours(world)) == 4
    asked = {entry["path"].partition("?")[0] for entry in world.requests()["log"] if entry["host"] == HOST}
    assert asked == {"/models", "/query", "/eventroutes"}  # how much would go with the instance
    assert not re.search(r"\b0 ", unattended.stdout)  # and of nothing there is nothing to tell

    done = deployed.run("destroy", "--yes", "--output", "json")

    assert done.code == 0, done.text
    removed = [step["step"] for step in done.document["steps"] if step["outcome"] == "removed"]
    assert removed == ["app_registration", "role", "instance", "resource_group"]
    assert ours(world) == []
    assert deployed.state["inputs"] == inputs
    made = {key: step["made"] for key, step in deployed.state["steps"].items() if step["made"]}
    (kept,) = made.values()
    assert list(made) == ["app_registration"]
    assert {item.partition(":")[0] for item in kept} == {"deleted-application", "recycled"}
    assert [deployed.run(command).code for command in ("outputs", "verify")] == [2, 2]  # it was removed

    again = deployed.run("--yes")
    assert again.code == 0, again.text
    assert len(ours(world)) == 4


def test_the_name_is_typed_to_confirm(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--no-app").code == 0
    wrong = tool.terminal("destroy")
    wrong.expect(INSTANCE)
    wrong.expect("type")
    wrong.sendline("adt")
    until(lambda: not wrong.isalive(), "the end of the run")
    assert wrong.exitstatus == 1
    assert len(ours(azure)) == 3

    assert tool.run("--yes", "--app").code == 0
    left_out = tool.run("--yes", "--no-app")
    assert left_out.code == 0, left_out.text
    assert "--app" in left_out.stdout
    assert len(ours(azure)) == 4
    assert tool.run("plan", "--adopt-app").code == 2
    right = tool.terminal("destroy")
    right.expect("type")
    right.sendline(INSTANCE)
    until(lambda: not right.isalive(), "the end of the run")
    assert right.exitstatus == 0
    assert ours(azure) == []
    assert tool.state["inputs"]["no_app"] is True


@pytest.mark.long
def test_killed_in_the_middle_it_goes_on_and_purges(azure: Emulator, deployed: Tool) -> None:
    assert deployed.run("--yes", *TO_GRID, "--route", "name=all,endpoint=grid").code == 0
    azure.faults({"method": "DELETE", "path": "digitalTwinsInstances/[^/]+$", "do": "hold", "phase": "after"})
    process = deployed.start("destroy", "--yes", "--purge")
    until_held(azure, process)
    kill(process)
    assert deployed.state["steps"]["instance"]["doing"] == "delete-instance"
    azure.faults()
    assert deployed.run("destroy", "--non-interactive").code == 2
    azure.control("DELETE", "/requests")

    done = deployed.run("destroy", "--yes", "--purge", "--output", "json")

    assert done.code == 0, done.text
    removed = [step["step"] for step in done.document["steps"] if step["outcome"] == "removed"]
    assert "resource_group" in removed
    assert not [one for one in writes(azure) if "digitalTwinsInstances" in one]  # it is gone already
    assert ours(azure) == []
    assert azure.inventory().get("deletedApplications", []) == []
    assert deployed.state["steps"]["instance"]["made"] == []


def test_what_was_there_before_is_kept(azure: Emulator, tool: Tool) -> None:
    url = f"{ARM}/subscriptions/{SUBSCRIPTION}/resourcegroups/{GROUP}?api-version=2025-04-01"
    assert azure.https("PUT", url, token=azure.token(), json={"location": "westus2"}).status == 201
    assert tool.deploy("--no-app").code == 0

    done = tool.run("destroy", "--yes")

    assert done.code == 0, done.text
    assert ours(azure) == []
    assert GROUP in [group["name"] for group in azure.inventory()["resourceGroups"]]
    assert [one for one in writes(azure) if one.startswith("DELETE") and "DigitalTwins" not in one] == []


@pytest.mark.parametrize("content", [None, '{"format":"another"}', "{"])
def test_without_a_state_file_of_ours_nothing_is_touched(azure: Emulator, tool: Tool, content: str | None) -> None:
    if content is not None:
        tool.state_file.write_text(content)
    done = tool.run("destroy", "--yes", "--subscription", SUBSCRIPTION)
    assert done.code == 2, done.text
    assert azure.requests()["total"] == 0
    assert done.stderr.startswith("✗ "), "told once, and not by the log too"
    assert content is None or tool.state_file.read_text() == content
    assert content is not None or list(tool.folder.iterdir()) == []


def test_another_deployments_names_are_refused(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--no-app").code == 0
    before = ours(azure)
    done = tool.run("destroy", "--yes", "--instance", "another")
    assert done.code == 2, done.text
    assert ours(azure) == before

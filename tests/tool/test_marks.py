"""`destroy` keeps what no longer carries the mark, says so and fails; `deploy` gives what is ours the new tag."""

from __future__ import annotations

from typing import Any

from tests.support.azure import MARK, own_tags
from tests.support.documents import changes, outcomes
from tests.support.tool import Tool
from tests.support.world import Emulator


def edit(azure: Emulator, collection: str, kind: str, **body: Any) -> None:
    """A policy, or somebody else, changes everything of a kind that the tool made."""
    for found in azure.inventory(volatile=True)[collection]:
        if MARK in str(found):
            azure.document(kind, found["id"], {**found, **body})


def test_what_lost_its_mark_is_kept_and_said(azure: Emulator, tool: Tool) -> None:
    identity = ("--user-identity", "own", "--create-identities", "--tag", "env=dev")
    assert tool.deploy(*identity).code == 0
    (made,) = azure.inventory(volatile=True)["userAssignedIdentities"]
    (instance,) = azure.inventory(volatile=True)["digitalTwinsInstances"]
    assert made["tags"] == {**own_tags(instance["id"]), "env": "dev"}
    edit(azure, "resourceGroups", "resourceGroup", tags={"Created-By": "olivia@contoso.com"})
    edit(azure, "userAssignedIdentities", "userAssignedIdentity", tags={MARK: "0123abcd"})
    edit(azure, "applications", "application", tags=["theirs"])
    (role,) = [one for one in azure.inventory(volatile=True)["roleAssignments"] if MARK in str(one)]
    azure.document(
        "roleAssignment", role["id"], {**role, "properties": {**role["properties"], "description": "theirs"}}
    )

    for _ in range(2):  # nothing of it is forgotten
        done = tool.run("destroy", "--yes", "--output", "json")
        assert done.code == 1, done.text
        ended = outcomes(done.document)
        assert {step for step, outcome in ended.items() if outcome == "kept"} >= {"resource_group", "instance"}
        assert ended["app_registration"] == "kept"
    assert azure.inventory()["userAssignedIdentities"]
    assert not azure.inventory().get("digitalTwinsInstances")


def test_a_deployment_of_an_earlier_version_gets_the_new_tag(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--no-app").code == 0
    former = {"created-by": MARK}
    edit(azure, "resourceGroups", "resourceGroup", tags=former)
    edit(azure, "digitalTwinsInstances", "digitalTwinsInstance", tags=former)
    checked = tool.run("verify", "--output", "json")
    assert checked.code == 0, checked.text
    planned = tool.run("plan", "--output", "json")
    assert changes(planned.document) == {"resource_group": ["tag-resource-group"], "instance": ["change-instance"]}
    assert tool.run("--yes").code == 0
    (instance,) = azure.inventory(volatile=True)["digitalTwinsInstances"]
    assert instance["tags"] == {**former, **own_tags(instance["id"])}
    edit(azure, "digitalTwinsInstances", "digitalTwinsInstance", tags=former)
    assert tool.run("destroy", "--yes").code == 0
    assert not azure.inventory().get("digitalTwinsInstances")

"""A role that is inherited or a group's is as good as one of its own: in the plan, in the data plane, in destroy."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import seed
from tests.support.documents import changes, outcomes
from tests.support.tool import START, SUBSCRIPTION, Tool
from tests.support.world import ARM, Emulator

CARLOS = seed.USERS["contributor"].object_id
DATA_OWNER, NAME = "bcd981a7-7f74-457b-83e1-cceb9e632ffe", "d0d0d0d0-0000-4000-8000-000000000001"
SUBSCRIPTION_ID = f"/subscriptions/{SUBSCRIPTION}"
LEAN = ("--no-app", "--output", "json")


@pytest.fixture
def contributor(tmp_path: Path) -> Iterator[Tool]:
    """deploy.py as a contributor, without the right to assign roles."""
    with Emulator(tmp_path / "azure", "--sign-in", "contributor") as azure:
        yield Tool(azure, tmp_path / "work")


def assigned(azure: Emulator, scope: str, principal: str, role: str = DATA_OWNER, **more: str) -> None:
    """Somebody else has assigned a role, long ago."""
    identifier = f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{NAME}"
    properties = {
        "scope": scope,
        "roleDefinitionId": f"{SUBSCRIPTION_ID}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "principalId": principal,
        "principalType": "User" if principal == CARLOS else "Group",
        **dict.fromkeys(("createdOn", "updatedOn"), seed.SEEDED_AT),
        **more,
    }
    body = {"id": identifier, "name": NAME, "type": "Microsoft.Authorization/roleAssignments", "properties": properties}
    azure.document("roleAssignment", identifier, body)


def new_group(azure: Emulator, name: str, member: str) -> str:
    """A group with a member, as somebody else has made it."""
    identifier = str(uuid.uuid4())
    azure.document("group", identifier, {"id": identifier, "displayName": name, "_members": [member]})
    return identifier


def test_a_role_of_a_nested_group_is_enough_and_is_left_alone(contributor: Tool) -> None:
    azure = contributor.azure
    inner = new_group(azure, "inner", CARLOS)
    outer = new_group(azure, "outer", inner)
    assigned(azure, "/providers/Microsoft.Management/managementGroups/contoso", outer)

    done = contributor.deploy(*LEAN)
    assert done.code == 0, done.text
    assert outcomes(done.document)["role"] == "already done"
    assert contributor.state["steps"]["role"]["made"] == []
    (reason,) = [step["reason"] for step in done.document["steps"] if step["step"] == "role"]
    assert "outer" in reason
    checked = contributor.run("verify", "--output", "json")
    assert checked.code == 0, checked.text
    insisting = contributor.run("plan", "--role-scope", "instance", "--output", "json")
    assert [key.partition(":")[0] for key in changes(insisting.document)["role"]] == ["assign-role"]
    assert contributor.run("destroy", "--yes").code == 0
    assert NAME in [one["name"] for one in azure.inventory(volatile=True)["roleAssignments"]]


@pytest.mark.parametrize(
    ("role", "condition", "enough"),
    [
        (DATA_OWNER, "(!(ActionMatches{'Microsoft.DigitalTwins/*'}))", False),
        (DATA_OWNER, "(!(ActionMatches{'Microsoft.Storage/*'}))", True),
        (seed.OWNER, "", False),
        (seed.CUSTOM_TWINS_ROLE, "", False),
    ],
    ids=["excluded by a condition", "another condition", "owner", "not all data actions"],
)
def test_what_is_inherited_counts_where_it_gives_what_is_asked(
    contributor: Tool, role: str, condition: str, enough: bool
) -> None:
    limits = {"condition": condition, "conditionVersion": "2.0"} if condition else {}
    assigned(contributor.azure, SUBSCRIPTION_ID, CARLOS, role, **limits)
    planned = contributor.run("plan", *START, *LEAN)
    assert planned.code == 0, planned.text
    assert bool(changes(planned.document).get("role")) is not enough


def test_a_group_that_is_listed_is_asked_for_as_azure_documents_it(azure: Emulator) -> None:
    inner = new_group(azure, "inner", CARLOS)
    assigned(azure, SUBSCRIPTION_ID, inner)
    url = f"{ARM}{SUBSCRIPTION_ID}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter="
    for term, found in (
        (f"assignedTo('{CARLOS}')", True),
        (f"assignedTo('{inner}')", False),
        (f"principalId eq '{CARLOS}'", False),
    ):
        answer = azure.https("GET", url.replace(" ", "%20") + term.replace(" ", "%20"), token=azure.token())
        assert (NAME in [one["name"] for one in answer.json()["value"]]) is found, term

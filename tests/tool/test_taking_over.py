"""Deployments of an earlier version, whole and interrupted: this one goes on with them, from their state files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.matrix.lab import Lab
from tests.matrix.verdict import Verdict, look_at_outputs
from tests.support.snapshots import INTERRUPTIONS, SECRET, put_in_place
from tests.support.tool import HOST

WHOLE = "everything"
TWINS = "Azure Digital Twins"


TAGGED = ["tag-resource-group", "change-instance"]
"""The changes that add today's tag to what the earlier version tagged with `created-by`."""
TOLD = {
    *("name", "displayName", "uniqueName", "location", "provisioningState", "publicNetworkAccess", "principalId"),
    *("roleDefinitionId", "scope", "subject", "issuer", "endpointName", "filter", "clientId", "consentType", "uri"),
}
"""What tells things apart. Today's embedded Azure answers more, and otherwise, than that which made the fixtures."""


def outline(value: Any) -> Any:
    """Return an inventory with no more than what tells things apart, in an order of their own."""
    if isinstance(value, list):
        return sorted((outline(part) for part in value), key=json.dumps)
    if not isinstance(value, dict):
        return None
    found = {key.lower(): part if key in TOLD else outline(part) for key, part in value.items() if key != "tags"}
    return {key: part for key, part in found.items() if part}


def changes(document: Any) -> list[str]:
    """The keys of the changes in a plan."""
    return [change["change"] for step in document["steps"] for change in step["changes"]]


@pytest.mark.parametrize("name", [WHOLE, *INTERRUPTIONS])
def test_the_next_run_ends_as_an_undisturbed_one(everything: Lab, name: str) -> None:
    tool = put_in_place(everything, name)
    assert SECRET in everything.living_secrets() or name in ("identities", "service-principal")

    ran = everything.run(tool)

    verdict = Verdict("taken over", {"name": name})
    look_at_outputs(verdict, everything, tool, ran)
    assert not verdict.problems, verdict.json()
    assert ran.code == 0, ran.text
    assert outline(everything.azure.inventory()) == outline(everything.undisturbed.inventory)
    # A secret that nobody has learned is removed; one in its file is left.
    assert (SECRET in everything.living_secrets()) == (name == WHOLE)
    planned = tool.run("plan", *everything.scenario.arguments, "--output", "json")
    assert planned.code == 0, planned.text
    assert changes(planned.document) == []


def test_what_is_whole_is_left_as_it_is(everything: Lab) -> None:
    tool = put_in_place(everything, WHOLE)
    before, state = everything.azure.inventory(), tool.state
    planned = tool.run("plan", *everything.scenario.arguments, "--output", "json")
    assert planned.code == 0, planned.text
    known = [step for step in planned.document["steps"] if step["step"] in state["steps"]]
    added = {change["change"] for step in known if step["step"] == "role" for change in step["changes"]}
    assert [change for change in changes({"steps": known}) if change not in added] == TAGGED, planned.text
    assert all(change.startswith("assign-role:") for change in added)
    ran = everything.run(tool, arguments=("--output", "json"))
    assert ran.code == 0, ran.text
    after = everything.azure.inventory()
    assert all(part in outline(after["roleAssignments"]) for part in outline(before["roleAssignments"]))
    del after["digitalTwinsInstances"][0]["properties"]["privateEndpointConnections"]
    for kind in before.keys() - {"models", "roleAssignments"}:
        assert outline(after[kind]) == outline(before[kind])
    made = {key: tool.state["steps"][key]["made"] for key in state["steps"]}
    assert made.pop("role")[:1] == state["steps"]["role"]["made"]
    assert made == {key: step["made"] for key, step in state["steps"].items() if key != "role"}


def test_every_command_knows_it(everything: Lab) -> None:
    """By the state file alone: what was asked for is in it."""
    tool = put_in_place(everything, WHOLE)
    state, file = tool.state, tool.state_file.read_bytes()
    status = tool.run("status", "--output", "json")
    assert status.code == 0, status.text
    assert status.document["deployment"]["steps"].keys() == state["steps"].keys()
    outputs = tool.run("outputs", "--format", "json").document
    assert outputs["host_name"] == HOST
    assert outputs["client_id"] == state["steps"]["app_registration"]["produced"]["client_id"]
    verified = tool.run("verify", "--output", "json")
    assert verified.code == 0, verified.text
    assert {check["result"] for check in verified.document["checks"]} <= {"ok", "note"}
    assert tool.state_file.read_bytes() == file

    destroyed = tool.run("destroy", "--yes", "--output", "json")

    assert destroyed.code == 0, destroyed.text
    left = everything.azure.inventory()
    everything.fresh()
    new = everything.azure.inventory()
    (twins,) = [one for one in left["servicePrincipals"] if one not in new["servicePrincipals"]]
    assert twins["displayName"] == TWINS  # the tenant's own, which others may need
    left["servicePrincipals"].remove(twins)
    assert len(left.pop("deletedApplications")) == 1  # Entra keeps both for 30 days
    assert len(left.pop("deletedServicePrincipals")) == 1
    assert left == new

"""Missing rights: seen before the first write, worked around, handed off, and noticed when somebody has done it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cloud.role_names import CREATE_APPLICATION, DIRECTORY
from emulator import seed
from tests.support.azure import writes
from tests.support.documents import names, outcomes
from tests.support.graph import Graph
from tests.support.tool import INSTANCE, START, SUBSCRIPTION, Tool
from tests.support.world import ARM, Emulator

GROUP = "team(a)"
"""Azure allows parentheses; a shell takes them for its own."""
INSTANCE_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.DigitalTwins"
    f"/digitalTwinsInstances/{INSTANCE}"
)
ASSIGN = "Microsoft.Authorization/roleAssignments/write"
OWNER_ROLE = "bcd981a7-7f74-457b-83e1-cceb9e632ffe"
IN_GROUP = ("--resource-group", GROUP, "--instance", INSTANCE)
CARLOS = "a0000000-0000-4000-8000-000000000002"


def commands(script: Path) -> list[str]:
    """The lines of a script that change something."""
    begins = ("az ", "if left")
    return [line for line in script.read_text().splitlines() if line.startswith(begins)]


@pytest.fixture
def contributor(tmp_path: Path) -> Tool:
    """deploy.py as a contributor, without the right to assign roles; the world ends with the test process."""
    return Tool(Emulator(tmp_path / "azure", "--sign-in", "contributor").start(), tmp_path / "work")


def test_what_a_contributor_may_not_do_is_handed_off_and_found_done(contributor: Tool) -> None:
    azure, tool = contributor.azure, contributor
    planned = tool.run("plan", "--yes", "--subscription", SUBSCRIPTION, *IN_GROUP, "--output", "json")
    missing = {step["step"]: step["missing_rights"] for step in planned.document["steps"] if step["missing_rights"]}
    assert missing == {"role": [{"action": ASSIGN, "scope": INSTANCE_ID, "eligible": []}]}
    assert list(tool.folder.iterdir()) == []
    assert writes(azure) == []

    policy, administrator = "/policies/authorizationPolicy", Graph(azure)
    shut, open_to_all = ({"defaultUserRolePermissions": {"allowedToCreateApps": may}} for may in (False, True))
    assert administrator("PATCH", policy, shut) == (204, None)
    planned = tool.run("plan", "--yes", "--subscription", SUBSCRIPTION, *IN_GROUP, "--output", "json")
    missing = {step["step"]: step["missing_rights"] for step in planned.document["steps"] if step["missing_rights"]}
    assert missing["app_registration"] == [{"action": CREATE_APPLICATION, "scope": DIRECTORY, "eligible": []}]
    assert administrator("PATCH", policy, open_to_all) == (204, None)

    done = tool.deploy(*IN_GROUP, "--output", "json")

    file, message = tool.folder / "deploy.handoff.sh", tool.folder / "deploy.handoff.md"
    assert done.code == 3, done.text
    assert outcomes(done.document)["app_registration"] == "done"
    assert done.document["hand_off"] == message.name
    assert "deploy.handoff.md" in done.stderr
    assert [part.stat().st_mode & 0o777 for part in (file, message)] == [0o600, 0o600]
    assert subprocess.run(["bash", "-n", str(file)], check=False, timeout=60).returncode == 0
    assigns = (
        f"az role assignment create --assignee-object-id {CARLOS} --assignee-principal-type User "
        f"--role 'Azure Digital Twins Data Owner' --scope '{INSTANCE_ID}'"
    )
    assert commands(file) == [f"az account set --subscription {SUBSCRIPTION}", assigns]
    said = message.read_text()
    assert names([said], "carlos@contoso", ASSIGN, INSTANCE_ID, "Role Based Access Control Administrator")
    assert names([said], "Contoso Production", seed.TENANT, f"/#@{seed.TENANT}/resource/subscriptions/", assigns)
    text = (tool.folder / "deploy.handoff.ps1").read_text("utf-8-sig")
    assert f"'--scope' '{INSTANCE_ID}'" in text
    waiting = tool.run("deploy", "--yes")
    assert waiting.code == 3
    assert names([waiting.stdout], "still open", "assign Azure Digital Twins Data Owner")

    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{OWNER_ROLE}"
    body = {"properties": {"roleDefinitionId": role, "principalId": CARLOS, "principalType": "User"}}
    name = "0f0f0f0f-0000-4000-8000-000000000001"
    url = f"{ARM}{INSTANCE_ID}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01"
    assert azure.https("PUT", url, token=azure.token(), json=body).status == 201

    again = tool.run("--yes")
    assert again.code == 0, again.text
    assert not file.exists()

    held = [
        one for one in azure.inventory(volatile=True)["roleAssignments"] if one["properties"]["principalId"] == CARLOS
    ]
    for one in held:
        if one["properties"]["roleDefinitionId"].endswith(seed.CONTRIBUTOR):
            reader = f"{one['properties']['roleDefinitionId'].removesuffix(seed.CONTRIBUTOR)}{seed.READER}"
            one["properties"]["roleDefinitionId"] = reader
            azure.document("roleAssignment", one["id"].lower(), one)
    removal = tool.run("destroy", "--yes")
    assert removal.code == 3, removal.text
    assert "Microsoft.DigitalTwins/digitalTwinsInstances/delete" in removal.stdout
    assert subprocess.run(["bash", "-n", str(file)], check=False, timeout=60).returncode == 0
    _, instance, group = commands(file)
    assert instance == f"az resource delete --ids '{INSTANCE_ID}' --api-version 2023-01-31"
    condition = (
        f"az resource list --subscription {SUBSCRIPTION} --resource-group '{GROUP}' --query '[].id' --output tsv "
        "| tr -d '\\r'"
    )
    deletion = f"az group delete --subscription {SUBSCRIPTION} --name '{GROUP}' --yes"
    guarded = f'if left=$({condition}) && test -z "$left"; then {deletion}; else '
    assert group.startswith(guarded)
    assert azure.stop() == 0


def test_an_eligible_role_is_named_with_how_to_activate_it(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "eligible") as azure:
        tool = Tool(azure, tmp_path / "work")
        done = tool.run("plan", "--yes", "--subscription", SUBSCRIPTION, "--output", "json")
        assert done.code == 0, done.text
        missing = {step["step"]: step["missing_rights"] for step in done.document["steps"] if step["missing_rights"]}
        assert {*missing} == {"resource_group", "instance", "role"}
        assert all(one["eligible"] == ["Owner"] for lacks in missing.values() for one in lacks)
        assert tool.run("plan", *START).stdout.count("https://portal.azure.com/#view") == 1

        refused = tool.deploy("--access", "who=rita@contoso.onmicrosoft.com,role=reader")
        assert refused.code == 3, refused.text
        assert [line.split()[1] for line in commands(tool.folder / "deploy.handoff.sh")] == [
            "account",
            "group",
            "resource",
            "role",
            "role",
        ]


def test_who_may_do_everything_is_asked_nothing_more_on_a_rerun(azure: Emulator, tool: Tool) -> None:
    first = tool.deploy("--no-app")
    assert first.code == 0, first.text
    azure.control("DELETE", "/requests")
    assert tool.run("--yes").code == 0
    asked = [entry["path"] for entry in azure.requests()["log"]]
    assert not [path for path in asked if "permissions" in path or "roleEligibility" in path]

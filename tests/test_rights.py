"""Missing rights: seen before the first write, worked around, handed off, and noticed when somebody has done it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from emulator import seed
from tests.test_deploy import writes
from tests.tool import INSTANCE, SUBSCRIPTION, Tool
from tests.world import ARM, Emulator

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


@pytest.fixture
def contributor(tmp_path: Path) -> Tool:
    """deploy.py as somebody who may create resources and not assign roles; the world ends with the test process."""
    return Tool(Emulator(tmp_path / "azure", "--sign-in", "contributor").start(), tmp_path / "work")


def test_what_a_contributor_may_not_do_is_handed_off_and_found_done(contributor: Tool) -> None:
    azure, tool = contributor.azure, contributor
    planned = tool.run("plan", "--yes", "--subscription", SUBSCRIPTION, *IN_GROUP, "--output", "json")
    missing = {step["step"]: step["missing_rights"] for step in planned.document["steps"] if step["missing_rights"]}
    assert missing == {"role": [{"action": ASSIGN, "scope": INSTANCE_ID, "eligible": []}]}
    assert list(tool.folder.iterdir()) == []
    assert writes(azure) == []

    done = tool.deploy(*IN_GROUP)

    file = tool.folder / "deploy.handoff.sh"
    assert done.code == 3, done.text
    before_the_first_write = done.stdout.partition("1 Resource group: create")[0]
    assert f"needs somebody else: the permission {ASSIGN} is missing on {INSTANCE_ID}" in before_the_first_write
    assert "4 App registration: done" in done.stdout
    assert "deploy.handoff.sh" in done.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    assert subprocess.run(["bash", "-n", str(file)], check=False).returncode == 0
    commands = [line for line in file.read_text().splitlines() if line and not line.startswith(("#", "set "))]
    assert commands == [
        f"az role assignment create --assignee-object-id {CARLOS} --assignee-principal-type User "
        f"--role 'Azure Digital Twins Data Owner' --scope '{INSTANCE_ID}'"
    ]
    said = [line for line in file.read_text().splitlines() if line.startswith("#")]
    assert any("carlos@contoso.onmicrosoft.com is setting up" in line for line in said)
    assert any(f"needs {ASSIGN} on {INSTANCE_ID}" in line for line in said)

    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{OWNER_ROLE}"
    body = {"properties": {"roleDefinitionId": role, "principalId": CARLOS, "principalType": "User"}}
    name = "0f0f0f0f-0000-4000-8000-000000000001"
    url = f"{ARM}{INSTANCE_ID}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01"
    assert azure.https("PUT", url, token=azure.token(), json=body).status == 201

    again = tool.run("--yes")
    assert again.code == 0, again.text
    assert "Handed off, and done meanwhile: 3 data-plane role" in again.stdout
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
    lacking = "needs somebody else: the permission Microsoft.DigitalTwins/digitalTwinsInstances/delete is missing"
    assert lacking in removal.stdout.partition("4 App registration: delete")[0]
    assert "is removing the Azure Digital Twins instance" in file.read_text()
    assert subprocess.run(["bash", "-n", str(file)], check=False).returncode == 0
    instance, group = [line for line in file.read_text().splitlines() if line.startswith(("az ", "if "))]
    assert instance == f"az resource delete --ids '{INSTANCE_ID}' --api-version 2023-01-31"
    condition = (
        f"az resource list --subscription {SUBSCRIPTION} --resource-group '{GROUP}' --query '[].id' --output tsv"
    )
    deletion = f"az group delete --subscription {SUBSCRIPTION} --name '{GROUP}' --yes"
    assert group.startswith(f'if left=$({condition}) && test -z "$left"; then {deletion}; else ')
    assert azure.stop() == 0


def test_an_eligible_role_is_named_with_how_to_activate_it(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "eligible") as azure:
        tool = Tool(azure, tmp_path / "work")
        done = tool.run("plan", "--yes", "--subscription", SUBSCRIPTION)
        assert done.code == 0, done.text
        assert done.stdout.count("activate your eligible role Owner first, at https://portal.azure.com/#view") == 1
        assert done.stdout.count("needs somebody else") == 3

        refused = tool.deploy()
        assert refused.code == 3, refused.text
        script = (tool.folder / "deploy.handoff.sh").read_text()
        assert [line.split()[1] for line in script.splitlines() if line.startswith("az ")] == [
            "group",
            "resource",
            "role",
        ]


def test_who_may_do_everything_is_asked_nothing_more_on_a_rerun(azure: Emulator, tool: Tool) -> None:
    first = tool.deploy("--no-app")
    assert first.code == 0, first.text
    assert "needs somebody else" not in first.text
    azure.control("DELETE", "/requests")
    assert tool.run("--yes").code == 0
    asked = [entry["path"] for entry in azure.requests()["log"]]
    assert not [path for path in asked if "permissions" in path or "roleEligibility" in path]

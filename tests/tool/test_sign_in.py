"""The signed-in identity decides who gets the role, and what is refused."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from emulator import seed
from tests.support.azure import is_marked
from tests.support.tool import SUBSCRIPTION, Tool
from tests.support.world import Emulator


@pytest.mark.parametrize(
    ("name", "code", "named"),
    [
        ("owner", 0, ""),
        ("msa", 0, ""),
        ("guest", 3, "Authorization_RequestDenied"),
        ("contributor", 3, "Microsoft.Authorization/roleAssignments/write"),
        ("reader", 3, "Microsoft.Resources/subscriptions/resourceGroups/write"),
        ("owner-sp", 0, ""),
        ("contributor-sp", 3, "Microsoft.Authorization/roleAssignments/write"),
    ],
)
def test_each_kind_of_identity(tmp_path: Path, name: str, code: int, named: str) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", name) as azure:
        tool = Tool(azure, tmp_path / "work")
        done = tool.deploy()
        assert done.code == code, done.text
        assert named in done.text
        user = seed.USERS.get(name)
        object_id = user.object_id if user else seed.AUTOMATIONS[name].object_id
        assignments = [
            one["properties"]
            for one in azure.inventory(volatile=True)["roleAssignments"]
            if is_marked(one["properties"])
        ]
        if name in ("owner", "msa", "guest", "owner-sp"):
            (assignment,) = assignments
            assert assignment["principalId"] == object_id
            assert assignment["principalType"] == ("User" if user else "ServicePrincipal")
        else:
            assert assignments == []
        assert "/me" not in {entry["path"] for entry in azure.requests()["log"]}


def test_what_is_refused_blocks_only_what_needs_it(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "contributor") as azure:
        tool = Tool(azure, tmp_path / "work")
        done = tool.deploy()
        steps = tool.state["steps"]
        assert {key: step["state"] for key, step in steps.items()} == {
            "resource_group": "done",
            "instance": "done",
            "role": "failed",
            "app_registration": "done",
            "consent_hints": "needs you",
            **dict.fromkeys(
                ("destination_roles", "endpoints", "routes", "app_role", "models", "private_endpoint"), "skipped"
            ),
        }
        assert "blocked" not in done.stdout
        carlos = seed.USERS["contributor"].object_id
        command = f"az role assignment create --assignee-object-id {carlos} --assignee-principal-type User"
        command += " --role 'Azure Digital Twins Data Owner' --scope /subscriptions/"
        assert f"\n{command}" in (tool.folder / "deploy.handoff.sh").read_text()
        assert command not in done.text
        assert steps["role"]["error"]["code"] == "AuthorizationFailed"


def test_a_guest_is_told_who_can_register_the_application(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "guest") as azure:
        tool = Tool(azure, tmp_path / "work")
        done = tool.deploy()
        assert done.code == 3
        assert "--no-app" in done.stderr
        assert tool.state["steps"]["app_role"]["state"] == "skipped"
        assert tool.state["steps"]["role"]["state"] == "done"
        assert tool.state["steps"]["consent_hints"]["state"] == "blocked"
        assert tool.run("--yes", "--no-app").code == 0


def test_another_tenant_than_the_wanted_one(tool: Tool) -> None:
    done = tool.deploy("--tenant", "00000000-0000-4000-8000-0000000000aa")
    assert done.code == 2
    assert "az login --tenant 00000000-0000-4000-8000-0000000000aa" in done.stderr


def test_no_credential(tool: Tool) -> None:
    tool.extra.update(dict.fromkeys(("MSI_ENDPOINT", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID")))
    tool.extra["AZURE_TOKEN_CREDENTIALS"] = "EnvironmentCredential"
    done = tool.deploy()
    assert done.code == 1
    for way in ("az login", "AZURE_CLIENT_ID", "--local"):
        assert way in done.stderr


def test_an_empty_secret_of_a_pipeline_is_said_so(tool: Tool) -> None:
    tool.extra.update({"AZURE_CLIENT_ID": "", "AZURE_TENANT_ID": "", "AZURE_CLIENT_SECRET": ""})
    tool.extra["AZURE_TOKEN_CREDENTIALS"] = "EnvironmentCredential"
    done = tool.deploy()
    assert done.code == 1
    assert "AZURE_CLIENT_ID" in done.stderr


def test_a_wrong_secret_is_not_repeated_to_the_screen(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "owner-sp") as azure:
        tool = Tool(azure, tmp_path / "work", {"AZURE_CLIENT_SECRET": "not-the-secret-at-all"})
        done = tool.deploy()
        assert done.code == 1
        assert "AADSTS7000215" in done.stderr
        logged = (tool.folder / "deploy.state.log").read_text()
        assert "not-the-secret-at-all" not in done.text + logged


STAND_IN = """#!{python}
import os, sys, time
time.sleep(float(os.environ.get("AZ_SLEEPS", "0")))
if "AZ_TOKEN" in os.environ and any("management" in word for word in sys.argv):
    print(os.environ["AZ_TOKEN"])
    sys.exit()
sys.exit(os.environ.get("AZ_SAYS", "ERROR: nothing"))
"""


@pytest.mark.parametrize(
    ("says", "code", "next_has", "next_lacks"),
    [
        ("ERROR: The account is not in the cache. Please run 'az login'.", "", "az login", "AZURE_CLIENT"),
        ("ERROR: AADSTS53000: Device is not compliant. Trace ID: 1", "AADSTS53000", "administrator", "az login"),
        ("ERROR: AADSTS50079: Enrol. Trace ID: 1\naz login --scope \"https://x//.default\"", "AADSTS50079",
         "az logout; az login --scope https://x//.default", "AZURE_CLIENT"),
    ],
)  # fmt: skip
def test_az_is_told_in_its_own_words(
    tool: Tool, tmp_path: Path, says: str, code: str, next_has: str, next_lacks: str
) -> None:
    with_az(tool, tmp_path, AZ_SAYS=says)
    done = tool.deploy("--output", "json")
    assert done.code == 1
    error = done.document["error"]
    assert error["code"] == code
    assert says.partition(" Trace")[0] in error["why"]
    assert next_has in error["next"]
    assert next_lacks not in error["next"]
    assert says.partition(" Trace")[0].split(": ", 1)[1][:20] in (tool.folder / "deploy.state.log").read_text()


def test_the_assertion_that_az_keeps_ran_out_in_a_long_run(tool: Tool, tmp_path: Path) -> None:
    """As after azure/login: az still has a token of Resource Manager, and gets no further one."""
    token = {"accessToken": tool.azure.token(), "expires_on": int(time.time()) + 3600}
    says = "ERROR: AADSTS700024: Client assertion is not within its valid time range. Trace ID: 1"
    with_az(tool, tmp_path, AZ_TOKEN=json.dumps(token), AZ_SAYS=says, GITHUB_ACTIONS="true")
    done = tool.run("plan", "--subscription", SUBSCRIPTION, "--yes", "--output", "json")
    assert done.code == 1, done.text
    (error,) = [step["error"] for step in done.document["steps"] if "error" in step]
    assert error["code"] == "AADSTS700024"
    assert "id-token:" in error["next"]
    assert "--scope" not in error["next"]


def test_a_slow_az_is_said_to_be_slow(tool: Tool, tmp_path: Path) -> None:
    with_az(tool, tmp_path, AZ_SLEEPS="20", ADT_AZ_TIMEOUT="1")
    done = tool.deploy("--output", "json")
    assert done.code == 1
    assert "--az-timeout" in done.document["error"]["next"]
    assert "az login" not in done.document["error"]["next"]


def with_az(tool: Tool, folder: Path, **extra: str) -> None:
    """Sign in as on a laptop, by an `az` that gives no token."""
    stand_in = folder / "az"
    stand_in.write_text(STAND_IN.format(python=sys.executable))
    stand_in.chmod(0o755)
    away = [name for name, value in tool.azure.ready["env"].items() if name.startswith(("AZURE_", "MSI_")) or not value]
    path = {"PATH": f"{folder}:{os.environ['PATH']}", "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential"}
    tool.extra.update({**dict.fromkeys(away), **path, **extra})

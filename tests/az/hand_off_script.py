"""A whole hand-off: what somebody without rights leaves is run as it is written by an administrator, in one round."""

from __future__ import annotations

from pathlib import Path

from tests.az.client import Az
from tests.support import processes
from tests.support.graph import Graph
from tests.support.processes import Done
from tests.support.routing import HUB
from tests.support.tool import START, Tool

WANTED = (
    *("--grant-consent", "--system-identity", "--app-role", "reader", "--tag", "team=it's ours"),
    *("--owner", "carlos@contoso.onmicrosoft.com", "--access", "who=carlos@contoso.onmicrosoft.com,role=reader"),
    *("--federated-credential", "name=main,github=contoso/twins,branch=main"),
    *("--endpoint", f"name=hub,type=eventhub,destination={HUB},auth=identity", "--route", "name=all,endpoint=hub"),
)
"""A group, an instance, roles, an application with all that belongs to it, consent, an endpoint and its route."""
SIGN_IN = "reader"
"""Who deploys: reads the subscription, and may not register applications once the tenant says so."""
LEFT = {"resource_group", "instance", "role", "app_registration", "consent_hints", "destination_roles", "endpoints",
        "app_role"}  # fmt: skip
"""The steps that are handed off. The route is created by who deploys, with the role that is handed off."""


def _deploy(az: Az, *arguments: str) -> Done:
    tool = Tool(az.azure, _folder(az))
    return processes.ended(processes.start(tool.command(*START, *arguments), tool.folder, tool.environment()))


def _folder(az: Az) -> Path:
    return az.azure.data.with_name("handed-off")


def ask(az: Az) -> None:
    """Deploy by somebody without rights: a hand-off of everything."""
    shut = {"defaultUserRolePermissions": {"allowedToCreateApps": False}}
    assert Graph(az.azure)("PATCH", "/policies/authorizationPolicy", shut)[0] == 204
    done = _deploy(az, *WANTED)
    assert done.code == 3, done.text
    script = (_folder(az) / "deploy.handoff.sh").read_text(encoding="utf-8")
    assert {line.split()[2] for line in script.splitlines() if line.startswith("# --- ")} == LEFT


def sign_in_and_run(az: Az) -> None:
    """The script, by an administrator, signed in by it."""
    done = az.run_script(_folder(az) / "deploy.handoff.sh", sign_in="owner")
    assert done.code == 0, done.text
    assert "Stopped" not in done.text


def run_again(az: Az) -> None:
    """The script once more, by the administrator, signed in already."""
    before = az.azure.inventory(volatile=True)
    done = az.run_script(_folder(az) / "deploy.handoff.sh")
    assert done.code == 0, done.text
    assert az.azure.inventory(volatile=True).keys() == before.keys()
    counts = [{kind: len(found) for kind, found in inventory.items()} for inventory in (before, az.azure.inventory())]
    assert counts[0] == counts[1]


def go_on(az: Az) -> None:
    """Deploy again: nothing is open, and what was handed off is there."""
    done = _deploy(az)
    assert done.code == 0, done.text
    assert "still open" not in done.text
    assert done.stdout.count("Done since it was handed off") >= len(LEFT)
    assert not list(_folder(az).glob("*.handoff.*"))
    again = _deploy(az, "--output", "json")
    assert again.code == 0, again.text
    outcomes = {step["step"]: step["outcome"] for step in again.document["steps"]}
    assert set(outcomes.values()) == {"already done"}, outcomes
    assert outcomes.keys() >= LEFT


CHECKS = (ask, sign_in_and_run, run_again, go_on)

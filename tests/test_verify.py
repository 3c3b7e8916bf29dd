"""`verify`: everything as it was chosen, or what differs; asked of the live cloud, without a write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.test_deploy import writes
from tests.tool import INSTANCE, SUBSCRIPTION, Done, Tool
from tests.world import Emulator


def results(done: Done) -> dict[str, str]:
    """The result of each check, by its title."""
    found: dict[str, str] = {}
    for check in done.document["checks"]:
        worse = found.get(check["check"]) in ("drift", "failed")
        found[check["check"]] = found[check["check"]] if worse else check["result"]
    return found


def test_what_was_deployed_verifies_cheaply_and_without_a_write(world: Emulator, deployed: Tool) -> None:
    assert deployed.run("verify").code == 0  # waits for the new role to work
    before, state = world.inventory(volatile=True), deployed.state_file.read_bytes()
    world.control("DELETE", "/requests")

    done = deployed.run("verify", "--output", "json")

    assert done.code == 0, done.text
    assert set(results(done).values()) == {"ok", "note"}
    assert results(done)["Data plane, signed in"] == "ok"
    assert world.requests()["total"] <= 12
    assert writes(world) == []
    assert world.inventory(volatile=True) == before
    assert deployed.state_file.read_bytes() == state


def test_each_step_undone_by_hand_is_seen(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--reply-url", "http://localhost:8080").code == 0
    other = tool.run("verify", "--assignee", "carlos@contoso.onmicrosoft.com")
    assert "missing: assign Azure Digital Twins Data Owner to carlos" in other.stdout
    assert "left over: take the role Azure Digital Twins Data Owner from olivia" in other.stdout
    (assignment,) = [
        one for one in azure.inventory(volatile=True)["roleAssignments"] if INSTANCE in one["properties"]["scope"]
    ]
    arm = "https://management.azure.com"
    gone = azure.https("DELETE", f"{arm}{assignment['id']}?api-version=2022-04-01", token=azure.token())
    assert gone.status == 200
    client = tool.run("outputs", "--format", "json").document["client_id"]
    url = f"https://graph.microsoft.com/v1.0/applications(appId='{client}')"
    body: dict[str, Any] = {"publicClient": {"redirectUris": []}}
    graph = azure.token("https://graph.microsoft.com")
    assert azure.https("PATCH", url, token=graph, json=body).status == 204
    while azure.https("GET", url, token=graph).json()["publicClient"]["redirectUris"]:
        pass  # replicas

    done = tool.run("verify")

    assert done.code == 1, done.text
    assert "missing: assign Azure Digital Twins Data Owner" in done.stdout
    assert "differs: correct application" in done.stdout
    assert "add reply URL http://localhost:8080" in done.stdout
    assert "2 things differ" in done.stdout
    assert writes(azure)[-2:] == [
        f"DELETE {assignment['id']}?api-version=2022-04-01",
        f"PATCH {url.partition('.com')[2]}",
    ]


def test_without_a_deployment_everything_is_missing(azure: Emulator, tool: Tool) -> None:
    done = tool.run("verify", "--yes", "--subscription", SUBSCRIPTION, "--output", "json")
    assert done.code == 1, done.text
    assert results(done)["2 Digital Twins instance"] == "drift"
    assert results(done)["Data plane"] == "failed"
    assert list(tool.folder.iterdir()) == []
    assert writes(azure) == []


def test_an_instance_that_does_not_answer_fails_the_check(azure: Emulator, deployed: Tool) -> None:
    azure.faults({"path": "^/models", "nth": "every", "do": "status:403"})
    (deployed.folder / "aged.json").write_text(deployed.state_file.read_text().replace("2026-", "2025-"))
    done = deployed.run("verify", "--state", "aged.json")
    assert done.code == 1, done.text
    assert "Data plane, signed in" in done.stdout


@pytest.mark.parametrize("state", ["{", "{}"])
def test_a_state_file_that_cannot_be_used_is_refused(tool: Tool, state: str) -> None:
    tool.state_file.write_text(state)
    done = tool.run("verify")
    assert done.code == 2, done.text
    assert tool.state_file.read_text() == state


def test_a_secret_file_signs_in_as_the_application(tool: Tool) -> None:
    assert tool.deploy("--secret", "ci").code == 0
    done = tool.run("verify", "--output", "json")
    assert results(done)["Data plane, as the app"] == "ok", done.text

    secret = tool.folder / "ci.secret"
    secret.write_text("wrong\n")
    done = tool.run("verify", "--output", "json")
    assert results(done)["Data plane, as the app"] == "failed", done.text
    assert done.code == 1


def test_bad_input_found_by_a_step_is_told(deployed: Tool) -> None:
    (deployed.folder / "ci.secret").write_text("somebody's")
    done = deployed.run("verify", "--secret", "ci", "--output", "json")
    assert done.code == 2, done.text
    assert "not known to be ours" in done.document["error"]["what"]


def test_another_ones_new_role_is_not_waited_for(tool: Tool) -> None:
    assert tool.deploy("--assignee", "rita@contoso.onmicrosoft.com").code == 0
    done = tool.run("verify")
    assert done.code in (1, 3), done.text
    assert "waiting" not in done.text
    assert "Everything is as it was chosen" not in done.text

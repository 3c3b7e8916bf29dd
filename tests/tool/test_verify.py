"""`verify`: everything as it was chosen, or what differs; asked of the live cloud, without a write."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from tests.support.ages import moved
from tests.support.azure import writes
from tests.support.documents import errors, names
from tests.support.processes import Done
from tests.support.tool import INSTANCE, SUBSCRIPTION, Tool
from tests.support.waiting import until
from tests.support.world import Emulator


def results(done: Done) -> dict[str, list[str]]:
    """The results of the checks of each step, by its number; under "data" those of the data plane."""
    found: dict[str, list[str]] = {}
    for check in done.document["checks"]:
        number = check["check"].partition(" ")[0]
        found.setdefault(number if number.isdigit() else "data", []).append(check["result"])
    return found


def test_what_was_deployed_verifies_cheaply_and_without_a_write(world: Emulator, deployed: Tool) -> None:
    assert deployed.run("verify").code == 0  # waits for the new role to work, as the run has just ended
    before, state = world.inventory(volatile=True), deployed.state_file.read_bytes()
    world.control("DELETE", "/requests")

    done = deployed.run("verify", "--output", "json")

    assert done.code == 0, done.text
    assert {result for found in results(done).values() for result in found} == {"ok", "note"}
    assert results(done)["data"] == ["ok"]
    assert world.requests()["total"] <= 12
    assert writes(world) == []
    assert world.inventory(volatile=True) == before
    assert deployed.state_file.read_bytes() == state


def test_each_step_undone_by_hand_is_seen(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--reply-url", "http://localhost:8080").code == 0
    other = tool.run("verify", "--assignee", "carlos@contoso.onmicrosoft.com", "--output", "json")
    assert other.code == 1, other.text  # the role is new, and the instance does not answer yet
    assert results(other)["3"] == ["drift", "drift"]
    assert [
        names([check["detail"]], who)
        for check in other.document["checks"]
        if check["result"] == "drift"
        for who in ("carlos", "olivia")
    ] == [True, False, False, True]
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
    until(
        lambda: not azure.https("GET", url, token=graph).json()["publicClient"]["redirectUris"],
        "the application without reply URLs in every replica",
    )

    done = tool.run("verify", "--output", "json")

    assert done.code == 1, done.text  # nobody has a role by which it would answer
    drift = {number: found for number, found in results(done).items() if "drift" in found}
    assert drift == {"3": ["drift"], "4": ["drift"]}
    assert names([check["detail"] for check in done.document["checks"]], "http://localhost:8080")
    assert writes(azure)[-2:] == [
        f"DELETE {assignment['id']}?api-version=2022-04-01",
        f"PATCH {url.partition('.com')[2]}",
    ]
    assert tool.run("plan", "--detailed-exitcode").code == 5
    assert tool.run("plan").code == 0
    planned = tool.run("plan", "--detailed-exitcode", "--output", "json")
    assert planned.code == planned.document["exit_code"] == 5
    kinds = {step["step"]: [change["kind"] for change in step["changes"]] for step in planned.document["steps"]}
    assert {step: kind for step, kind in kinds.items() if kind} == {"role": ["create"], "app_registration": ["change"]}
    azure.faults({"path": "^/v1.0/applications", "nth": "every", "do": "status:403"})
    assert tool.run("plan", "--detailed-exitcode").code == 3  # not all could be looked at
    azure.faults()
    (instance,) = azure.inventory(volatile=True)["digitalTwinsInstances"]
    azure.document("digitalTwinsInstance", instance["id"].lower(), None)
    missing = tool.run("verify", "--output", "json")
    assert missing.code == missing.document["exit_code"] == 5, missing.text
    assert results(missing)["data"] == ["skipped"]


def test_without_a_deployment_there_is_nothing_to_verify(azure: Emulator, tool: Tool) -> None:
    done = tool.run("verify", "--yes", "--subscription", SUBSCRIPTION, "--output", "json")
    assert done.code == 2, done.text
    assert list(tool.folder.iterdir()) == []
    assert writes(azure) == []


def test_an_instance_that_does_not_answer_fails_the_check(azure: Emulator, deployed: Tool) -> None:
    azure.faults({"path": "^/models", "nth": "every", "do": "status:403"})
    (deployed.folder / "aged.json").write_text(moved(deployed.state_file.read_text(), timedelta(hours=-1)))
    done = deployed.run("verify", "--state", "aged.json", "--output", "json")
    assert done.code == 1, done.text
    assert results(done)["data"] == ["failed"]
    assert {result for number, found in results(done).items() if number != "data" for result in found} <= {"ok", "note"}


@pytest.mark.parametrize("state", ["{", "{}"])
def test_a_state_file_that_cannot_be_used_is_refused(tool: Tool, state: str) -> None:
    tool.state_file.write_text(state)
    done = tool.run("verify")
    assert done.code == 2, done.text
    assert tool.state_file.read_text() == state


def test_a_secret_file_signs_in_as_the_application(tool: Tool) -> None:
    assert tool.deploy("--secret", "ci").code == 0
    done = tool.run("verify", "--output", "json")
    assert results(done)["data"][-1] == "ok", done.text

    secret = tool.folder / "ci.secret"
    secret.write_text("wrong\n")
    done = tool.run("verify", "--output", "json")
    assert results(done)["data"][-1] == "failed", done.text
    assert done.code == 1


def test_bad_input_found_by_a_step_is_that_steps_own(deployed: Tool) -> None:
    (deployed.folder / "ci.secret").write_text("somebody's")
    done = deployed.run("verify", "--secret", "ci", "--output", "json")
    assert done.code == 2, done.text  # though, as an application, that secret signs nobody in: a repeat is of no use
    assert results(done)["data"][-1] == "failed", done.text
    assert names([error["what"] for error in errors(done.document)], "ci.secret")
    planned = deployed.run("plan", "--yes", "--secret", "ci", "--output", "json")
    assert (planned.code, len(errors(planned.document))) == (2, 1), planned.text
    shown = deployed.run("plan", "--yes", "--secret", "ci")
    assert ("  Next: " in shown.stderr, "  Next: " in shown.stdout) == (True, False), shown.text


def test_another_ones_new_role_is_not_waited_for(tool: Tool) -> None:
    assert tool.deploy("--assignee", "rita@contoso.onmicrosoft.com").code == 0
    begun = monotonic()
    done = tool.run("verify", "--output", "json")
    assert monotonic() - begun < 60
    assert done.code == 1, done.text
    assert results(done)["data"] == ["failed"]
    (error,) = [check["error"] for check in done.document["checks"] if check.get("error")]
    assert names([error["next"]], "--access")


def test_a_closed_instance_is_no_failure_where_that_was_chosen(azure: Emulator, deployed: Tool) -> None:
    assert deployed.run("--yes", "--public-network-access", "disabled").code == 0
    begun = monotonic()
    done = deployed.run("verify", "--output", "json")
    assert monotonic() - begun < 60  # the role is new, and not waited for
    assert done.code == 0, done.text
    assert results(done)["data"] == ["note"]
    opened = deployed.run("verify", "--public-network-access", "enabled", "--output", "json")
    assert opened.code == 1, opened.text
    assert results(opened)["data"] == ["failed"]
    errors = [check["error"]["code"] for check in opened.document["checks"] if check.get("error")]
    assert errors == ["PublicNetworkAccessDisabled"]


def test_a_name_that_only_a_private_zone_knows(deployed: Tool) -> None:
    nearby = "127.0.0.1,localhost,.digitaltwins.azure.net"  # its name isn't known here
    deployed.extra.update(NO_PROXY=nearby, no_proxy=nearby)
    done = deployed.run("verify", "--output", "json")
    assert done.code == 1, done.text
    assert results(done)["data"] == ["failed"]
    (error,) = [check["error"] for check in done.document["checks"] if check.get("error")]
    assert names([error["what"]], INSTANCE, "DNS")
    assert "SSLContext" not in error["why"]
    assert names([error["next"]], "privatelink")

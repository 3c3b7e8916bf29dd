"""The app registration with all that can hang on it: set, left alone, changed, killed, removed; its own or adopted."""

from __future__ import annotations

import json
from pathlib import Path
from time import monotonic
from typing import Any

import pexpect
import pytest

from tests.support.azure import MARK, application, graph, is_marked, writes
from tests.support.documents import changes, names, notes, planned
from tests.support.processes import kill
from tests.support.tool import INSTANCE, START, SUBSCRIPTION, Tool
from tests.support.waiting import until_held
from tests.support.world import GRAPH, Emulator

CARLOS, OLIVIA = "a0000000-0000-4000-8000-000000000002", "a0000000-0000-4000-8000-000000000001"
CONSENT = "microsoft.directory/oAuth2PermissionGrants/allProperties/allTasks"
HAND_MADE, HAND_MADE_NAME = "e1000000-0000-4000-8000-000000000001", "Azure Digital Twins"
TWINS = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
NOTES = "of the twins team"
EVERYTHING = (
    "--web-reply-url", "https://a.example/cb", "--spa-reply-url", "https://b.example/", "--public-client",
    "--implicit-id-tokens", "--audience", "multiple", "--owner", "carlos@contoso.onmicrosoft.com",
    "--notes", NOTES, "--app-tag", "twins", "--app-role", "reader", "--grant-consent",
    "--federated-credential", "name=main,github=contoso/twins,branch=main",
)  # fmt: skip
NOTHING = (
    "--web-reply-url", "none", "--spa-reply-url", "none", "--no-public-client", "--no-implicit-id-tokens",
    "--audience", "single", "--owner", "none", "--notes", "none", "--app-tag", "none", "--app-role", "none",
    "--no-grant-consent", "--federated-credential", "none",
)  # fmt: skip


def hand_made(azure: Emulator) -> dict[str, Any]:
    (app,) = [app for app in azure.inventory(volatile=True)["applications"] if app["appId"] == HAND_MADE]
    return app


def app_assignments(azure: Emulator) -> list[dict[str, Any]]:
    ours = [one["properties"] for one in azure.inventory(volatile=True)["roleAssignments"]]
    return [one for one in ours if is_marked(one) and one["principalType"] == "ServicePrincipal"]


def test_everything_is_set_left_alone_changed_and_removed(world: Emulator, tool: Tool) -> None:
    done = tool.deploy(*EVERYTHING)
    assert done.code == 0, done.text
    app = application(world)
    assert app["publicClient"]["redirectUris"] == ["http://localhost"]
    assert app["web"]["redirectUris"] == ["https://a.example/cb"]
    assert app["web"]["implicitGrantSettings"] == {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": True}
    assert app["spa"]["redirectUris"] == ["https://b.example/"]
    assert (app["isFallbackPublicClient"], app["signInAudience"]) == (True, "AzureADMultipleOrgs")
    assert (app["notes"], sorted(app["tags"])) == (NOTES, [MARK, "twins"])
    assert sorted(app["owners"]) == [OLIVIA, CARLOS]
    (federated,) = app["federatedIdentityCredentials"]
    assert federated["subject"] == "repo:contoso/twins:ref:refs/heads/main"
    (assignment,) = app_assignments(world)
    assert assignment["roleDefinitionId"].endswith("d57506d4-4c8d-48b1-8587-93c323f6a5a3")
    assert [grant["scope"] for grant in world.inventory()["oauth2PermissionGrants"]] == ["Read.Write"]

    change = {"web": {"redirectUris": ["https://a.example/cb", "https://c.example/"]}, "tags": [*app["tags"], "theirs"]}
    graph(world, "PATCH", f"/applications/{app['id']}", change)
    graph(world, "GET", f"/applications/{app['id']}")  # from a replica that has not heard of it
    world.control("DELETE", "/requests")
    again = tool.run("--yes", "--output", "json")
    assert again.code == 0, again.text
    assert writes(world) == []
    said = notes(again.document, "app_registration")
    assert names(said, "https://c.example/")
    assert names(said, "theirs")
    assert not names(said, OLIVIA)

    pulls = ("--federated-credential", "name=main,github=contoso@1/twins@22,pull_request=true")
    changed = (*pulls, "--app-role", "owner", "--spa-reply-url", "https://d.example/")
    plan = planned(tool, *changed)
    assert plan["app_registration"] == ["update-application", "write-federated:main"]
    assert [one.partition(":")[0] for one in plan["app_role"]] == ["assign-app-role", "revoke-app-role"]
    done = tool.run("--yes", *changed)
    assert done.code == 0, done.text
    app = application(world)
    assert app["spa"]["redirectUris"] == ["https://d.example/"]
    assert {"AZURE_CLIENT_ID", app["appId"], "AZURE_SUBSCRIPTION_ID"} <= set(done.stdout.split())  # for a workflow
    assert [one["subject"] for one in app["federatedIdentityCredentials"]] == ["repo:contoso@1/twins@22:pull_request"]
    (assignment,) = app_assignments(world)
    assert assignment["roleDefinitionId"].endswith("bcd981a7-7f74-457b-83e1-cceb9e632ffe")

    removed = tool.run("--yes", *NOTHING)
    assert removed.code == 0, removed.text
    app = application(world)
    assert (app["web"]["redirectUris"], app["spa"]["redirectUris"]) == (["https://c.example/"], [])
    assert (app["isFallbackPublicClient"], app["signInAudience"]) == (False, "AzureADMyOrg")
    assert app["web"]["implicitGrantSettings"]["enableIdTokenIssuance"] is False
    assert (app["notes"], sorted(app["tags"]), app["owners"]) == ("", [MARK, "theirs"], [OLIVIA])
    assert not app["federatedIdentityCredentials"]
    assert app_assignments(world) == []
    assert "oauth2PermissionGrants" not in world.inventory()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "applications"),
        ("POST", r"owners/\$ref"),
        ("PATCH", "federatedIdentityCredentials"),
        ("POST", "oauth2PermissionGrants"),
    ],
)
def test_killed_with_the_answer_under_way(azure: Emulator, tool: Tool, method: str, path: str) -> None:
    """What was done before the kill is recorded as ours all the same: it can be taken away again."""
    azure.faults({"method": method, "path": path, "phase": "after", "do": "hold"})
    process = tool.start("--yes", "--subscription", SUBSCRIPTION, *EVERYTHING)
    until_held(azure, process)
    kill(process)
    azure.faults()
    again = tool.run("--yes")
    assert again.code == 0, again.text
    removed = tool.run("--yes", *NOTHING)
    assert removed.code == 0, removed.text
    app = application(azure)
    assert (app["owners"], app["federatedIdentityCredentials"], app["tags"]) == ([OLIVIA], [], [MARK])
    assert app["web"]["redirectUris"] == []
    assert "oauth2PermissionGrants" not in azure.inventory()


def test_an_adopted_registration_keeps_what_it_has_and_is_released(azure: Emulator, tool: Tool) -> None:
    user_read = {"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}
    mail = {"resourceAppId": "00000003-0000-0000-c000-000000000000", "resourceAccess": [user_read]}
    foreign = {
        "requiredResourceAccess": [mail],
        "web": {"redirectUris": ["https://theirs.example/"]},
        "notes": "theirs",
        "isFallbackPublicClient": False,
    }
    graph(azure, "PATCH", f"/applications/{hand_made(azure)['id']}", foreign)
    graph(azure, "GET", f"/applications/{hand_made(azure)['id']}")
    before = hand_made(azure)
    adopt = ("--app-id", HAND_MADE, "--reply-url", "https://mine.example/", "--secret", "ci", "--owner", CARLOS)
    switches = ("--public-client", "--implicit-id-tokens", "--audience", "personal", "--notes", "ours")

    done = tool.deploy(*adopt, *switches)

    assert done.code == 0, done.text
    app = hand_made(azure)
    assert app["displayName"] == HAND_MADE_NAME
    assert app["publicClient"]["redirectUris"] == ["http://localhost", "https://mine.example/"]
    assert app["web"]["redirectUris"] == ["https://theirs.example/"]
    assert {api["resourceAppId"] for api in app["requiredResourceAccess"]} == {mail["resourceAppId"], TWINS}
    assert [tag.rpartition(":")[0] for tag in app["tags"]] == [f"{MARK}:adopted"]
    assert not [one for one in azure.inventory()["applications"] if one["displayName"] == f"{INSTANCE}-app"]

    azure.control("DELETE", "/requests")
    assert tool.run("--yes").code == 0
    assert writes(azure) == []
    state = tool.state_file.read_text()
    tool.state_file.unlink()
    lost = tool.deploy()
    assert lost.code == 2, lost.text
    assert f"--app-id {HAND_MADE}" in lost.text
    assert writes(azure) == []
    tool.state_file.write_text(state)

    gone = tool.run("destroy", "--yes", "--output", "json")
    assert gone.code == 0, gone.text
    app = hand_made(azure)
    for name in (
        "publicClient",
        "web",
        "requiredResourceAccess",
        "tags",
        "notes",
        "passwordCredentials",
        "signInAudience",
    ):
        assert app[name] == before[name], name
    assert app["isFallbackPublicClient"] is False
    assert app["web"]["implicitGrantSettings"] == before["web"]["implicitGrantSettings"]
    assert app["owners"] == [CARLOS]  # the last one is never taken away
    assert names(notes(gone.document, "app_registration"), "carlos@contoso.onmicrosoft.com")
    assert not [one for one in azure.inventory(volatile=True)["servicePrincipals"] if one["appId"] == HAND_MADE]


def test_the_one_of_the_same_name_is_adopted_when_that_is_said(azure: Emulator, tool: Tool) -> None:
    plan = tool.run("plan", *START, "--app-name", HAND_MADE_NAME, "--output", "json")
    assert plan.code == 0, plan.text
    assert changes(plan.document)["app_registration"] == ["create-application", "create-service-principal"]
    assert names(notes(plan.document, "app_registration"), HAND_MADE, "--adopt-app")
    azure.faults({"method": "PATCH", "path": "applications/", "phase": "after", "do": "hold"})
    process = tool.start("--yes", "--subscription", SUBSCRIPTION, "--app-name", HAND_MADE_NAME, "--adopt-app")
    until_held(azure, process)
    kill(process)
    azure.faults()
    again = tool.run("--yes")
    assert again.code == 0, again.text
    assert len(azure.inventory()["applications"]) == len(
        {app["appId"] for app in azure.inventory(volatile=True)["applications"]}
    )
    assert MARK in hand_made(azure)["tags"][0]
    azure.control("DELETE", "/requests")
    assert tool.run("--yes", "--output", "json").document["values"]["client_id"] == HAND_MADE
    assert writes(azure) == []
    assert not any("filter" in entry["path"] for entry in azure.requests()["log"] if "applications" in entry["path"])


def test_another_of_the_same_name_is_made_when_nothing_is_said(azure: Emulator, tool: Tool) -> None:
    done = tool.deploy("--app-name", HAND_MADE_NAME, "--output", "json")
    assert done.code == 0, done.text
    assert names(notes(done.document, "app_registration"), HAND_MADE)
    assert hand_made(azure)["tags"] == []
    assert application(azure)["displayName"] == HAND_MADE_NAME
    gone = tool.run("destroy", "--yes", "--purge")
    assert gone.code == 0, gone.text
    there = azure.inventory()
    assert not [app for app in there["applications"] if MARK in app["tags"]]
    assert "deletedApplications" not in there


def refused(azure: Emulator, tool: Tool, *arguments: str, named: str) -> None:
    """It is refused as bad input that names this, and nothing is written."""
    azure.control("DELETE", "/requests")
    done = tool.deploy(*arguments, "--output", "json")
    assert done.code == 2, done.text
    errors = [done.document["error"]] if "error" in done.document else []
    errors += [step["error"] for step in done.document.get("steps", ()) if step.get("error")]
    assert names((json.dumps(error) for error in errors), named), errors
    assert "Traceback" not in done.text
    assert writes(azure) == []


def test_bad_input_is_refused_before_anything_is_written(azure: Emulator, tool: Tool) -> None:
    web = "--web-reply-url"
    refused(azure, tool, web, "http://a.example/", named="http://a.example/")
    refused(azure, tool, web, "http://[::1]/", named="http://[::1]/")
    refused(azure, tool, web, "https://*.example/", "--audience", "personal", named="https://*.example/")
    both = "https://a.example/"
    refused(azure, tool, web, both, "--spa-reply-url", both, named=both)
    refused(azure, tool, "--no-app", "--app-id", HAND_MADE, named="--app-id")
    refused(azure, tool, "--adopt-app", "--app-id", HAND_MADE, named="--adopt-app")
    nobody = "00000000-0000-4000-8000-00000000dead"
    refused(azure, tool, "--app-id", nobody, named=nobody)
    refused(azure, tool, "--owner", twin_engineers(azure), named="Twin Engineers")
    change = {"tags": ["managed-by:terraform"]}
    graph(azure, "PATCH", f"/applications/{hand_made(azure)['id']}", change)
    graph(azure, "GET", f"/applications/{hand_made(azure)['id']}")
    refused(azure, tool, "--app-id", HAND_MADE, named="managed-by:terraform")


def twin_engineers(azure: Emulator) -> str:
    (group,) = azure.inventory(volatile=True)["groups"]
    return str(group["id"])


def test_personal_accounts_need_tokens_of_version_2(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--audience", "personal").code == 0
    app = application(azure)
    assert (app["signInAudience"], app["api"]["requestedAccessTokenVersion"]) == (
        "AzureADandPersonalMicrosoftAccount",
        2,
    )


def test_consent_that_may_not_be_given_is_handed_off(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "contributor") as azure:
        tool = Tool(azure, tmp_path / "work")
        begun = monotonic()
        federated = "name=main,github=contoso/twins,branch=main"

        wanted = ("--grant-consent", "--app-role", "reader", "--federated-credential", federated)
        plan = tool.run("plan", *START, *wanted, "--output", "json").document
        done = tool.deploy(*wanted)

        assert monotonic() - begun < 25, "a refusal is not waited out"
        assert done.code == 3, done.text
        missing = {step["step"]: [one["action"] for one in step["missing_rights"]] for step in plan["steps"]}
        assign = "Microsoft.Authorization/roleAssignments/write"
        assert missing["role"] == missing["app_role"] == [assign]
        assert missing["consent_hints"] == [CONSENT]
        assert "create-digital-twins-principal" in changes(plan)["consent_hints"]
        script = (tool.folder / "deploy.handoff.sh").read_text()
        assert script.count(f"az ad app permission grant --id {application(azure)['appId']} --api {TWINS}") == 1
        assert tool.state["steps"]["app_registration"]["state"] == "done"
        assert azure.https("GET", f"{GRAPH}/v1.0/applications", token=azure.token(GRAPH)).status == 200


def test_a_person_is_asked_whether_to_adopt(azure: Emulator, tool: Tool) -> None:
    name = ("--resource-group", "rg-asked", "--location", "westus2", "--instance", "asked")
    process = tool.terminal("--subscription", SUBSCRIPTION, *name, "--app-name", HAND_MADE_NAME)
    process.expect("Adopt it")
    process.sendline("y")
    process.expect("Proceed")
    process.sendline("y")
    process.expect("Deployment completed successfully")
    process.expect(pexpect.EOF)
    process.close()
    assert process.exitstatus == 0
    assert hand_made(azure)["tags"][0].startswith(f"{MARK}:adopted:")
    assert tool.state["inputs"]["adopt_app"] is True

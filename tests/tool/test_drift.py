"""What others do to the cloud between runs: what is ours is repaired, what isn't is kept, and the run says which."""

from __future__ import annotations

from tests.support.arm import Arm
from tests.support.azure import MARK, application, graph, is_marked
from tests.support.documents import names, notes, outcomes
from tests.support.processes import ended, kill
from tests.support.routing import INSTANCE_ID
from tests.support.tool import GROUP, INSTANCE, SUBSCRIPTION, Tool
from tests.support.waiting import until, until_held
from tests.support.world import GRAPH, Emulator

CARLOS, OLIVIA = "a0000000-0000-4000-8000-000000000002", "a0000000-0000-4000-8000-000000000001"
DATA_OWNER, DATA_READER = "bcd981a7-7f74-457b-83e1-cceb9e632ffe", "d57506d4-4c8d-48b1-8587-93c323f6a5a3"
USER_READ = {"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}
GROUP_URL = f"https://management.azure.com/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"


def assigned(azure: Emulator) -> set[tuple[str, str]]:
    """Who has which role on the instance."""
    held = [one["properties"] for one in azure.inventory(volatile=True)["roleAssignments"]]
    return {
        (one["principalId"], one["roleDefinitionId"].rpartition("/")[2])
        for one in held
        if one["scope"].endswith(INSTANCE)
    }


def test_a_renamed_application_and_a_removed_reply_url_are_put_right(azure: Emulator, deployed: Tool) -> None:
    before = azure.inventory()
    change = {"displayName": "Somebody's idea", "publicClient": {"redirectUris": []}, "tags": [MARK]}
    graph(azure, "PATCH", f"/applications/{application(azure)['id']}", change)
    graph(azure, "GET", f"/applications/{application(azure)['id']}")  # from a replica that has not heard of it
    again = deployed.run("--yes")
    assert again.code == 0, again.text
    assert azure.inventory() == before


def test_another_reply_url_and_another_permission_are_kept(azure: Emulator, deployed: Tool) -> None:
    app = application(azure)
    mail = {"resourceAppId": "00000003-0000-0000-c000-000000000000", "resourceAccess": [USER_READ]}
    change = {
        "publicClient": {"redirectUris": ["https://contoso.example/app"]},
        "requiredResourceAccess": [*app["requiredResourceAccess"], mail],
    }
    graph(azure, "PATCH", f"/applications/{app['id']}", change)
    graph(azure, "GET", f"/applications/{app['id']}")  # from a replica that has not heard of it
    again = deployed.run("--yes", "--output", "json").document
    assert outcomes(again)["app_registration"] == "done"
    app = application(azure)
    assert app["publicClient"]["redirectUris"] == ["https://contoso.example/app", "http://localhost"]
    assert len(app["requiredResourceAccess"]) == 2
    again = deployed.run("--yes", "--output", "json").document
    assert outcomes(again)["app_registration"] == "already done"
    said = notes(again, "app_registration")
    assert names(said, "https://contoso.example/app")
    assert names(said, str(mail["resourceAppId"]))


def test_a_deleted_application_is_restored_from_the_recycle_bin(azure: Emulator, deployed: Tool) -> None:
    """With what somebody else added to it."""
    app = application(azure)
    client_id, theirs = app["appId"], "https://colleague.contoso.com/cb"
    mail = {"resourceAppId": "00000003-0000-0000-c000-000000000000", "resourceAccess": [USER_READ]}
    change = {
        "web": {"redirectUris": [theirs]},
        "tags": [*app["tags"], "theirs"],
        "requiredResourceAccess": [*app["requiredResourceAccess"], mail],
    }
    graph(azure, "PATCH", f"/applications/{app['id']}", change)
    secret = {"passwordCredential": {"displayName": f"ci ({MARK})"}}
    graph(azure, "POST", f"/applications/{app['id']}/addPassword", secret)
    before = azure.inventory()
    graph(azure, "DELETE", f"/applications/{app['id']}")
    azure.https("GET", f"{GRAPH}/v1.0/applications(appId='{client_id}')", token=azure.token(GRAPH))
    again = deployed.run("--yes", "--secret", "ci", "--output", "json")
    assert again.code == 0, again.text
    assert f"reply-url:web:{theirs}" not in deployed.state["steps"]["app_registration"]["made"]
    assert names(notes(again.document, "app_registration"), theirs)
    assert application(azure)["appId"] == client_id
    assert azure.inventory() == before


def test_a_deleted_service_principal_is_made_again(azure: Emulator, tool: Tool) -> None:
    """And what it was allowed is taken back, as it names nobody any more."""
    assert tool.deploy("--app-role", "reader").code == 0
    client_id = application(azure)["appId"]
    graph(azure, "DELETE", f"/servicePrincipals(appId='{client_id}')")
    azure.https("GET", f"{GRAPH}/v1.0/servicePrincipals(appId='{client_id}')", token=azure.token(GRAPH))
    again = tool.run("--yes", "--output", "json").document
    assert outcomes(again)["app_registration"] == "done"
    (mine,) = [one for one in azure.inventory(volatile=True)["servicePrincipals"] if one["appId"] == client_id]
    assert assigned(azure) == {(OLIVIA, DATA_OWNER), (mine["id"], DATA_READER)}


def test_another_assignee_takes_the_place_of_the_one_before(azure: Emulator, tool: Tool) -> None:
    """What was assigned by somebody else is left, whoever is named."""
    azure.faults({"method": "PUT", "path": "roleAssignments", "phase": "after", "do": "hold"})
    process = tool.start("--yes", "--subscription", SUBSCRIPTION, "--no-app")
    until_held(azure, process)
    kill(process)
    azure.faults()
    assert assigned(azure) == {(OLIVIA, DATA_OWNER)}
    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{DATA_READER}"
    body = {"properties": {"roleDefinitionId": role, "principalId": CARLOS, "principalType": "User"}}
    theirs = f"{INSTANCE_ID}/providers/Microsoft.Authorization/roleAssignments/0f0f0f0f-0000-4000-8000-000000000001"
    assert Arm(azure)("PUT", theirs, body).status == 201

    carlos = ("--assignee", "carlos@contoso.onmicrosoft.com")
    done = tool.run("--yes", *carlos)

    assert done.code == 0, done.text
    assert assigned(azure) == {(CARLOS, DATA_OWNER), (CARLOS, DATA_READER)}
    assert tool.run("--yes", "--role", DATA_READER).code == 0
    assert assigned(azure) == {(CARLOS, DATA_READER)}
    assert tool.run("--yes", "--assignee", OLIVIA).code == 0
    assert assigned(azure) == {(CARLOS, DATA_READER), (OLIVIA, DATA_READER)}


def test_consent_given_meanwhile_is_noticed(azure: Emulator, deployed: Tool) -> None:
    outputs = deployed.run("outputs", "--format", "json").document
    twins = graph(
        azure, "GET", "/servicePrincipals?$filter=appId eq '0b07f429-9f4b-4714-9392-cc5e8e80c8b0'".replace(" ", "%20")
    )
    grant = {
        "clientId": outputs["service_principal_id"],
        "consentType": "AllPrincipals",
        "resourceId": twins.json()["value"][0]["id"],
        "scope": "Read.Write",
    }
    graph(azure, "POST", "/oauth2PermissionGrants", grant)
    azure.https("GET", f"{GRAPH}/v1.0/oauth2PermissionGrants", token=azure.token(GRAPH))
    again = deployed.run("--yes", "--output", "json").document
    assert outcomes(again)["consent_hints"] == "already done"


def test_disabled_public_access_is_kept_and_said(azure: Emulator, deployed: Tool) -> None:
    (body,) = azure.inventory(volatile=True)["digitalTwinsInstances"]
    body["properties"]["publicNetworkAccess"] = "Disabled"
    azure.document("digitalTwinsInstance", body["id"], body)
    again = deployed.run("--yes", "--output", "json").document
    assert outcomes(again)["instance"] == "already done"
    assert len(notes(again, "instance")) == 1
    (body,) = azure.inventory(volatile=True)["digitalTwinsInstances"]
    assert body["properties"]["publicNetworkAccess"] == "Disabled"


def test_a_deleted_group_is_made_again_with_all_that_was_in_it(azure: Emulator, deployed: Tool) -> None:
    before = azure.inventory()
    answer = azure.https("DELETE", f"{GROUP_URL}?api-version=2025-04-01", token=azure.token())
    assert answer.status == 202
    url = f"{GROUP_URL}?api-version=2025-04-01"
    until(lambda: azure.https("GET", url, token=azure.token()).status != 200, "the end of the group")
    again = deployed.run("--yes")
    assert again.code == 0, again.text
    assert azure.inventory() == before


def test_two_machines_at_once_converge(azure: Emulator, tool: Tool) -> None:
    """Two runs with state files of their own, for the same names, each write of the first held up by the second."""
    other = Tool(azure, tool.folder.with_name("other"))
    runs = [machine.start("--yes", "--subscription", SUBSCRIPTION) for machine in (tool, other)]
    for run in runs:
        done = ended(run)
        assert done.code == 0, done.text
    there = azure.inventory(volatile=True)
    assert [one["name"] for one in there["digitalTwinsInstances"]] == [INSTANCE]
    assert len([app for app in there["applications"] if MARK in app.get("tags", [])]) == 1
    assert len([one for one in there["servicePrincipals"] if one["displayName"] == f"{INSTANCE}-app"]) == 1
    assert len([one for one in there["roleAssignments"] if is_marked(one["properties"])]) == 1
    ends = [machine.run("outputs", "--format", "json").document for machine in (tool, other)]
    assert ends[0] == ends[1]

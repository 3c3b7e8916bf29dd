"""Tags as a thing of their own, eligible roles, custom roles and permissions at every scope of the embedded Azure."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from emulator import seed
from tests.support.arm import ASSIGNMENTS, DEFINITIONS, GROUP, INSTANCE, REGISTERED, UNREGISTERED, Arm
from tests.support.world import ROOT, Emulator

FIRST = "11111111-1111-4111-8111-111111111111"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
SHARED = f"{REGISTERED}/resourceGroups/{seed.OTHER_GROUP[0]}"
ELIGIBLE = "providers/Microsoft.Authorization/roleEligibilityScheduleInstances"
ELLIS = seed.USERS["eligible"]


def tags(scope: str) -> str:
    """The path of a scope's tags."""
    return f"{scope}/providers/Microsoft.Resources/tags/default"


@pytest.mark.parametrize("scope", [REGISTERED, GROUP, INSTANCE, IDENTITY])
def test_tags_are_merged_replaced_and_deleted(azure: Emulator, scope: str) -> None:
    arm = Arm(azure)
    arm.instance()
    arm("PUT", IDENTITY, {"location": "westus2"})

    def patch(operation: str, **given: str) -> Any:
        answer = arm("PATCH", tags(scope), {"operation": operation, "properties": {"tags": given}})
        assert answer.status == 200, answer.content
        return answer.json()["properties"]["tags"]

    assert patch("Merge", a="1", b="2") == {"a": "1", "b": "2"}
    assert patch("Merge", A="3") == {"a": "3", "b": "2"}
    assert patch("Delete", a="other", b="2") == {"a": "3"}
    assert arm("GET", scope).json()["tags"] == {"a": "3"}
    assert patch("Replace", c="4") == {"c": "4"}
    put = arm("PUT", tags(scope), {"properties": {"tags": {"d": "5"}}})
    assert (put.status, put.json()["id"].lower()) == (200, tags(scope).lower())
    assert arm("GET", tags(scope)).json()["properties"]["tags"] == {"d": "5"}
    assert arm("DELETE", tags(scope)).status == 200
    assert arm("GET", tags(scope)).json()["properties"]["tags"] == {}


def test_tags_refused(azure: Emulator) -> None:
    arm = Arm(azure)
    assert arm.refused("GET", tags(GROUP)) == (404, "ResourceGroupNotFound")
    arm.group()
    assert arm.refused("GET", tags(INSTANCE)) == (404, "ResourceNotFound")
    body = {"operation": "Merge", "properties": {"tags": {"a": "1"}}}
    assert Arm(azure, "reader").refused("PATCH", tags(GROUP), body) == (403, "AuthorizationFailed")
    assert arm.refused("PATCH", tags(GROUP), {**body, "operation": "Add"}) == (400, "InvalidRequestContent")


def test_an_eligible_role_is_listed_and_grants_nothing(azure: Emulator) -> None:
    Arm(azure).group()
    ellis = Arm(azure, "eligible")
    for scope in (REGISTERED, UNREGISTERED, GROUP):
        found = ellis("GET", f"{scope}/{ELIGIBLE}", filter="asTarget()").json()["value"]
        assert [entry["properties"]["principalId"] for entry in found] == [ELLIS.object_id]
        assert found[0]["properties"]["expandedProperties"]["roleDefinition"]["displayName"] == "Owner"
    by_id = ellis("GET", found[0]["id"]).json()
    assert by_id == found[0]
    assert Arm(azure)("GET", f"{REGISTERED}/{ELIGIBLE}", filter="asTarget()").json()["value"] == []
    everyone = Arm(azure)("GET", f"{REGISTERED}/{ELIGIBLE}", filter="atScope()").json()["value"]
    assert [entry["id"] for entry in everyone] == [by_id["id"]]
    assert ellis.refused("PUT", GROUP, {"location": "westus2"}) == (403, "AuthorizationFailed")
    permissions = ellis("GET", f"{GROUP}/providers/Microsoft.Authorization/permissions").json()["value"]
    assert [entry["actions"] for entry in permissions] == [["*/read"]]


def test_a_custom_role_only_where_it_is_assignable(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.group()

    def custom(scope: str, term: str = "") -> list[str]:
        expected = f"{term}type eq 'CustomRole'"
        return [entry["name"] for entry in arm("GET", f"{scope}/{DEFINITIONS}", filter=expected).json()["value"]]

    twins = [seed.CUSTOM_TWINS_ROLE]
    assert (custom(GROUP), custom(SHARED), custom(REGISTERED)) == (twins, [seed.CUSTOM_ROLE, *twins], twins)
    assert custom(REGISTERED, "atScopeAndBelow() and ") == [seed.CUSTOM_ROLE, *twins]
    found = arm("GET", f"{REGISTERED}/{DEFINITIONS}/{seed.CUSTOM_ROLE}").json()["properties"]
    assert (found["type"], found["assignableScopes"]) == ("CustomRole", [SHARED])
    somebody = seed.USERS["guest"].object_id
    refused = arm.assign(FIRST, seed.CUSTOM_ROLE, somebody, at=GROUP)
    code = "RoleAssignmentScopeNotAssignableToRoleDefinition"
    assert (refused.status, refused.json()["error"]["code"]) == (400, code)
    assert arm.assign(FIRST, seed.CUSTOM_ROLE, somebody, at=SHARED).status == 201


def test_roles_and_permissions_at_every_resource(azure: Emulator) -> None:
    arm, reader = Arm(azure), Arm(azure, "reader")
    arm.instance()
    arm("PUT", IDENTITY, {"location": "westus2"})
    container = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/contoso/blobServices/default/containers/letters"
    assert arm.assign(FIRST, seed.OWNER, seed.USERS["reader"].object_id, at=container).status == 404
    azure.document("resource", container, {"id": container, "name": "letters", "type": "containers"})
    for scope in (INSTANCE, IDENTITY, container):
        permissions = f"{scope}/providers/Microsoft.Authorization/permissions"
        assert [entry["actions"] for entry in reader("GET", permissions).json()["value"]] == [["*/read"]]
        assert arm.assign(FIRST, seed.CONTRIBUTOR, seed.USERS["reader"].object_id, at=scope.upper()).status == 201
        found = reader("GET", permissions).json()["value"]
        assert sorted(entry["actions"] for entry in found) == [["*"], ["*/read"]]
        assert any("Microsoft.Authorization/*/Write" in entry["notActions"] for entry in found)
        assert arm("DELETE", f"{scope}/{ASSIGNMENTS}/{FIRST}").json()["properties"]["scope"].lower() == scope.lower()
        assert [entry["actions"] for entry in reader("GET", permissions).json()["value"]] == [["*/read"]]


def test_resources_are_listed_and_filtered(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.instance(tags={"team": "twins"})
    arm("PUT", IDENTITY, {"location": "westus2"})

    def names(scope: str, filter_: str) -> list[str]:
        return [entry["name"] for entry in arm("GET", f"{scope}/resources", filter=filter_).json()["value"]]

    for filter_, expected in (
        ("resourceGroup eq 'MY-GROUP'", ["my-twins", "one"]),
        ("resourceType eq 'microsoft.digitaltwins/digitaltwinsinstances'", ["my-twins"]),
        ("location eq 'West US 2' and name ne 'one'", ["my-twins"]),
        ("substringof('twins', name) and location eq 'westus2'", ["my-twins"]),
        ("tagName eq 'team' and tagValue eq 'twins'", ["my-twins"]),
        ("startswith(tagName, 'te')", ["my-twins"]),
    ):
        assert names(REGISTERED, filter_) == names(GROUP, filter_) == expected, filter_
    by_tag = arm("GET", f"{GROUP}/resources", filter="tagName eq 'team'").json()["value"]
    assert by_tag[0]["tags"] == {"team": "twins"}
    full = arm("GET", f"{GROUP}/resources", expand="createdTime,provisioningState", top="1").json()["value"]
    assert [entry["provisioningState"] for entry in full] == ["Succeeded"]
    assert full[0]["createdTime"]
    for bad in ("colour eq 'red'", "name like 'a'"):
        answer = arm("GET", f"{REGISTERED}/resources", filter=bad)
        assert answer.json()["error"]["code"] == "InvalidFilterInQueryString"


def test_locks(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.instance()
    locks = "providers/Microsoft.Authorization/locks"
    body = {"properties": {"level": "CanNotDelete", "notes": "ours"}}
    assert Arm(azure, "contributor").refused("PUT", f"{INSTANCE}/{locks}/Keep", body) == (403, "AuthorizationFailed")
    assert arm("PUT", f"{INSTANCE}/{locks}/Keep", body).status == 201
    assert arm("PUT", f"{INSTANCE}/{locks}/keep", body).status == 200
    assert arm.refused("DELETE", GROUP) == (409, "ScopeLocked")
    assert [entry["name"] for entry in arm("GET", f"{GROUP}/{locks}").json()["value"]] == ["Keep"]
    assert arm("GET", f"{GROUP}/{locks}", filter="atScope()").json()["value"] == []
    assert arm("GET", f"{INSTANCE}/{locks}/keep").json()["properties"] == body["properties"]
    assert [arm("DELETE", f"{INSTANCE}/{locks}/keep").status for _ in range(2)] == [200, 204]
    assert arm.refused("GET", f"{INSTANCE}/{locks}/keep") == (404, "ResourceNotFound")


def test_an_unmodified_sdk_program_conforms(azure: Emulator) -> None:
    before = azure.inventory()
    command = [
        sys.executable,
        "-m",
        "tests.support.programs.endpoints_and_identities",
        seed.REGISTERED_SUBSCRIPTION,
        "g",
        "twins",
    ]
    done = subprocess.run(command, cwd=ROOT, env=azure.env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "identities": ["SystemAssigned,UserAssigned", None],
        "same": [True],
        "error": "",
        "endpoints": ["Succeeded"],
        "tags": {"team": "twins"},
        "eligible": [],
    }
    after = azure.inventory()
    del before["servicePrincipals"], after["servicePrincipals"]
    assert before == after


def test_what_programs_look_up(azure: Emulator) -> None:
    command = [sys.executable, "-m", "tests.support.programs.lookups", "looked-up"]
    done = subprocess.run(command, cwd=ROOT, env=azure.env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "graph": {
            "pages": [user.object_id for user in seed.USERS.values()],
            "first": [2, True, None],
            "filtered": ["Rita Reader"],
            "counted": 4,
        },
        "manager": {
            "registration": "Registered",
            "taken": [False, "AlreadyExists"],
            "resources": ["one"],
            "roles": ["Owner"],
            "assigned": 8,
            "twins": [],
            "missing": [404, "ResourceNotFound"],
            "exists": False,
        },
    }

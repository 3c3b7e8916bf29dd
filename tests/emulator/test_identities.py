"""Managed identities in the embedded Azure: system-assigned, user-assigned, none; on PUT and on PATCH."""

from __future__ import annotations

from typing import Any

import pytest

from emulator import seed, seed_apps
from tests.support.arm import ASSIGNMENTS, GROUP, INSTANCE, REGISTERED, Arm
from tests.support.waiting import until
from tests.support.world import Emulator

IDENTITIES = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
PLACE = GROUP.replace("resourceGroups", "resourcegroups")  # as Azure spells it in their ids
FIRST, SECOND = f"{PLACE}/{IDENTITIES}/one", f"{PLACE}/{IDENTITIES}/two"
NAME = "11111111-1111-4111-8111-111111111111"


def created(arm: Arm, identifier: str = FIRST, **body: Any) -> Any:
    """Have a user-assigned identity."""
    arm.group()
    answer = arm("PUT", identifier, {"location": "westus2", **body})
    assert answer.status == 201, answer.content
    return answer.json()


def changed(arm: Arm, identity: Any, method: str = "PATCH") -> Any:
    """Change the identity of `INSTANCE`, wait, return it."""
    body = {"identity": identity} if method == "PATCH" else {"identity": identity, "location": "westus2"}
    answer = arm(method, INSTANCE, body)
    assert answer.status in (200, 202), answer.content
    arm.states(answer.headers["Azure-AsyncOperation"])
    return arm("GET", INSTANCE).json()["identity"]


def principals(arm: Arm) -> set[str]:
    """The object ids of the managed identities in the directory, without those of the apps that every world has."""
    found = arm.azure.inventory(volatile=True)["servicePrincipals"]
    theirs = {app.object_id for app in seed_apps.APPS}
    return {body["id"] for body in found if body["servicePrincipalType"] == "ManagedIdentity"} - theirs


def test_user_assigned_identities(azure: Emulator) -> None:
    arm = Arm(azure)
    first = created(arm, tags={"a": "1"})
    assert (first["id"], first["location"], first["tags"]) == (FIRST, "westus2", {"a": "1"})
    assert principals(arm) == {first["properties"]["principalId"]}
    again = arm("PUT", FIRST.upper(), {"location": "West US 2"})
    assert (again.status, again.json()["properties"], again.json()["id"]) == (200, first["properties"], FIRST)
    assert arm("PATCH", FIRST, {"tags": {"b": "2"}}).json()["tags"] == {"b": "2"}
    created(arm, SECOND)
    for scope in (GROUP, REGISTERED):
        assert [body["name"] for body in arm("GET", f"{scope}/{IDENTITIES}").json()["value"]] == ["one", "two"]
    assert [body["name"] for body in arm("GET", f"{GROUP}/resources").json()["value"]] == ["one", "two"]
    assert arm.assign(NAME, seed.READER, seed.USERS["guest"].object_id, at=SECOND).status == 201
    assert [arm("DELETE", SECOND).status for _ in range(2)] == [200, 204]
    assert arm.refused("GET", SECOND) == (404, "ResourceNotFound")
    assert arm("GET", f"{GROUP}/{ASSIGNMENTS}/{NAME}").status == 404
    assert arm.refused("PUT", FIRST, {"location": "eastus"}) == (409, "InvalidResourceLocation")
    assert arm.refused("PUT", f"{GROUP}/{IDENTITIES}/-x", {"location": "eastus"}) == (400, "InvalidResourceName")
    assert Arm(azure, "reader").refused("DELETE", FIRST) == (403, "AuthorizationFailed")
    deleted = arm("DELETE", GROUP)
    location = deleted.headers["Location"]
    until(lambda: arm.azure.https("GET", location, token=arm.token).status != 202, "the group to be deleted")
    assert principals(arm) == set()


def test_an_instance_has_any_of_them(azure: Emulator) -> None:
    arm = Arm(azure)
    first, second = created(arm)["properties"], created(arm, SECOND)["properties"]
    ids = {
        key: {name: body[name] for name in ("principalId", "clientId")}
        for key, body in ((FIRST, first), (SECOND, second))
    }
    both = {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {FIRST.replace("one", "ONE"): {}}}
    found = arm.instance(identity=both)["identity"]
    system = found["principalId"]
    assert (found["tenantId"], found["userAssignedIdentities"]) == (seed.TENANT, {FIRST: ids[FIRST]})
    # A PATCH adds, null takes away, and the other identity stays as it is.
    found = changed(arm, {**both, "userAssignedIdentities": {SECOND: {}}})
    assert (found["principalId"], found["userAssignedIdentities"]) == (system, ids)
    found = changed(arm, {**both, "userAssignedIdentities": {FIRST.upper(): None}})
    assert found["userAssignedIdentities"] == {SECOND: ids[SECOND]}
    # A PUT says it all.
    found = changed(arm, {"type": "UserAssigned", "userAssignedIdentities": {FIRST: {}}}, "PUT")
    assert found == {
        "type": "UserAssigned",
        "tenantId": seed.TENANT,
        "userAssignedIdentities": {FIRST: ids[FIRST]},
    }
    assert principals(arm) == {first["principalId"], second["principalId"]}
    found = changed(arm, {"type": "SystemAssigned"})
    assert set(found) == {"type", "principalId", "tenantId"}
    assert found["principalId"] != system
    assert changed(arm, {"type": "None"}) is None
    assert changed(arm, {"type": "SystemAssigned"}, "PUT")["tenantId"] == seed.TENANT
    assert changed(arm, {"type": "None"}, "PUT") is None
    assert principals(arm) == {first["principalId"], second["principalId"]}


@pytest.mark.parametrize(
    ("identity", "refusal"),
    [
        ({"type": "UserAssigned", "userAssignedIdentities": {FIRST: None}}, (400, "MissingIdentityIds")),
        ({"type": "UserAssigned", "userAssignedIdentities": {SECOND: {}}}, (400, "FailedIdentityOperation")),
        ({"type": "UserAssigned", "userAssignedIdentities": {"two": {}}}, (400, "FailedIdentityOperation")),
        ({"type": "SystemAssigned", "userAssignedIdentities": {FIRST: {}}}, (400, "FailedIdentityOperation")),
        ({"type": "UserAssigned", "userAssignedIdentities": {FIRST: {"a": 1}}}, (400, "InvalidRequestContent")),
    ],
)
def test_identities_refused(azure: Emulator, identity: Any, refusal: tuple[int, str]) -> None:
    arm = Arm(azure)
    created(arm)
    arm.instance(identity={"type": "UserAssigned", "userAssignedIdentities": {FIRST: {}}})
    before = azure.inventory()
    assert arm.refused("PATCH", INSTANCE, {"identity": identity}) == refusal
    body = {"location": "westus2", "identity": {"type": "UserAssigned"}}
    assert arm.refused("PUT", INSTANCE, body) == (400, "MissingIdentityIds")
    assert azure.inventory() == before


def test_assigning_an_identity_needs_a_right_on_it(azure: Emulator) -> None:
    arm, guest = Arm(azure), Arm(azure, "reader")
    created(arm)
    arm.instance()
    at = {"at": INSTANCE}
    assert arm.assign(NAME, seed.CONTRIBUTOR, seed.USERS["reader"].object_id, **at).status == 201
    body = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {FIRST: {}}}}
    assert guest.refused("PATCH", INSTANCE, body) == (403, "LinkedAuthorizationFailed")
    assert arm("PATCH", INSTANCE, body).status == 202

"""Authorisation in the embedded Azure: roles, assignments, permissions, and how late the data plane learns of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import seed
from tests.support.arm import (
    ASSIGNMENTS,
    DATA_OWNER,
    DATA_READER,
    DEFINITIONS,
    GROUP,
    INSTANCE,
    REGISTERED,
    Arm,
    query_twins,
)
from tests.support.world import DIGITAL_TWINS, Emulator

FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
OWNER, READER = seed.USERS["owner"].object_id, seed.USERS["reader"].object_id
APPLICATION = seed.AUTOMATIONS["owner-sp"].application_object_id


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arm]:
    """A world with `INSTANCE`, for tests that change nothing."""
    with Emulator(tmp_path_factory.mktemp("settled") / "azure") as azure:
        arm = Arm(azure)
        arm.instance()
        yield arm


def test_who_may_do_what(azure: Emulator) -> None:
    Arm(azure, "contributor").instance()
    contributor, reader = Arm(azure, "contributor"), Arm(azure, "reader")
    answer = contributor.assign(FIRST, DATA_OWNER, OWNER)
    user = seed.USERS["contributor"]
    assert (answer.status, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")
    for part in (user.principal_name, user.object_id, "Microsoft.Authorization/roleAssignments/write", INSTANCE):
        assert part in answer.json()["error"]["message"]
    forbidden = (403, "AuthorizationFailed")
    assert reader.refused("PUT", f"{REGISTERED}/resourceGroups/other", {"location": "westus2"}) == forbidden
    assert reader.refused("DELETE", INSTANCE) == forbidden
    # Azure says what is forbidden before it says what is missing.
    assert reader.refused("DELETE", f"{REGISTERED}/resourceGroups/missing") == forbidden
    assert reader("GET", INSTANCE).status == 200
    assert Arm(azure, "owner-sp").assign(FIRST, DATA_OWNER, OWNER).status == 201


def test_a_role_counts_at_its_scope_and_below(azure: Emulator) -> None:
    Arm(azure).instance()
    assert Arm(azure).assign(FIRST, seed.CONTRIBUTOR, READER, at=GROUP).status == 201
    reader = Arm(azure, "reader")
    assert reader("PUT", INSTANCE, {"location": "westus2"}).status == 200
    outside = f"{REGISTERED}/resourceGroups/other"
    assert reader.refused("PUT", outside, {"location": "westus2"}) == (403, "AuthorizationFailed")
    found = reader("GET", f"{GROUP}/providers/Microsoft.Authorization/permissions").json()["value"]
    assert sorted(role["actions"] for role in found) == [["*"], ["*/read"]]
    assert any("Microsoft.Authorization/*/Write" in role["notActions"] for role in found)


def test_assignments_are_named_by_the_caller(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.instance()
    created = arm.assign(FIRST, DATA_OWNER, OWNER, principalType="User", description="mine")
    assert created.status == 201
    properties = created.json()["properties"]
    assert (properties["principalType"], properties["scope"]) == ("User", INSTANCE)
    assert properties["description"] == "mine"
    repeated = arm.assign(FIRST, DATA_OWNER, OWNER, description="still mine")
    assert (repeated.status, repeated.json()["properties"]["description"]) == (201, "still mine")
    other = arm.assign(SECOND, DATA_OWNER, OWNER)
    assert (other.status, other.json()["error"]["code"]) == (409, "RoleAssignmentExists")
    for changed in (
        arm.assign(FIRST, DATA_READER, OWNER),
        arm.assign(FIRST, DATA_OWNER, READER),
        arm.assign(FIRST, DATA_OWNER, OWNER, at=GROUP),
    ):
        assert (changed.status, changed.json()["error"]["code"]) == (400, "RoleAssignmentUpdateNotPermitted")
    path = f"{INSTANCE}/{ASSIGNMENTS}/{FIRST}"
    assert arm("GET", path).json()["id"] == path
    assert arm("DELETE", path).status == 200
    assert arm("DELETE", path).status == 204
    assert arm.refused("GET", path) == (404, "RoleAssignmentNotFound")


@pytest.mark.parametrize(
    ("name", "role", "principal", "more", "refusal"),
    [
        ("my-assignment", DATA_OWNER, OWNER, {}, (400, "InvalidRoleAssignmentId")),
        (FIRST, SECOND, OWNER, {}, (400, "RoleDefinitionDoesNotExist")),
        (FIRST, DATA_OWNER, SECOND, {}, (400, "PrincipalNotFound")),
        (FIRST, DATA_OWNER, "olivia", {}, (400, "InvalidPrincipalId")),
        (FIRST, DATA_OWNER, APPLICATION, {}, (400, "PrincipalTypeNotSupported")),
        (FIRST, DATA_OWNER, OWNER, {"principalType": "Group"}, (400, "UnmatchedPrincipalType")),
        (FIRST, DATA_OWNER, OWNER, {"colour": "red"}, (400, "InvalidRequestContent")),
    ],
)
def test_assignments_refused(
    settled: Arm, name: str, role: str, principal: str, more: Any, refusal: tuple[int, str]
) -> None:
    answer = settled.assign(name, role, principal, at=REGISTERED, **more)
    assert (answer.status, answer.json()["error"]["code"]) == refusal


def test_assignments_need_a_scope_that_exists(azure: Emulator) -> None:
    arm = Arm(azure)
    assert arm.assign(FIRST, DATA_OWNER, OWNER).json()["error"]["code"] == "ResourceGroupNotFound"
    arm.group()
    answer = arm.assign(FIRST, DATA_OWNER, OWNER)
    assert (answer.status, answer.json()["error"]["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize("more", [{}, {"principalType": "ServicePrincipal"}])
def test_a_just_created_principal_is_unknown_for_a_while(azure: Emulator, more: dict[str, str]) -> None:
    arm = Arm(azure)
    principal = arm.instance(identity={"type": "SystemAssigned"})["identity"]["principalId"]
    first = arm.assign(FIRST, seed.READER, principal, at=GROUP, **more)
    if more:
        assert first.status == 201
    else:
        assert (first.status, first.json()["error"]["code"]) == (400, "PrincipalNotFound")
        assert arm.assign(FIRST, seed.READER, principal, at=GROUP).status == 201


def test_lists_include_what_is_inherited(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.instance()
    arm.assign(FIRST, DATA_OWNER, OWNER)
    arm.assign(SECOND, DATA_READER, READER)

    def names(scope: str, **query: str) -> set[str]:
        return {body["name"] for body in arm("GET", f"{scope}/{ASSIGNMENTS}", **query).json()["value"]}

    seeded = names(REGISTERED, filter="atScope()")
    assert len(seeded) == len(seed.USERS) + len(seed.AUTOMATIONS)
    assert names(REGISTERED) == names(INSTANCE) == names(INSTANCE, filter="atScope()") == seeded | {FIRST, SECOND}
    assert len(names(INSTANCE, filter=f"principalId eq '{OWNER}'")) == 2
    assert names(GROUP, filter=f"atScope() and assignedTo('{OWNER}')") < seeded
    assert arm("GET", f"{INSTANCE}/{ASSIGNMENTS}", filter="nonsense").status == 400


def test_role_definitions(settled: Arm) -> None:
    arm, where = settled, f"{REGISTERED}/{DEFINITIONS}"
    found = arm("GET", where, filter="roleName eq 'Azure Digital Twins Data Owner'").json()["value"]
    assert [(role["id"], role["name"]) for role in found] == [(f"{where}/{DATA_OWNER}", DATA_OWNER)]
    assert found[0]["properties"]["permissions"][0]["actions"] == []
    custom = arm("GET", where, filter="type eq 'CustomRole'").json()["value"]
    assert [role["name"] for role in custom] == [seed.CUSTOM_TWINS_ROLE]
    assert len(arm("GET", where).json()["value"]) == 13
    assert len(arm("GET", where, filter="atScopeAndBelow()").json()["value"]) == 14
    assert arm("GET", f"{where}/{DATA_READER}").json()["properties"]["roleName"] == "Azure Digital Twins Data Reader"
    assert arm.refused("GET", f"{where}/{FIRST}") == (404, "RoleDefinitionDoesNotExist")


def test_the_data_plane_learns_late(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.instance()
    refused = query_twins(azure)
    assert (refused.status, refused.content) == (403, b"")
    arm.assign(FIRST, DATA_READER, OWNER)
    assert [query_twins(azure).status for _ in range(3)] == [403, 403, 200]
    answer = query_twins(azure)
    assert answer.json() == {"value": [], "continuationToken": None}
    assert answer.headers["query-charge"]
    assert query_twins(azure, "reader").status == 403
    arm("DELETE", f"{INSTANCE}/{ASSIGNMENTS}/{FIRST}")
    assert query_twins(azure).status == 403


def test_the_data_plane_is_strict(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.instance()
    assert query_twins(azure, host="your-twins.api.wus2.digitaltwins.azure.net").status == 404
    assert query_twins(azure, version="2019-01-01").status == 400
    url = "https://my-twins.api.wus2.digitaltwins.azure.net/models?api-version=2023-10-31"
    assert azure.https("GET", url, token=azure.token()).status == 401
    arm.assign(FIRST, DATA_OWNER, OWNER)
    statuses = [azure.https("GET", url, token=azure.token(DIGITAL_TWINS)).status for _ in range(3)]
    assert statuses == [403, 403, 200]

"""Security groups in Graph: what is done with them, and by whom; and how long a role of theirs counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import seed
from tests.support.arm import DATA_READER, Arm, query_twins
from tests.support.graph import BAD, DENIED, MISSING, Graph
from tests.support.waiting import until
from tests.support.world import GRAPH, Emulator

RITA = seed.USERS["reader"].object_id
FRESH = {"displayName": "Inner", "mailEnabled": False, "mailNickname": "inner", "securityEnabled": True}
ASSIGNMENT = "33333333-3333-4333-8333-333333333333"


class _Directory(Emulator):
    """The contracts at hand have none of what is done with groups here."""

    contracts = None


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One embedded Azure for all of these tests, which don't disturb each other."""
    with _Directory(tmp_path_factory.mktemp("groups") / "azure") as emulator:
        yield emulator


def made(graph: Graph, **more: Any) -> str:
    """Make a group, and wait until Graph shows it."""
    status, group = graph("POST", "/groups", {**FRESH, **more})
    assert status == 201, group
    until(lambda: graph("GET", f"/groups/{group['id']}")[0] == 200, "the group")
    return str(group["id"])


def reference(identifier: str) -> dict[str, str]:
    return {"@odata.id": f"{GRAPH}/v1.0/directoryObjects/{identifier}"}


def members(graph: Graph, group: str, how: str = "members") -> list[str]:
    status, page = graph("GET", f"/groups/{group}/{how}")
    assert status == 200, page
    return sorted(found["id"] for found in page["value"])


def test_members_come_and_go(azure: Emulator) -> None:
    graph = Graph(azure)
    inner, outer = made(graph), made(graph, **{"members@odata.bind": [reference(RITA)["@odata.id"]]})
    assert members(graph, outer) == [RITA]
    assert graph("POST", f"/groups/{outer}/members/$ref", reference(inner)) == (204, None)
    assert graph("POST", f"/groups/{outer}/members/$ref", reference(inner)) == BAD
    carlos = seed.USERS["contributor"].object_id
    assert graph("POST", f"/groups/{inner}/members/$ref", reference(carlos)) == (204, None)
    until(lambda: members(graph, inner) == [carlos], "the new member")
    until(lambda: members(graph, outer) == sorted((RITA, inner)), "the nested group")
    assert members(graph, outer, "transitiveMembers") == sorted((RITA, inner, carlos))
    listed = graph("GET", f"/users/{carlos}/transitiveMemberOf")[1]["value"]
    assert {inner, outer} <= {found["id"] for found in listed}
    assert graph("DELETE", f"/groups/{outer}/members/{inner}/$ref") == (204, None)
    assert graph("DELETE", f"/groups/{outer}/members/{inner}/$ref") == MISSING
    until(lambda: members(graph, outer, "transitiveMembers") == [RITA], "the group without a nested one")
    assert graph("DELETE", f"/groups/{inner}") == (204, None)
    until(lambda: graph("GET", f"/groups/{inner}") == MISSING, "the group to be gone")
    assert graph("GET", f"/directory/deletedItems/{inner}") == MISSING  # a security group can't be restored


@pytest.mark.parametrize("name", sorted(FRESH))
def test_what_a_group_needs(azure: Emulator, name: str) -> None:
    assert Graph(azure)("POST", "/groups", {**FRESH, name: None}) == BAD


def test_who_may_change_a_group(azure: Emulator) -> None:
    member = Graph(azure, "reader")
    for name in ("guest", "contributor-sp"):
        assert Graph(azure, name)("POST", "/groups", FRESH) == DENIED
        assert Graph(azure, name)("GET", "/groups") == DENIED
    twins = f"/groups/{seed.TWINS_GROUP}"
    assert member("POST", f"{twins}/members/$ref", reference(RITA)) == DENIED
    assert member("DELETE", twins) == DENIED
    assert member("GET", twins)[0] == 200
    assert Graph(azure)("POST", f"{twins}/members/$ref", reference(seed.TENANT)) == MISSING
    assert Graph(azure)("POST", f"{twins}/members/$ref", {}) == BAD
    mine = made(member)
    assert member("POST", f"/groups/{mine}/members/$ref", reference(RITA)) == (204, None)


def test_a_role_of_a_group_ends_with_the_membership(azure: Emulator) -> None:
    graph, arm = Graph(azure), Arm(azure)
    arm.instance()
    group = made(graph, **{"members@odata.bind": [reference(RITA)["@odata.id"]]})
    until(
        lambda: arm.assign(ASSIGNMENT, DATA_READER, group, principalType="Group").status == 201, "the group to be seen"
    )
    until(lambda: query_twins(azure, "reader").status == 200, "the role to take effect")
    assert graph("DELETE", f"/groups/{group}/members/{RITA}/$ref") == (204, None)
    assert query_twins(azure, "reader").status == 403

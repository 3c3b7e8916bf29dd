"""What of routing events can not be done, or needs an administrator: one clear message, and nothing half-written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import seed
from emulator.seed_destinations import FOREIGN_SUBSCRIPTION
from tests.support.arm import Arm
from tests.support.documents import names, planned
from tests.support.routing import DEAD, GRID, HUB, INSTANCE_ID, TO_GRID, written
from tests.support.tool import GROUP, SUBSCRIPTION, Tool
from tests.support.world import Emulator


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, Tool]]:
    """An instance without identities, at which nothing is written."""
    folder = tmp_path_factory.mktemp("bare")
    with Emulator(folder / "azure") as azure:
        tool = Tool(azure, folder / "work")
        assert tool.deploy("--no-app").code == 0
        yield azure, tool


CUSTOM_ROLE = "Contoso Event Sender"
KEYED = f"name=hub,type=eventhub,destination={HUB},auth=key"
BAD = {
    "no identity": ((f"name=hub,type=eventhub,destination={HUB}",), ("--system-identity", "auth=key")),
    "nowhere": (
        (KEYED.replace("twin-events", "nothing"),),
        ("contoso-events/nothing", "shared-services", "az resource list"),
    ),
    "no namespace": ((KEYED.replace("contoso-events", "contoso-nothing"),), ("contoso-nothing/twin-events",)),
    "other tenant": (
        (KEYED.replace(SUBSCRIPTION, FOREIGN_SUBSCRIPTION),),
        ("InvalidAuthenticationTokenTenant",),
    ),
    "twice": ((KEYED, KEYED.replace("=hub", "=Hub")), ("Hub",)),
}


@pytest.mark.parametrize("case", BAD)
def test_endpoints_that_cannot_be(bare: tuple[Emulator, Tool], case: str) -> None:
    azure, tool = bare
    asked, named = BAD[case]
    since = len(azure.requests()["log"])
    done = tool.run("--yes", *(part for one in asked for part in ("--endpoint", one)))
    assert done.code == 2, done.text
    assert [name for name in named if name not in done.text] == []
    assert written(azure, since) == []


def test_a_role_that_is_not_assignable_there(bare: tuple[Emulator, Tool]) -> None:
    _azure, tool = bare
    elsewhere = HUB.replace("shared-services", GROUP)
    asked = f"name=hub,type=eventhub,destination={elsewhere},role={seed.CUSTOM_ROLE}"
    done = tool.run("--yes", "--system-identity", "--endpoint", asked)
    assert done.code == 2, done.text
    assert CUSTOM_ROLE in done.text


@pytest.mark.parametrize("role", ["Reader", "Azure Service Bus Data Sender"])
def test_a_role_that_does_not_allow_to_send(bare: tuple[Emulator, Tool], role: str) -> None:
    """Azure would say so after ten minutes of tries, each of which may have come too early for the role."""
    azure, tool = bare
    since = len(azure.requests()["log"])
    done = tool.run("--yes", "--system-identity", "--endpoint", f"name=hub,type=eventhub,destination={HUB},role={role}")
    assert done.code == 2, done.text
    assert names([done.text], role)
    assert written(azure, since) == []


def test_a_route_to_nowhere(bare: tuple[Emulator, Tool]) -> None:
    _azure, tool = bare
    done = tool.run("--yes", "--route", "name=all,endpoint=hub")
    assert done.code == 2, done.text
    assert "hub" in done.text


def test_somebody_else_assigns_the_role_on_the_destination(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "contributor") as azure:
        tool = Tool(azure, tmp_path / "work")
        assert tool.deploy("--no-app").code == 3  # the instance is there, and its role is the owner's business
        owner = Arm(azure)
        role = "00000000-0000-4000-8000-0000000000{}"
        me = seed.USERS["contributor"].object_id
        assert owner.assign(role.format("01"), "bcd981a7-7f74-457b-83e1-cceb9e632ffe", me, at=INSTANCE_ID).status == 201
        owner.states(
            owner("PATCH", INSTANCE_ID, {"identity": {"type": "SystemAssigned"}}).headers["Azure-AsyncOperation"]
        )
        principal = owner("GET", INSTANCE_ID).json()["identity"]["principalId"]
        to_hub = ("--endpoint", f"name=hub,type=eventhub,destination={HUB}", "--route", "name=all,endpoint=hub")

        refused = tool.run("--yes", *to_hub)

        assert refused.code == 3, refused.text
        command = f"az role assignment create --assignee-object-id {principal} --assignee-principal-type"
        assert command in (tool.folder / "deploy.handoff.sh").read_text()
        assert tool.state["steps"]["endpoints"]["state"] == "blocked"
        sender = "2b629674-e913-4c01-ae53-ef4638d8f975"
        assert (
            owner.assign(role.format("02"), sender, principal, at=HUB, principalType="ServicePrincipal").status == 201
        )
        assert planned(tool)["routes"] == ["set-route:all"]
        done = tool.run("--yes")
        assert done.code == 0, done.text


def test_no_role_on_the_data_plane(azure: Emulator, tool: Tool) -> None:
    other = seed.USERS["contributor"].object_id
    done = tool.deploy("--no-app", "--assignee", other, *TO_GRID, "--route", "name=all,endpoint=grid")
    assert done.code == 3, done.text
    assert "az rest --method put --resource" in (tool.folder / "deploy.handoff.sh").read_text()
    assert tool.state["steps"]["endpoints"]["state"] == "done"


def test_routes_of_one_who_gets_no_role_are_warned_of(bare: tuple[Emulator, Tool]) -> None:
    _azure, tool = bare
    other, route = seed.USERS["contributor"].object_id, ("--route", "name=all,endpoint=grid")
    counts = {
        arguments: len(tool.run("plan", "--yes", "--output", "json", *TO_GRID, *arguments).document["warnings"])
        for arguments in ((*route, "--assignee", other), route, ("--assignee", other))
    }
    assert list(counts.values()) == [1, 0, 0]


def test_an_instance_closed_to_the_internet(azure: Emulator, tool: Tool) -> None:
    assert tool.deploy("--no-app", *TO_GRID).code == 0
    arm = Arm(azure)
    body = {"properties": {"publicNetworkAccess": "Disabled"}}
    arm.states(arm("PATCH", INSTANCE_ID, body).headers["Azure-AsyncOperation"])
    done = tool.run("--yes", "--route", "name=all,endpoint=grid")
    assert done.code == 1, done.text
    assert "--public-network-access enabled" in done.text


@pytest.mark.parametrize(
    ("owner", "setting", "closed", "endpoint"),
    [
        (HUB.rpartition("/eventhubs/")[0], "disableLocalAuth", True, KEYED),
        (GRID, "disableLocalAuth", True, f"name=grid,type=eventgrid,destination={GRID}"),
        (
            DEAD.rpartition("/blobServices/")[0],
            "allowSharedKeyAccess",
            False,
            f"name=grid,type=eventgrid,destination={GRID},dead_letter={DEAD}",
        ),
    ],
)
def test_destinations_that_take_no_keys(
    bare: tuple[Emulator, Tool], owner: str, setting: str, closed: bool, endpoint: str
) -> None:
    """Azure would create the endpoint, and lose its events."""
    azure, tool = bare
    arm = Arm(azure)
    present = {name: part for name, part in arm("GET", owner).json().items() if name in ("location", "sku", "kind")}
    assert arm("PUT", owner, {**present, "properties": {setting: closed}}).status < 300
    since = len(azure.requests()["log"])
    done = tool.run("--yes", "--endpoint", endpoint)
    assert done.code == 2, done.text
    assert setting in done.text
    assert written(azure, since) == []
    assert arm("PUT", owner, {**present, "properties": {setting: not closed}}).status < 300

"""A private endpoint: created, adopted, approved by somebody, resumed, changed, taken away; and a closed instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.seed_network import OTHER_SUBNET, SUBNET
from tests.support import network
from tests.support.arm import DATA_OWNER, Arm, query_twins
from tests.support.arm import HOST as MY_HOST
from tests.support.documents import changes, errors, names, outcomes, titles
from tests.support.network import finished, networker, set_connections
from tests.support.processes import kill
from tests.support.routing import written
from tests.support.tool import GROUP, HOST, INSTANCE, START, SUBSCRIPTION, Tool
from tests.support.waiting import until_held
from tests.support.world import Emulator
from tests.tool.test_look import forget
from tests.tool.test_models import model, put

PLACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers"
ENDPOINT = f"{PLACE}/Microsoft.Network/privateEndpoints/{INSTANCE}-private"
ZONE = f"{PLACE}/Microsoft.Network/privateDnsZones/privatelink.digitaltwins.azure.net"
FLAGS = ("--no-app", "--private-endpoint", SUBNET, "--private-dns-zone", "new")


MADE_BY_OTHERS = (*START, "--no-app", "--resource-group", "my-group", "--instance", "my-twins")
CONNECTION = "Microsoft.DigitalTwins/digitalTwinsInstances/PrivateEndpointConnectionsApproval/action"


def where(azure: Emulator, *, inside: bool) -> None:
    azure.control("PUT", "/network", {"inside": inside})


def kinds(azure: Emulator) -> dict[str, int]:
    """How many there are of what Microsoft.Network has, beside the seeded network."""
    found = azure.inventory()
    listed = ("privateEndpoints", "privateDnsZoneGroups", "privateDnsZones", "virtualNetworkLinks")
    return {kind: len(found.get(kind, ())) for kind in listed}


ALL, NOTHING = (
    dict.fromkeys(("privateEndpoints", "privateDnsZoneGroups", "privateDnsZones", "virtualNetworkLinks"), count)
    for count in (1, 0)
)


def step(document: Any) -> Any:
    return next(one for one in document["checks"] if one.get("step") == "private_endpoint")


def data_plane_check(document: Any) -> Any:
    return next(one for one in document["checks"] if not one.get("step"))


def until_the_role_works(azure: Emulator, host: str) -> None:
    for _ in range(3):
        query_twins(azure, host=host)


@pytest.mark.long
def test_made_resumed_closed_changed_and_destroyed(azure: Emulator, tool: Tool) -> None:
    planned = tool.run("plan", *START, *FLAGS, "--output", "json")
    keys = ["private-dns-zone", "private-dns-zone-link", "private-endpoint", "private-dns-zone-group"]
    expected = [*(f"create-{key}" for key in keys), "approve-private-endpoint"]
    assert changes(planned.document)["private_endpoint"] == expected, planned.text
    azure.faults({"method": "PUT", "path": "/privateEndpoints/[^/]+$", "phase": "after", "do": "hold"})
    process = tool.start(*START, *FLAGS)
    until_held(azure, process)
    kill(process)
    azure.faults()
    done = tool.run("--yes", "--output", "json")
    assert done.code == 0, done.text
    assert kinds(azure) == ALL
    assert done.document["values"]["private_endpoint_id"] == ENDPOINT

    moving = ("--private-endpoint", OTHER_SUBNET, "--public-network-access", "disabled")
    moved = tool.run("--yes", *moving, "--output", "json")
    assert moved.code == 0, moved.text
    assert titles(moved.document, "private_endpoint")[0][0] == "delete"
    assert kinds(azure) == ALL
    assert written(azure, 0)[-1].startswith("PATCH")  # closing comes last

    verified = {}
    for inside in (False, True):
        where(azure, inside=inside)
        until_the_role_works(azure, HOST)
        looked = tool.run("verify", "--output", "json")
        assert (looked.code, step(looked.document)["result"]) == (0, "ok"), looked.text
        verified[inside] = data_plane_check(looked.document)["result"]
    assert verified == {False: "note", True: "ok"}

    tool.extra.update(dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost,.digitaltwins.azure.net"))
    unknown = tool.run("verify", "--output", "json")  # a name that isn't known here, and that no proxy knows
    told = data_plane_check(unknown.document)
    assert (unknown.code, told["result"]) == (0, "note"), unknown.text
    assert names([told["detail"]], "DNS", HOST, f"{INSTANCE}-private", "Approved")
    tool.extra.clear()

    tool.state_file.unlink()
    forget(azure)
    again = tool.run(*START, "--no-app", *FLAGS[3:], *moving, "--output", "json")
    assert (again.code, written(azure, 0)) == (0, []), again.text

    gone = tool.run("--yes", "--private-endpoint", "none", "--output", "json")
    assert (gone.code, kinds(azure)) == (0, NOTHING), gone.text

    assert tool.run("destroy", "--yes").code == 0
    where(azure, inside=False)
    put(tool.folder / "space.json", model("Space"))
    closed = tool.run("--yes", *FLAGS, *moving[2:], "--models", str(tool.folder / "space.json"), "--output", "json")
    assert closed.code == 0, closed.text  # created open, as its models are uploaded from outside
    assert [one.split()[0] for one in written(azure, 0) if "/models" in one or "digitalTwinsInstances/" in one][
        -2:
    ] == [
        "POST",
        "PATCH",
    ]
    outside = tool.run("verify", "--output", "json")
    assert {one["result"] for one in outside.document["checks"]} <= {"ok", "note", "skipped"}, outside.text
    assert outside.code == 0
    destroyed = tool.run("destroy", "--yes", "--output", "json")
    assert (destroyed.code, kinds(azure)) == (0, NOTHING), destroyed.text
    assert outcomes(destroyed.document)["private_endpoint"] == "removed"


def test_a_connection_waits_for_somebody_who_may_approve_it(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "reader") as azure:
        tool, owner = Tool(azure, tmp_path / "work"), Arm(azure)
        owner.instance()
        owner.assign(network.RITA.replace("a", "b"), DATA_OWNER, network.RITA)
        networker(azure)
        flags = (*MADE_BY_OTHERS, "--private-endpoint", SUBNET)
        planned = tool.run("plan", *flags, "--output", "json")
        missing = {one["step"]: one["missing_rights"] for one in planned.document["steps"]}
        assert [right["action"] for right in missing["private_endpoint"]] == [CONNECTION], planned.text
        assert kinds(azure) == NOTHING
        refused = tool.run(*flags, "--output", "json")
        assert (refused.code, outcomes(refused.document)["private_endpoint"]) == (3, "failed"), refused.text
        script = tool.folder / "deploy.handoff.sh"
        assert names([script.read_text()], "private-endpoint-connection", "my-twins-private")
        forget(azure)
        assert tool.run("--yes").code == 3
        assert set_connections(owner, "Approved").status == 202
        assert (tool.run("--yes").code, script.exists(), kinds(azure)["privateEndpoints"]) == (0, False, 1)
        assert [one for one in written(azure, 0) if "/privateEndpoints/" in one] == []
        assert set_connections(owner, "Rejected").status == 202
        final = tool.run("verify", "--output", "json")
        assert [one["code"] for one in errors(final.document)] == ["PrivateEndpointRejected"], final.text


def test_a_closed_instance_of_others_is_filled_from_inside_and_left(azure: Emulator, tool: Tool) -> None:
    arm = Arm(azure)
    arm.instance(properties={"publicNetworkAccess": "Disabled"})
    where(azure, inside=True)
    put(tool.folder / "space.json", model("Space"))
    flags = (*MADE_BY_OTHERS, "--private-endpoint", SUBNET)
    begun = tool.run(*flags, "--models", str(tool.folder / "space.json"), "--output", "json")
    assert (begun.code, outcomes(begun.document)["private_endpoint"]) == (1, "done"), begun.text
    unsure = tool.run("verify", "--output", "json")  # is it the network, or the role that is new?
    assert names([data_plane_check(unsure.document)["detail"]], "my-twins-private", "Approved", "role"), unsure.text

    until_the_role_works(azure, MY_HOST)
    finished(arm, network.ZONE, network.GLOBAL)  # and a policy has the address put there
    ours = f"{network.PLACE}/privateEndpoints/my-twins-private"
    finished(arm, f"{ours}/privateDnsZoneGroups/by-policy", network.zone_group())
    forget(azure)
    filled = tool.run("--yes", "--output", "json")
    assert (filled.code, outcomes(filled.document)["models"]) == (0, "done"), filled.text
    assert [one.split()[0] for one in written(azure, 0)] == ["POST"]
    verified = tool.run("verify", "--output", "json")
    told = (verified.code, step(verified.document)["result"], data_plane_check(verified.document)["result"])
    assert told == (0, "ok", "ok"), verified.text

    forget(azure)
    assert tool.run("destroy", "--yes").code == 0
    gone = [one.partition("?")[0].split()[1] for one in written(azure, 0) if one.startswith("DELETE")]
    gone = [path for path in gone if "/roleAssignments/" not in path]
    assert gone == ["/models/dtmi:test:Space;1", ours]  # what is reached through it goes first
    assert kinds(azure) == {**NOTHING, "privateDnsZones": 1}

    finished(arm, network.ENDPOINT, network.endpoint())
    forget(azure)
    other = Tool(azure, tool.folder / "other")
    adopted = other.run(*flags, "--output", "json")
    assert (adopted.code, adopted.document["values"]["private_endpoint_id"]) == (0, network.ENDPOINT), adopted.text
    assert other.run("--yes", "--private-endpoint", "none").code == 0
    assert [one for one in written(azure, 0) if "/privateEndpoints/" in one] == []

"""A private endpoint: created, adopted, approved by somebody, resumed, changed, taken away; and a closed instance."""

from __future__ import annotations

from typing import Any

from emulator.seed_network import OTHER_SUBNET, SUBNET
from tests.support.arm import query_twins
from tests.support.documents import changes, outcomes, titles
from tests.support.processes import kill
from tests.support.routing import written
from tests.support.tool import GROUP, HOST, INSTANCE, START, SUBSCRIPTION, Tool
from tests.support.waiting import until_held
from tests.support.world import Emulator
from tests.tool.test_look import forget

PLACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers"
ENDPOINT = f"{PLACE}/Microsoft.Network/privateEndpoints/{INSTANCE}-private"
ZONE = f"{PLACE}/Microsoft.Network/privateDnsZones/privatelink.digitaltwins.azure.net"
FLAGS = ("--no-app", "--private-endpoint", SUBNET, "--private-dns-zone", "new")


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
        for _ in range(3):  # until the role works
            query_twins(azure, host=HOST)
        looked = tool.run("verify", "--output", "json")
        assert (looked.code, step(looked.document)["result"]) == (0, "ok"), looked.text
        verified[inside] = next(one["result"] for one in looked.document["checks"] if not one.get("step"))
    assert verified == {False: "note", True: "ok"}

    tool.state_file.unlink()
    forget(azure)
    again = tool.run(*START, "--no-app", *FLAGS[3:], *moving, "--output", "json")
    assert (again.code, written(azure, 0)) == (0, []), again.text

    gone = tool.run("--yes", "--private-endpoint", "none", "--output", "json")
    assert (gone.code, kinds(azure)) == (0, NOTHING), gone.text

    assert tool.run("--yes", *FLAGS[1:]).code == 0
    destroyed = tool.run("destroy", "--yes", "--output", "json")
    assert (destroyed.code, kinds(azure)) == (0, NOTHING), destroyed.text
    assert outcomes(destroyed.document)["private_endpoint"] == "removed"

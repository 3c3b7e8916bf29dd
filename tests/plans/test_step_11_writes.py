"""What the writes of step 11 send to Azure, and the rights that they take."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from engine.change import AnyChange
from engine.context import Removal
from steps.step_11_private_endpoint.changes import ENDPOINT, ZONE, ZONE_GROUP, ZONE_LINK, DeleteResource
from steps.step_11_private_endpoint.observed import NETWORK as NETWORK_VERSION
from steps.step_11_private_endpoint.observed import PRIVATE_DNS
from steps.step_11_private_endpoint.step import STEP
from tests.plans.facts import NOTHING_RECORDED, TARGET
from tests.plans.test_step_11_private_endpoint import (
    GROUP,
    ITEMS,
    MARK,
    NETWORK,
    NOTHING,
    OURS,
    THERE,
    WANT,
    plan,
)

NAME = f"{TARGET.instance}-private"
CREATED: dict[str, tuple[str, str, Any]] = {
    "create-private-dns-zone": (str(WANT.zone), PRIVATE_DNS, {"location": "global", "tags": MARK, "properties": {}}),
    "create-private-dns-zone-link": (
        WANT.link,
        PRIVATE_DNS,
        {
            "location": "global",
            "tags": MARK,
            "properties": {"virtualNetwork": {"id": NETWORK}, "registrationEnabled": False},
        },
    ),
    "create-private-endpoint": (
        WANT.endpoint,
        NETWORK_VERSION,
        {
            "location": "westus2",
            "tags": MARK,
            "properties": {
                "subnet": {"id": WANT.subnet},
                "privateLinkServiceConnections": [
                    {"name": NAME, "properties": {"privateLinkServiceId": TARGET.instance_id, "groupIds": ["API"]}}
                ],
            },
        },
    ),
    "create-private-dns-zone-group": (
        GROUP,
        NETWORK_VERSION,
        {
            "properties": {
                "privateDnsZoneConfigs": [
                    {"name": "privatelink-digitaltwins-azure-net", "properties": {"privateDnsZoneId": WANT.zone}}
                ]
            }
        },
    ),
}
FIRST: dict[str, AnyChange] = {change.key: change for change in plan(NOTHING, WANT, NOTHING_RECORDED).changes}
DELETIONS = STEP.remove(THERE, WANT, OURS, {}, Removal()).changes


def rights(change: AnyChange) -> list[tuple[str, str]]:
    return [(right.action.rpartition("Microsoft.")[2], right.scope) for right in change.rights]


@pytest.mark.parametrize("key", CREATED)
def test_a_resource_is_created_with_our_tag_and_what_it_leads_to(key: str) -> None:
    identifier, version, body = CREATED[key]
    words = shlex.split(FIRST[key].az())
    assert words[: words.index("--properties")] == [
        *("az", "resource", "create", "--id", identifier, "--api-version", version, "--is-full-object"),
    ]
    assert json.loads(words[-1]) == body


def test_each_right_is_asked_for_where_the_resource_is_created() -> None:
    found = {key: rights(change) for key, change in FIRST.items()}
    group = TARGET.group_id
    assert found == {
        "create-private-dns-zone": [("Network/privateDnsZones/write", group)],
        "create-private-dns-zone-link": [
            ("Network/privateDnsZones/virtualNetworkLinks/write", group),
            ("Network/virtualNetworks/join/action", NETWORK),
        ],
        "create-private-endpoint": [
            ("Network/privateEndpoints/write", group),
            ("Network/virtualNetworks/subnets/join/action", WANT.subnet),
        ],
        "create-private-dns-zone-group": [
            ("Network/privateEndpoints/privateDnsZoneGroups/write", group),
            ("Network/privateDnsZones/join/action", WANT.zone),
        ],
        "approve-private-endpoint": [
            ("DigitalTwins/digitalTwinsInstances/PrivateEndpointConnectionsApproval/action", TARGET.instance_id)
        ],
    }


@pytest.mark.parametrize(
    ("kind", "identifier", "action", "scope", "version"),
    [
        (ENDPOINT, WANT.endpoint, "privateEndpoints/delete", TARGET.group_id, NETWORK_VERSION),
        (ZONE_GROUP, GROUP, "privateEndpoints/privateDnsZoneGroups/delete", WANT.endpoint, NETWORK_VERSION),
        (ZONE, str(WANT.zone), "privateDnsZones/delete", TARGET.group_id, PRIVATE_DNS),
        (ZONE_LINK, WANT.link, "privateDnsZones/virtualNetworkLinks/delete", str(WANT.zone), PRIVATE_DNS),
    ],
)
def test_a_resource_is_deleted_by_its_own_right_and_version(
    kind: Any, identifier: str, action: str, scope: str, version: str
) -> None:
    change = DeleteResource(kind=kind, id=identifier)
    assert rights(change) == [(f"Network/{action}", scope)]
    assert change.az() == f"az resource delete --ids {identifier} --api-version {version}"
    assert change.releases == (kind.item(identifier.lower()),)


def test_what_goes_with_the_endpoint_is_released_with_it() -> None:
    assert [change.releases for change in DELETIONS] == [(ITEMS[0], ITEMS[1]), (ITEMS[3],), (ITEMS[2],)]

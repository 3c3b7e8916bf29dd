"""The plans of a private endpoint and its private DNS zone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.change import Drift
from engine.context import Removal
from engine.record import Record
from engine.refusal import BadInput, Refusal
from engine.step import Plan
from steps.shared.tags import mark_tags
from steps.step_11_private_endpoint.changes import ENDPOINT, ZONE, ZONE_GROUP, ZONE_LINK, ApproveConnection
from steps.step_11_private_endpoint.inputs import INPUTS, DesiredPrivateEndpoint
from steps.step_11_private_endpoint.observed import Link, ObservedPrivateEndpoint, PrivateEndpoint, Zone
from steps.step_11_private_endpoint.step import STEP
from tests.plans.facts import NAMES, NOTHING_RECORDED, TARGET, given, keys, record

NETWORK = f"{TARGET.group_id}/providers/Microsoft.Network/virtualNetworks/net"
OTHER_NETWORK = f"{NETWORK}-2"
MARK = mark_tags(TARGET.instance_id)
FOREIGN = "/subscriptions/hub/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/"
FOREIGN += "privatelink.digitaltwins.azure.net"


def want(subnet: str = "net/a", zone: str | None = "new") -> DesiredPrivateEndpoint:
    values = {"private_endpoint": subnet} | ({} if zone is None else {"private_dns_zone": zone})
    return STEP.desired(given(**values), TARGET, NAMES)


WANT = want()
assert WANT.zone
GROUP = f"{WANT.endpoint}/privateDnsZoneGroups/default"
ENDPOINT_THERE = PrivateEndpoint(
    WANT.endpoint, str(WANT.subnet), TARGET.instance_id, tags=MARK, zone_groups={GROUP: (WANT.zone,)}
)
LINK = Link(WANT.link, NETWORK, MARK)
ZONE_THERE = Zone(WANT.zone, MARK, 2, (LINK,))
THERE = ObservedPrivateEndpoint((ENDPOINT_THERE,), "westus2", (ZONE_THERE,))
NOTHING = ObservedPrivateEndpoint(location="westus2")
ITEMS = tuple(
    kind.item(each.lower())
    for kind, each in ((ENDPOINT, WANT.endpoint), (ZONE_GROUP, GROUP), (ZONE, WANT.zone), (ZONE_LINK, WANT.link))
)
OURS = record(*ITEMS)


def plan(observed: ObservedPrivateEndpoint, desired: DesiredPrivateEndpoint, recorded: Record = OURS) -> Plan:
    return STEP.plan(observed, desired, recorded, {}, {})


def there(**facts: Any) -> ObservedPrivateEndpoint:
    return replace(THERE, endpoints=(replace(ENDPOINT_THERE, **facts),))


def test_all_of_it_is_created() -> None:
    planned = plan(NOTHING, WANT, NOTHING_RECORDED)
    kinds = ("private-dns-zone", "private-dns-zone-link", "private-endpoint", "private-dns-zone-group")
    assert keys(planned) == [*(f"create-{kind}" for kind in kinds), "approve-private-endpoint"]
    assert sorted(item for change in planned.changes for item in change.owns) == sorted(ITEMS)
    rights = {
        (right.action.rpartition("Microsoft.")[2], right.scope) for one in planned.changes for right in one.rights
    }
    assert ("Network/virtualNetworks/subnets/join/action", WANT.subnet) in rights
    assert ("Network/privateEndpoints/write", TARGET.group_id) in rights
    assert ("Network/privateDnsZones/join/action", WANT.zone) in rights
    assert ("Network/virtualNetworks/join/action", NETWORK) in rights
    approval = "DigitalTwins/digitalTwinsInstances/PrivateEndpointConnectionsApproval/action"
    assert (approval, TARGET.instance_id) in rights
    assert all(TARGET.resource_group in change.az() for change in planned.changes)


def test_nothing_changes_what_is_as_desired() -> None:
    planned = plan(THERE, WANT)
    assert (planned.changes, planned.values["private_endpoint_id"]) == ((), WANT.endpoint)
    assert sorted(planned.confirmed) == sorted(ITEMS)
    adopted = plan(THERE, WANT, NOTHING_RECORDED)
    assert (adopted.changes, sorted(adopted.adoptable)) == ((), sorted(ITEMS))
    of_others = plan(there(tags={}, id=f"{WANT.endpoint}-other"), want(zone=None), NOTHING_RECORDED)
    assert (of_others.changes, of_others.adoptable) == ((), (ITEMS[2], ITEMS[3]))


def test_a_connection_that_waits_is_approved() -> None:
    planned = plan(there(state="Pending"), WANT)
    (change,) = planned.changes
    assert isinstance(change, ApproveConnection)
    assert (change.drift, f"/{WANT.endpoint.rpartition('/')[2]}" in change.az()) == (Drift.MISSING, True)


@pytest.mark.parametrize("state", ["Rejected", "Disconnected"])
def test_a_rejected_connection_is_somebody_elses_to_mend(state: str) -> None:
    with pytest.raises(Refusal) as refused:
        plan(there(state=state, description="ask Ada", tags={}), WANT)
    assert (refused.value.exit_code, refused.value.code) == (3, f"PrivateEndpoint{state}")
    assert "ask Ada" in refused.value.what
    assert f"{TARGET.instance}-private" in refused.value.what
    assert WANT.endpoint in refused.value.next


def test_what_lost_its_instance_or_failed_is_created_again() -> None:
    lost = keys(plan(there(state="Disconnected"), WANT))
    assert lost[:2] == [f"delete-private-endpoint:{TARGET.instance}-private", "create-private-endpoint"]
    assert keys(plan(there(provisioning="Failed"), WANT)) == ["create-private-endpoint"]


def test_another_subnet_or_network_takes_another_endpoint_and_link() -> None:
    moved = plan(THERE, want(f"{OTHER_NETWORK}/subnets/b"))
    assert keys(moved) == [
        f"delete-private-endpoint:{TARGET.instance}-private",
        "create-private-dns-zone-link",
        "create-private-endpoint",
        "create-private-dns-zone-group",
        "approve-private-endpoint",
        "delete-private-dns-zone-link:net",
    ]
    assert ITEMS[1] in moved.changes[0].releases
    with pytest.raises(BadInput) as refused:
        plan(THERE, want(f"{OTHER_NETWORK}/subnets/b"), NOTHING_RECORDED)
    assert f"{TARGET.instance}-private" in refused.value.what


def test_zone_groups_of_others_are_left_and_ours_follow_the_setting() -> None:
    other = want(zone=FOREIGN)
    (note,) = plan(THERE, other, record(ITEMS[0])).notes
    assert str(WANT.zone) in note
    switched = plan(THERE, other)
    assert keys(switched) == [
        "create-private-dns-zone-group",
        "delete-private-dns-zone-link:net",
        "delete-private-dns-zone:privatelink.digitaltwins.azure.net",
    ]
    assert switched.changes[0].drift is Drift.DIFFERS
    assert keys(plan(THERE, want(zone="none")))[0] == "delete-private-dns-zone-group:default"
    assert len(plan(there(zone_groups={}), want(zone=None)).notes) == 1
    assert keys(plan(there(zone_groups={}), WANT)) == ["create-private-dns-zone-group"]


def test_none_takes_ours_away_and_keeps_what_others_use() -> None:
    gone = [
        f"delete-private-endpoint:{TARGET.instance}-private",
        "delete-private-dns-zone-link:net",
        "delete-private-dns-zone:privatelink.digitaltwins.azure.net",
    ]
    assert keys(plan(THERE, want("none"))) == gone
    removed = STEP.remove(THERE, WANT, OURS, {}, Removal(instance_goes=True))
    assert (keys(removed), removed.retained) == (gone, ())
    for zone in (replace(ZONE_THERE, record_sets=3), replace(ZONE_THERE, links=(LINK, Link("/x", "/n")))):
        kept = STEP.remove(replace(THERE, zones=(zone,)), WANT, OURS, {}, Removal())
        assert (keys(kept), len(kept.retained)) == (gone[:2], 1)
    unmarked = STEP.remove(there(tags={}), WANT, OURS, {}, Removal())
    assert len(unmarked.retained) == 1
    assert keys(unmarked) == ["delete-private-dns-zone-group:default", *gone[1:]]
    nothing = STEP.remove(NOTHING, WANT, OURS, {}, Removal())
    assert (nothing.skipped, sorted(nothing.vanished)) == (True, sorted(ITEMS))
    undesired = plan(THERE, STEP.desired({}, TARGET, NAMES))
    assert (undesired.changes, undesired.skipped, undesired.vanished) == ((), True, ())
    assert STEP.optional
    assert all(change.az() and change.rights for change in removed.changes)


@pytest.mark.parametrize(
    "values",
    [
        {"private_dns_zone": "new"},
        {"private_endpoint": "/subscriptions/hub/resourceGroups/g" + NETWORK.partition("twins")[2] + "/subnets/a"},
        {"private_endpoint": "/subscriptions/0/resourceGroups/g" + NETWORK.partition("twins")[2] + "/subnets/a"},
    ],
)
def test_what_can_not_be_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        STEP.desired(given(**values), TARGET, NAMES)


def test_inputs_are_checked() -> None:
    endpoint, zone = INPUTS
    assert not any(map(endpoint.problem, ("none", "net/a", f"{NETWORK}/subnets/a")))
    assert all(map(endpoint.problem, ("net", "subnet", "/net/a", NETWORK)))
    assert not any(map(zone.problem, ("none", "new", FOREIGN)))
    others = (f"{FOREIGN}.other", FOREIGN.replace("privatelink", "private"))
    assert all(map(zone.problem, ("yes", *others)))
    assert not zone.problem(FOREIGN.upper())


def test_what_an_interrupted_run_began_is_waited_for() -> None:
    zone = replace(ZONE_THERE, under_way=(WANT.link,))
    observed = ObservedPrivateEndpoint((replace(ENDPOINT_THERE, under_way=(GROUP,)),), "westus2", (zone,))
    planned = plan(observed, WANT)
    assert keys(planned) == [f"await-resource:{each.rpartition('/')[2]}" for each in (WANT.link, GROUP)]
    assert {change.drift for change in planned.changes} == {Drift.UNDER_WAY}
    assert len({change.title for change in planned.changes}) == 2

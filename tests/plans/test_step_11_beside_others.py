"""The plans of a private endpoint beside endpoints, links and zones that lead elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import Drift
from steps.step_11_private_endpoint.changes import ENDPOINT, ApproveConnection, WriteZoneGroup
from steps.step_11_private_endpoint.observed import Link, PrivateEndpoint, Zone
from tests.plans.facts import NOTHING_RECORDED, TARGET, keys, record
from tests.plans.test_step_11_private_endpoint import (
    ENDPOINT_THERE,
    FOREIGN,
    GROUP,
    ITEMS,
    MARK,
    NETWORK,
    NOTHING,
    OTHER_NETWORK,
    OURS,
    THERE,
    WANT,
    ZONE_THERE,
    plan,
    there,
    want,
)

FOLDER = WANT.endpoint.rpartition("/")[0]
SUBNET, SERVICE = str(WANT.subnet), TARGET.instance_id
OTHERS = [
    (f"{NETWORK}/subnets/b", SERVICE),
    (f"{NETWORK}/subnets/Z", SERVICE),
    (f"{NETWORK}/subnets/0", SERVICE),
    (SUBNET, f"{SERVICE}-2"),
    (SUBNET, SERVICE[:-1]),
]
FIRST = keys(plan(NOTHING, WANT, NOTHING_RECORDED))


@pytest.mark.parametrize("name", ["a", "z"])
@pytest.mark.parametrize(("subnet", "service"), OTHERS)
def test_an_endpoint_that_leads_elsewhere_is_neither_used_nor_in_the_way(name: str, subnet: str, service: str) -> None:
    other = PrivateEndpoint(f"{FOLDER}/{name}", subnet, service, tags={})
    assert keys(plan(replace(NOTHING, endpoints=(other,)), WANT, NOTHING_RECORDED)) == FIRST
    planned = plan(replace(THERE, endpoints=(other, ENDPOINT_THERE)), WANT)
    assert (planned.changes, planned.values["private_endpoint_id"]) == ((), WANT.endpoint)


def test_an_endpoint_is_known_in_any_spelling() -> None:
    spelled = there(id=WANT.endpoint.upper(), subnet=SUBNET.upper(), service=SERVICE.upper())
    assert plan(spelled, WANT).changes == ()


@pytest.mark.parametrize("name", ["a", "z"])
def test_of_two_endpoints_of_ours_the_one_that_leads_nowhere_is_deleted(name: str) -> None:
    stale = PrivateEndpoint(f"{FOLDER}/{name}", f"{NETWORK}/subnets/b", SERVICE, tags=MARK)
    recorded = record(*ITEMS, ENDPOINT.item(stale.id.lower()))
    for endpoints in ((stale, ENDPOINT_THERE), (ENDPOINT_THERE, stale)):
        planned = plan(replace(THERE, endpoints=endpoints), WANT, recorded)
        assert keys(planned) == [f"delete-private-endpoint:{name}"]


def test_ours_is_used_before_one_of_others() -> None:
    other = replace(ENDPOINT_THERE, id=f"{FOLDER}/a", tags={}, zone_groups={})
    for endpoints in ((other, ENDPOINT_THERE), (ENDPOINT_THERE, other)):
        planned = plan(replace(THERE, endpoints=endpoints), WANT)
        assert (planned.changes, planned.values["private_endpoint_id"]) == ((), WANT.endpoint)
    last = replace(other, id=f"{FOLDER}/0")
    adopted = plan(replace(NOTHING, endpoints=(other, last)), want(zone=None), NOTHING_RECORDED)
    assert (adopted.changes, adopted.values["private_endpoint_id"]) == ((), other.id)


def test_one_of_others_is_used_where_ours_lost_its_instance() -> None:
    lost = replace(ENDPOINT_THERE, state="Disconnected", zone_groups={})
    other = replace(ENDPOINT_THERE, id=f"{FOLDER}/a", tags={})
    planned = plan(replace(THERE, endpoints=(lost, other)), want(zone=None))
    assert keys(planned) == [f"delete-private-endpoint:{TARGET.instance}-private"]
    assert planned.values["private_endpoint_id"] == other.id


@pytest.mark.parametrize("network", [OTHER_NETWORK, NETWORK[:-1]])
def test_a_link_to_another_network_is_not_enough(network: str) -> None:
    zone = replace(ZONE_THERE, links=(Link(f"{WANT.zone}/virtualNetworkLinks/other", network),))
    (change,) = plan(replace(THERE, zones=(zone,)), WANT).changes
    assert change.key == "create-private-dns-zone-link"
    spelled = replace(ZONE_THERE, links=(Link(f"{WANT.zone}/virtualNetworkLinks/other", NETWORK.upper()),))
    assert plan(replace(THERE, zones=(spelled,)), WANT).changes == ()


@pytest.mark.parametrize("name", ["a", "z"])
def test_another_zone_is_not_the_desired_one(name: str) -> None:
    other = Zone(f"{str(WANT.zone).rpartition('/')[0]}/{name}", {}, 1, under_way=("/other",))
    assert keys(plan(replace(THERE, zones=(other,)), WANT))[:2] == FIRST[:2]
    assert plan(replace(THERE, zones=(other, ZONE_THERE)), WANT).changes == ()
    assert plan(replace(THERE, zones=(other,)), want(zone=None)).changes == ()
    spelled = replace(ZONE_THERE, id=ZONE_THERE.id.upper())
    assert plan(replace(THERE, zones=(spelled,)), WANT).changes == ()


@pytest.mark.parametrize("zone", [FOREIGN, FOREIGN.replace("/hub/", "/0/")])
def test_a_zone_group_of_ours_that_leads_to_another_zone_is_changed(zone: str) -> None:
    (change,) = plan(there(zone_groups={GROUP: (zone,)}), WANT).changes
    assert isinstance(change, WriteZoneGroup)
    assert (change.id, change.zone, change.drift) == (GROUP, WANT.zone, Drift.DIFFERS)


def test_a_zone_group_of_others_that_leads_to_the_desired_zone_is_enough() -> None:
    groups = {f"{WANT.endpoint}/privateDnsZoneGroups/policy": (FOREIGN, str(WANT.zone).upper())}
    planned = plan(there(zone_groups=groups), WANT)
    assert (planned.changes, planned.notes) == ((), ())


def test_of_two_zone_groups_only_ours_is_touched() -> None:
    policy = f"{WANT.endpoint}/privateDnsZoneGroups/policy"
    both = there(zone_groups={policy: (FOREIGN,), GROUP.upper(): (FOREIGN,)})
    (change,) = plan(both, WANT).changes
    assert isinstance(change, WriteZoneGroup)
    assert change.id == GROUP.upper()
    assert keys(plan(both, want(zone="none")))[0] == "delete-private-dns-zone-group:DEFAULT"
    left = plan(there(zone_groups={policy: (FOREIGN,)}), want(zone="none"), record(ITEMS[0]))
    assert (left.changes, left.notes) == ((), ())


def test_a_zone_group_is_missing_where_there_is_none() -> None:
    (change,) = plan(there(zone_groups={}), WANT).changes
    assert isinstance(change, WriteZoneGroup)
    assert (change.id, change.drift) == (GROUP, Drift.MISSING)
    elsewhere = there(zone_groups={}, id=f"{FOLDER}/a", tags={})
    (change,) = plan(elsewhere, WANT, record(*ITEMS[2:])).changes
    assert change.owns == (ITEMS[1].replace(f"{TARGET.instance}-private", "a"),)


def test_an_address_in_no_zone_is_noted_only_where_no_zone_is_mentioned() -> None:
    for observed, zone, notes in (
        (there(zone_groups={}), None, 1),
        (THERE, None, 0),
        (there(zone_groups={}), "none", 0),
        (there(zone_groups={}), "new", 0),
        (NOTHING, None, 1),
    ):
        assert len(plan(replace(observed, zones=()), want(zone=zone), OURS).notes) == notes


def test_an_endpoint_of_others_that_failed_is_created_again_where_it_is() -> None:
    failed = there(provisioning="Failed", id=f"{FOLDER}/a", tags={})
    (change,) = plan(failed, want(zone=None), NOTHING_RECORDED).changes
    assert (change.key, f"{FOLDER}/a" in change.az()) == ("create-private-endpoint", True)


def test_the_connection_of_the_endpoint_that_is_used_is_approved() -> None:
    waiting = there(state="Pending", id=f"{FOLDER}/a", tags={})
    (change,) = plan(waiting, want(zone=None), NOTHING_RECORDED).changes
    assert isinstance(change, ApproveConnection)
    assert change.endpoint == f"{FOLDER}/a"

"""What of a private endpoint's surroundings is this tool's: recorded again, kept, or removed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.context import Removal
from engine.record import Record
from engine.step import Plan
from steps.step_11_private_endpoint.changes import ZONE, ZONE_LINK
from steps.step_11_private_endpoint.observed import Link, ObservedPrivateEndpoint, Zone
from steps.step_11_private_endpoint.step import STEP
from tests.plans.facts import NOTHING_RECORDED, TARGET, keys, record
from tests.plans.test_step_11_private_endpoint import (
    FOREIGN,
    GROUP,
    ITEMS,
    LINK,
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

ENDPOINT_ITEM, GROUP_ITEM, ZONE_ITEM, LINK_ITEM = ITEMS
DELETE_ENDPOINT = f"delete-private-endpoint:{TARGET.instance}-private"
DELETE_LINK, DELETE_ZONE = "delete-private-dns-zone-link:net", f"delete-private-dns-zone:{ZONE_THERE.id.split('/')[-1]}"


def remove(observed: ObservedPrivateEndpoint, recorded: Record = OURS) -> Plan:
    return STEP.remove(observed, WANT, recorded, {}, Removal())


@pytest.mark.parametrize("recorded", [record(pending=ITEMS), record(*ITEMS, pending=ITEMS)])
def test_what_an_interrupted_run_was_about_to_create_is_ours(recorded: Record) -> None:
    assert keys(remove(THERE, recorded)) == [DELETE_ENDPOINT, DELETE_LINK, DELETE_ZONE]
    assert sorted(plan(THERE, WANT, recorded).confirmed) == sorted(ITEMS)


def test_what_is_recorded_either_vanished_or_is_confirmed() -> None:
    halves = replace(THERE, zones=())
    assert (plan(THERE, WANT).vanished, plan(NOTHING, WANT).confirmed) == ((), ())
    for planned in (plan(halves, WANT), remove(halves)):
        assert (set(planned.vanished), set(planned.confirmed)) == ({ZONE_ITEM, LINK_ITEM}, {ENDPOINT_ITEM, GROUP_ITEM})
    assert plan(there(zone_groups={}), WANT).vanished == (GROUP_ITEM,)


def test_only_what_is_tagged_and_not_recorded_is_recorded_again() -> None:
    assert plan(THERE, WANT).adoptable == ()
    assert plan(THERE, WANT, record(ENDPOINT_ITEM, GROUP_ITEM)).adoptable == (ZONE_ITEM, LINK_ITEM)
    assert plan(there(tags={}), WANT, NOTHING_RECORDED).adoptable == (ZONE_ITEM, LINK_ITEM)


def test_a_zone_group_is_recorded_again_with_its_endpoint_where_it_is_as_desired() -> None:
    tagged = (ENDPOINT_ITEM, ZONE_ITEM, LINK_ITEM)
    for desired in (want(zone=None), want(zone="none"), want(zone=FOREIGN)):
        assert plan(THERE, desired, NOTHING_RECORDED).adoptable == tagged
    spelled = there(zone_groups={GROUP.upper(): (FOREIGN, str(WANT.zone).upper())})
    assert plan(spelled, WANT, NOTHING_RECORDED).adoptable == (*tagged, GROUP_ITEM)
    assert plan(THERE, WANT, record(ENDPOINT_ITEM, ZONE_ITEM, LINK_ITEM)).adoptable == ()


def test_a_zone_group_of_others_is_not_released_with_the_endpoint() -> None:
    first = remove(THERE, record(ENDPOINT_ITEM)).changes[0]
    assert (first.key, first.releases) == (DELETE_ENDPOINT, (ENDPOINT_ITEM,))


def test_a_zone_that_is_not_mentioned_stays_with_its_links() -> None:
    assert plan(THERE, want(zone=None)).changes == ()
    moved = keys(plan(THERE, want(f"{OTHER_NETWORK}/subnets/b", zone=None)))
    assert moved == [DELETE_ENDPOINT, "create-private-endpoint", "approve-private-endpoint"]


@pytest.mark.parametrize("spelling", [str(WANT.zone), str(WANT.zone).upper()])
def test_a_zone_of_ours_that_is_named_by_its_id_stays(spelling: str) -> None:
    assert plan(THERE, want(zone=spelling)).changes == ()


def test_without_a_zone_ours_is_deleted_with_its_links() -> None:
    assert keys(plan(THERE, want(zone="none"))) == ["delete-private-dns-zone-group:default", DELETE_LINK, DELETE_ZONE]
    moved = keys(plan(THERE, want(f"{OTHER_NETWORK}/subnets/b", zone="none")))
    assert moved == [
        *(DELETE_ENDPOINT, "create-private-endpoint", "approve-private-endpoint", DELETE_LINK, DELETE_ZONE),
    ]


@pytest.mark.parametrize("other", [f"{NETWORK}-0", f"{NETWORK[:-1]}a"])
def test_only_the_link_to_the_desired_network_stays(other: str) -> None:
    extra = Link(f"{WANT.zone}/virtualNetworkLinks/extra", other, MARK)
    observed = replace(THERE, zones=(replace(ZONE_THERE, links=(LINK, extra)),))
    recorded = record(*ITEMS, ZONE_LINK.item(extra.id.lower()))
    assert keys(plan(observed, WANT, recorded)) == ["delete-private-dns-zone-link:extra"]


@pytest.mark.parametrize("name", ["a", "z"])
def test_another_zone_of_ours_goes_with_its_link_where_nothing_else_is_in_it(name: str) -> None:
    other = f"{str(WANT.zone).rpartition('/')[0]}/{name}"
    link = Link(f"{other}/virtualNetworkLinks/too", NETWORK, MARK)
    recorded = record(*ITEMS, ZONE.item(other.lower()), ZONE_LINK.item(link.id.lower()))
    for record_sets, kept in ((1, 0), (2, 1)):
        zone = Zone(other, MARK, record_sets, (link,))
        for zones in ((ZONE_THERE, zone), (zone, ZONE_THERE)):
            planned = plan(replace(THERE, zones=zones), WANT, recorded)
            deletions = ["delete-private-dns-zone-link:too", f"delete-private-dns-zone:{name}"]
            assert (keys(planned), len(planned.notes)) == (deletions[: 2 - kept], kept)


def test_a_zone_whose_record_is_gone_already_is_deleted() -> None:
    assert DELETE_ZONE in keys(remove(replace(THERE, zones=(replace(ZONE_THERE, record_sets=1),))))
    counted = replace(THERE, zones=(replace(ZONE_THERE, record_sets=2),), endpoints=())
    assert DELETE_ZONE not in keys(remove(counted))
    assert len(remove(counted).retained) == 1


def test_a_plan_with_changes_gives_no_reason_for_having_none() -> None:
    for nothing in (remove(NOTHING, NOTHING_RECORDED), plan(NOTHING, want("none"), NOTHING_RECORDED)):
        assert (nothing.changes, bool(nothing.reason), nothing.skipped) == ((), True, True)
    for something in (remove(THERE), plan(THERE, want("none"))):
        assert (len(something.changes), something.reason, something.skipped) == (3, "", False)
    assert plan(THERE, WANT).reason
    for something in (plan(NOTHING, WANT, NOTHING_RECORDED), plan(there(state="Pending"), WANT)):
        assert something.reason == ""


def test_what_lost_its_tag_is_kept_and_named() -> None:
    for observed in (there(tags={}), there(tags={}, zone_groups={})):
        (told,) = remove(replace(observed, zones=())).retained
        assert told.startswith(f"{TARGET.instance}-private")
    only = replace(there(tags={}, zone_groups={}), zones=())
    kept = remove(only, record(ENDPOINT_ITEM))
    assert (kept.changes, kept.skipped, len(kept.retained)) == ((), False, 1)
    assert remove(only, NOTHING_RECORDED).skipped

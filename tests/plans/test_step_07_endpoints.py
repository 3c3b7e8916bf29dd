"""The plans of the endpoints."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import Drift
from engine.record import Record
from engine.refusal import BadInput
from steps.shared.event_routing import ROUTE, Endpoint, endpoint_differences
from tests.plans.endpoint_facts import OTHER_HUB, OURS, only, plan, remove
from tests.plans.facts import NOTHING_RECORDED, TARGET, keys, record
from tests.plans.routing_facts import (
    ALL,
    BUS,
    FOUND_BUS,
    FOUND_GRID,
    FOUND_HUB,
    GRID,
    HUB,
    IDENTITY_ID,
    SOME,
    in_state,
    routes,
)


@pytest.mark.parametrize(("desired", "recorded"), [(None, OURS), ((), NOTHING_RECORDED), ((), record("route:all"))])
def test_endpoints_that_nobody_desires_or_owns_are_left_alone(
    desired: tuple[Endpoint, ...] | None, recorded: Record
) -> None:
    planned = plan((FOUND_HUB,), desired, recorded)
    assert (planned.skipped, planned.changes, planned.vanished, planned.confirmed) == (True, (), (), ())
    assert planned.reason


def test_missing_endpoints_are_created() -> None:
    planned = plan((), (HUB, BUS, GRID))
    assert keys(planned) == ["set-endpoint:hub", "set-endpoint:bus", "set-endpoint:grid"]
    assert {change.drift for change in planned.changes} == {Drift.MISSING}
    assert [change.owns for change in planned.changes] == [HUB.owns, BUS.owns, GRID.owns]
    assert [change.releases for change in planned.changes] == [(), (), ()]
    assert not planned.reason
    assert not planned.skipped


def test_endpoints_as_desired_are_left_as_they_are() -> None:
    planned = plan((FOUND_HUB, FOUND_BUS), (HUB, BUS), record(*HUB.owns, *BUS.owns))
    assert (planned.changes, planned.vanished, planned.adoptable) == ((), (), ())
    assert planned.confirmed == tuple(sorted((*HUB.owns, *BUS.owns)))
    assert planned.reason


def test_the_reason_depends_on_how_many_endpoints_exist() -> None:
    reasons = {plan(found, desired, OURS).reason for found, desired in (((), ()), ((FOUND_HUB,), (HUB,)))}
    reasons.add(plan((FOUND_HUB, FOUND_BUS), (HUB, BUS), OURS).reason)
    assert len(reasons) == 3
    assert "" not in reasons


def test_an_endpoint_of_someone_else_that_is_as_desired_is_enough() -> None:
    planned = plan((FOUND_HUB,), (HUB,))
    assert (planned.changes, planned.adoptable, planned.skipped) == ((), (), False)


def test_in_an_instance_of_ours_endpoints_as_desired_are_recorded_again() -> None:
    planned = plan((FOUND_HUB, FOUND_BUS), (HUB, BUS), is_instance_marked=True)
    assert planned.adoptable == tuple(sorted((*HUB.owns, *BUS.owns)))
    assert planned.confirmed == planned.adoptable
    assert plan((FOUND_HUB,), (HUB,), OURS, is_instance_marked=True).adoptable == ()
    assert plan((FOUND_HUB,), (HUB,), record(pending=HUB.owns), is_instance_marked=True).adoptable == ()


def test_an_adopted_endpoint_is_ours_at_once() -> None:
    failed = in_state(FOUND_HUB, "Failed")
    assert keys(plan((failed,), (HUB,), is_instance_marked=True)) == ["delete-endpoint:hub", "set-endpoint:hub"]
    change = only(plan((failed,), (HUB,)))
    assert (change.key, change.drift, change.owns) == ("set-endpoint:hub", Drift.MISSING, HUB.owns)


def test_an_endpoint_of_ours_is_changed() -> None:
    change = only(plan((FOUND_HUB,), (OTHER_HUB,), OURS))
    assert (change.key, change.drift) == ("set-endpoint:hub", Drift.DIFFERS)
    assert (change.owns, change.releases) == (HUB.owns, ())


def test_what_differs_of_an_endpoint_is_told() -> None:
    desired = replace(HUB, destination=HUB.destination + "2", identity=IDENTITY_ID, dead_letter="")
    change = only(plan((FOUND_HUB,), (desired,), OURS))
    told = {difference.name: (difference.before, difference.after) for difference in change.differences}
    assert {before for before, _ in told.values()} == {"events/twins", "letters/dead", "as the instance"}
    assert {after for _, after in told.values()} == {"events/twins2", "", "as sender"}
    assert endpoint_differences(FOUND_HUB, HUB) == only(plan((), (HUB,))).differences == ()
    assert [one.before for one in endpoint_differences(FOUND_HUB, BUS)] == ["as the instance"]


def test_a_key_based_endpoint_that_moves_is_recorded_anew() -> None:
    moved = replace(BUS, destination=BUS.destination.replace("twins", "other"))
    change = only(plan((FOUND_BUS,), (moved,), record(*BUS.owns)))
    assert (change.drift, change.owns, change.releases) == (Drift.DIFFERS, moved.owns, (BUS.sends_to,))


@pytest.mark.parametrize("recorded", [NOTHING_RECORDED, record("endpoint:Hub", "route:hub", "sends:hub:x:")])
def test_an_endpoint_of_someone_else_is_not_changed(recorded: Record) -> None:
    with pytest.raises(BadInput) as refused:
        plan((FOUND_HUB,), (OTHER_HUB,), recorded)
    assert refused.value.exit_code == 2
    assert f"{TARGET.instance_id}/endpoints/hub" in refused.value.next


def test_an_endpoint_that_an_interrupted_run_was_creating_is_ours() -> None:
    assert keys(plan((FOUND_HUB,), (OTHER_HUB,), record(pending=HUB.owns))) == ["set-endpoint:hub"]
    assert keys(plan((FOUND_HUB,), (OTHER_HUB,), record(by_others=HUB.owns))) == ["set-endpoint:hub"]


@pytest.mark.parametrize("state", ["Provisioning", "Updating", "Moving", "Suspending", "Restoring", "Hibernating"])
def test_what_is_under_way_is_awaited(state: str) -> None:
    change = only(plan((in_state(FOUND_BUS, state),), (BUS,)))
    assert (change.key, change.drift) == ("await-endpoint:bus", Drift.UNDER_WAY)
    assert (change.owns, change.releases) == ((), ())


@pytest.mark.parametrize("state", ["Warning", "Disabled"])
def test_an_endpoint_of_which_azure_says_that_something_is_wrong_is_noted(state: str) -> None:
    planned = plan((in_state(FOUND_BUS, state), in_state(FOUND_HUB, "Succeeded")), (BUS, HUB))
    assert planned.changes == ()
    (note,) = planned.notes
    assert state in note


@pytest.mark.parametrize("state", ["Deleting", "Deleted"])
def test_an_endpoint_that_is_being_deleted_is_created(state: str) -> None:
    change = only(plan((in_state(FOUND_HUB, state),), (HUB,), OURS))
    assert (change.key, change.drift) == ("set-endpoint:hub", Drift.MISSING)


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_an_endpoint_of_ours_that_failed_is_deleted_and_created(state: str) -> None:
    recorded = record(*BUS.owns, ROUTE.item("some"))
    planned = plan((in_state(FOUND_BUS, state),), (BUS,), recorded, routes=routes(ALL, SOME))
    assert keys(planned) == ["delete-route:some", "delete-endpoint:bus", "set-endpoint:bus"]
    assert [change.drift for change in planned.changes] == [Drift.LEFT_OVER, Drift.LEFT_OVER, Drift.MISSING]
    assert [change.releases for change in planned.changes] == [("route:some",), BUS.owns, ()]
    assert [change.owns for change in planned.changes] == [(), (), BUS.owns]


def test_an_endpoint_whose_type_changes_is_deleted_and_created() -> None:
    found = replace(FOUND_HUB, type="ServiceBus")
    assert keys(plan((found,), (HUB, GRID), OURS)) == ["set-endpoint:grid", "delete-endpoint:hub", "set-endpoint:hub"]
    with pytest.raises(BadInput):
        plan((found,), (HUB,))


def test_an_endpoint_that_others_routes_use_is_not_replaced() -> None:
    with pytest.raises(BadInput) as refused:
        plan((in_state(FOUND_HUB, "Failed"),), (HUB,), OURS, routes=routes(ALL, replace(ALL, name="more")))
    assert "all, more" in refused.value.why
    assert "/eventroutes/all?" in refused.value.next
    unused = plan((in_state(FOUND_HUB, "Failed"),), (HUB,), OURS, routes=routes(SOME))
    assert keys(unused) == ["delete-endpoint:hub", "set-endpoint:hub"]
    assert plan((FOUND_HUB,), (HUB,), OURS, routes=routes(ALL)).changes == ()


def test_endpoints_of_ours_that_are_no_longer_desired_are_deleted_after_our_routes() -> None:
    recorded = record(*HUB.owns, *BUS.owns, "route:all", "route:some")
    planned = plan((FOUND_HUB, FOUND_BUS, FOUND_GRID), (), recorded, routes=routes(SOME, replace(ALL, endpoint="HUB")))
    assert keys(planned) == ["delete-route:all", "delete-route:some", "delete-endpoint:hub", "delete-endpoint:bus"]
    assert [change.releases for change in planned.changes][2:] == [HUB.owns, BUS.owns]


def test_an_endpoint_that_others_routes_use_is_kept_and_mentioned() -> None:
    recorded = record(*HUB.owns, *BUS.owns, "route:some")
    planned = plan((FOUND_HUB, FOUND_BUS), (), recorded, routes=routes(ALL, SOME))
    assert keys(planned) == ["delete-route:some", "delete-endpoint:bus"]
    (note,) = planned.notes
    assert "hub" in note
    assert "all" in note
    kept = plan((FOUND_HUB,), (), OURS, routes=routes(ALL, replace(ALL, name="more")))
    assert (kept.changes, len(kept.notes)) == ((), 1)
    assert "all, more" in kept.notes[0]


def test_names_ignore_case_and_azures_spelling_is_used() -> None:
    found = replace(FOUND_HUB, name="HUB")
    recorded = record("endpoint:HUB")
    assert plan((found,), (HUB,), recorded).changes == ()
    planned = plan((found,), (replace(GRID, name="Grid"),), recorded, routes=routes(replace(ALL, endpoint="Hub")))
    assert (keys(planned), len(planned.notes)) == (["set-endpoint:Grid"], 1)
    assert keys(plan((found,), (), recorded)) == ["delete-endpoint:HUB"]
    assert only(plan((found,), (), recorded)).releases == ("endpoint:HUB",)


def test_keys_are_renewed_when_that_is_asked_for() -> None:
    found, desired = (FOUND_HUB, FOUND_BUS, FOUND_GRID), (HUB, BUS, GRID)
    recorded = record(*HUB.owns, *BUS.owns)
    change = only(plan(found, desired, recorded, renew_keys=True))
    assert (change.key, change.drift, change.releases) == ("set-endpoint:bus", Drift.DIFFERS, ())
    assert change.owns == BUS.owns
    assert plan(found, desired, recorded).changes == ()


def test_recorded_endpoints_that_vanished_are_forgotten() -> None:
    planned = plan((FOUND_HUB,), (HUB,), record(*HUB.owns, *BUS.owns, "route:all"))
    assert (planned.vanished, planned.confirmed) == (BUS.owns, ("endpoint:hub", "route:all"))
    removed = remove((FOUND_HUB,), record(*HUB.owns, *BUS.owns, "route:all"))
    assert (removed.vanished, removed.confirmed) == (BUS.owns, ("endpoint:hub", "route:all"))


def test_destinations_that_cannot_be_used_are_refused_together() -> None:
    with pytest.raises(BadInput) as refused:
        plan((), (HUB, BUS, GRID), absent={"hub": "it is lost", "bus": "so is this"})
    assert refused.value.exit_code == 2
    assert refused.value.why == "Endpoint hub: it is lost\nEndpoint bus: so is this"
    with pytest.raises(BadInput) as alone:
        plan((), (HUB, BUS, GRID), rules={"bus": ""})
    assert alone.value.why.startswith("Endpoint bus: ")
    assert BUS.destination in alone.value.why
    assert alone.value.what != refused.value.what


def test_a_user_identity_is_compared_whatever_its_case() -> None:
    endpoint = replace(HUB, identity=IDENTITY_ID)
    assert plan((replace(FOUND_HUB, identity=IDENTITY_ID.lower()),), (endpoint,)).changes == ()


def test_destroy_deletes_our_endpoints_and_those_routes_of_ours_that_remain() -> None:
    recorded = record(*HUB.owns, *BUS.owns, "route:all")
    planned = remove((FOUND_HUB, FOUND_BUS, FOUND_GRID), recorded, routes=routes(ALL))
    assert keys(planned) == ["delete-route:all", "delete-endpoint:bus", "delete-endpoint:hub"]
    assert (planned.skipped, planned.reason, planned.adoptable) == (False, "", ())


def test_destroy_keeps_endpoints_that_are_not_recorded() -> None:
    """Endpoints carry no mark of their own."""
    planned = remove((FOUND_HUB, FOUND_GRID), record("route:hub", "endpoint:other"), is_instance_marked=True)
    assert (planned.changes, planned.skipped, planned.adoptable) == ((), False, ("endpoint:hub",))
    assert planned.reason
    assert planned.notes == ()  # what has our tag, the walk notes
    assert planned.vanished == ("endpoint:other",)
    assert remove((FOUND_GRID,), NOTHING_RECORDED).skipped
    assert remove((FOUND_HUB,), NOTHING_RECORDED, desired=None).adoptable == ()
    assert remove((FOUND_HUB,), OURS).adoptable == ()


def test_destroy_names_the_endpoints_that_a_lost_state_leaves_in_an_instance_of_others() -> None:
    """No tag says whose they are, so no `deploy` records them again."""
    planned = remove((FOUND_HUB, FOUND_BUS), record(*BUS.owns), desired=(HUB, BUS))
    assert (keys(planned), planned.adoptable, planned.skipped) == (["delete-endpoint:bus"], (), False)
    (note,) = planned.notes
    assert "endpoint hub" in note
    assert "endpoint bus" not in note
    lost = remove((FOUND_HUB,), NOTHING_RECORDED)
    assert (lost.changes, lost.adoptable, lost.skipped, len(lost.notes)) == ((), (), False, 1)


def test_destroy_deletes_what_an_interrupted_run_was_creating() -> None:
    assert keys(remove((FOUND_HUB,), record(pending=HUB.owns))) == ["delete-endpoint:hub"]


def test_destroy_keeps_endpoints_that_others_routes_use() -> None:
    recorded = record(*HUB.owns, *BUS.owns)
    planned = remove((FOUND_HUB, FOUND_BUS), recorded, routes=routes(ALL))
    assert (keys(planned), len(planned.notes), planned.skipped) == (["delete-endpoint:bus"], 1, False)
    kept = remove((FOUND_HUB,), OURS, routes=routes(ALL))
    assert (kept.changes, len(kept.notes), kept.skipped) == ((), 1, False)
    assert kept.reason not in ("", remove((), OURS).reason)


@pytest.mark.parametrize(("recorded", "skipped"), [(OURS, False), (record("route:all"), True)])
def test_endpoints_are_deleted_with_their_instance(recorded: Record, skipped: bool) -> None:
    planned = remove((FOUND_HUB,), recorded, instance_goes=True)
    assert (planned.changes, planned.skipped, planned.vanished) == ((), skipped, ())
    assert planned.reason


def test_an_instance_has_at_most_6_endpoints() -> None:
    theirs = tuple(replace(FOUND_GRID, name=f"theirs-{number}") for number in range(6))
    with pytest.raises(BadInput):
        plan(theirs, (HUB,))
    assert keys(plan(theirs[:5], (HUB,))) == ["set-endpoint:hub"]
    with pytest.raises(BadInput):
        plan((*theirs[:5], FOUND_HUB), (HUB, BUS), OURS)
    swapped = plan((*theirs[:5], FOUND_HUB), (BUS,), OURS)
    assert keys(swapped) == ["delete-endpoint:hub", "set-endpoint:bus"]
    assert keys(plan((*theirs[:4], FOUND_HUB), (BUS,), OURS)) == ["set-endpoint:bus", "delete-endpoint:hub"]

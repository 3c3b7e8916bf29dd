"""The plans of the event routes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import AnyChange, Drift
from engine.context import Removal
from engine.record import Record
from engine.refusal import BadInput
from engine.step import Plan
from steps.shared.event_routes import DeleteRoute
from steps.shared.event_routing import Endpoint, FoundEndpoint, Route
from steps.step_08_routes.changes import SetRoute
from steps.step_08_routes.inputs import INPUTS, DesiredRoutes
from steps.step_08_routes.step import STEP, ObservedRoutes
from tests.plans.facts import NAMES, NOTHING_RECORDED, TARGET, given, keys, record
from tests.plans.routing_facts import ALL, BUS, FOUND_BUS, FOUND_HUB, HUB, SOME, existing, in_state, routes

ID = TARGET.instance_id
BOTH = existing(FOUND_HUB, FOUND_BUS)
OURS = record("route:all", "route:some")
OTHER = replace(ALL, filter="false")


def plan(
    found: tuple[Route, ...] | None,
    desired: tuple[Route, ...] | None,
    recorded: Record = NOTHING_RECORDED,
    *,
    exist: dict[str, FoundEndpoint] = BOTH,
    endpoints: tuple[Endpoint, ...] | None = (HUB, BUS),
    marked: bool = False,
) -> Plan:
    observed = ObservedRoutes(None if found is None else routes(*found), exist, marked)
    return STEP.plan(observed, DesiredRoutes(TARGET, desired, endpoints), recorded, {}, {})


def remove(
    found: tuple[Route, ...] | None,
    recorded: Record,
    desired: tuple[Route, ...] | None = (ALL, SOME),
    *,
    instance_goes: bool = False,
    marked: bool = True,
) -> Plan:
    observed = ObservedRoutes(None if found is None else routes(*found), BOTH, marked)
    return STEP.remove(observed, DesiredRoutes(TARGET, desired), recorded, {}, Removal(instance_goes=instance_goes))


def only(planned: Plan) -> AnyChange:
    (change,) = planned.changes
    return change


def test_routes_are_given_with_an_endpoint_and_a_filter() -> None:
    inputs = given(
        route=[{"name": "all", "endpoint": "hub"}, {"name": "some", "endpoint": "bus", "filter": "type = 'a'"}],
        endpoint=[{"name": "hub", "type": "eventhub", "destination": "Events/Twins", "dead_letter": "letters/dead"}],
    )
    assert STEP.desired(inputs, TARGET, NAMES) == DesiredRoutes(TARGET, (ALL, SOME), (HUB,))
    assert STEP.desired({}, TARGET, NAMES) == DesiredRoutes(TARGET, None, None)
    assert STEP.desired(given(route=[]), TARGET, NAMES).routes == ()
    endpoint = {"name": "hub", "type": "eventhub", "destination": "Events/Twins", "role": "Mine"}
    assert [lookup.name for lookup in STEP.lookups(given(endpoint=[endpoint]), TARGET)] == ["Mine"]
    (row,) = INPUTS
    assert (row.name, row.kind, row.kept) == ("route", "items", True)
    assert [(field.name, field.required) for field in row.fields] == [
        ("name", True),
        ("endpoint", True),
        ("filter", False),
    ]
    assert [field.problem("-") is None for field in row.fields] == [False, False, True]
    assert [field.verbatim for field in row.fields] == [False, False, True]  # a filter has quotes of its own


@pytest.mark.parametrize(("desired", "recorded"), [(None, OURS), ((), NOTHING_RECORDED), ((), record("endpoint:all"))])
def test_routes_that_nobody_desires_or_owns_are_left_alone(desired: tuple[Route, ...] | None, recorded: Record) -> None:
    planned = plan((ALL,), desired, recorded)
    assert (planned.skipped, planned.changes, planned.vanished, planned.confirmed) == (True, (), (), ())
    assert planned.reason


@pytest.mark.parametrize("found", [(), None])
def test_missing_routes_are_created(found: tuple[Route, ...] | None) -> None:
    planned = plan(found, (ALL, SOME))
    assert keys(planned) == ["set-route:all", "set-route:some"]
    assert {change.drift for change in planned.changes} == {Drift.MISSING}
    assert [change.owns for change in planned.changes] == [("route:all",), ("route:some",)]
    assert [(change.releases, change.rights) for change in planned.changes] == [((), ())] * 2
    assert (planned.reason, planned.skipped) == ("", False)


def test_routes_as_desired_are_left_as_they_are() -> None:
    planned = plan((replace(ALL, endpoint="Hub"),), (ALL,))
    assert (planned.changes, planned.adoptable, planned.skipped) == ((), (), False)
    reasons = {planned.reason, plan((), (), OURS).reason, plan((ALL, SOME), (ALL, SOME)).reason}
    assert len(reasons) == 3
    assert "" not in reasons


def test_in_an_instance_of_ours_routes_as_desired_are_recorded_again() -> None:
    planned = plan((SOME, ALL), (SOME, ALL), marked=True)
    assert planned.adoptable == ("route:all", "route:some") == planned.confirmed
    assert plan((ALL,), (ALL,), record("route:all"), marked=True).adoptable == ()
    assert plan((ALL,), (ALL,), record(pending=("route:all",)), marked=True).adoptable == ()
    assert plan((ALL, SOME), (ALL,), marked=True).changes == ()
    assert plan(None, (ALL,), marked=True).adoptable == ()


def test_a_route_of_ours_is_changed() -> None:
    for recorded in (record("route:all"), record(pending=("route:all",))):
        change = only(plan((OTHER,), (ALL,), recorded))
        assert (change.key, change.drift, change.owns) == ("set-route:all", Drift.DIFFERS, ("route:all",))
    assert [(one.name, one.after) for one in change.differences] == [("filter", ALL.filter)]
    (back,) = only(plan((ALL,), (OTHER,), OURS)).differences
    assert (back.name, back.before, back.after) == ("filter", ALL.filter, OTHER.filter)
    assert only(plan((), (ALL,))).differences == ()


@pytest.mark.parametrize("recorded", [NOTHING_RECORDED, record("endpoint:all"), record(by_others=("route:all",))])
@pytest.mark.parametrize("marked", [True, False])
def test_a_route_of_someone_else_is_not_changed(recorded: Record, marked: bool) -> None:
    with pytest.raises(BadInput) as refused:
        plan((OTHER,), (ALL,), recorded, marked=marked)
    assert refused.value.exit_code == 2
    assert "--method delete" in refused.value.next
    assert "/eventroutes/all?" in refused.value.next


def test_routes_of_ours_that_are_no_longer_desired_are_deleted() -> None:
    planned = plan((SOME, ALL, replace(ALL, name="theirs")), (), OURS)
    assert keys(planned) == ["delete-route:all", "delete-route:some"]
    assert {change.drift for change in planned.changes} == {Drift.LEFT_OVER}
    assert [change.releases for change in planned.changes] == [("route:all",), ("route:some",)]
    assert keys(plan((SOME, ALL), (ALL,), OURS)) == ["delete-route:some"]


def test_routes_that_cannot_be_read_are_deleted_by_their_record_and_not_forgotten() -> None:
    planned = plan(None, (ALL,), OURS)
    assert keys(planned) == ["set-route:all", "delete-route:some"]
    assert (planned.vanished, planned.confirmed) == ((), ("route:all", "route:some"))


def test_recorded_routes_that_vanished_are_forgotten() -> None:
    planned = plan((SOME,), (SOME,), OURS)
    assert (planned.changes, planned.vanished, planned.confirmed) == ((), ("route:all",), ("route:some",))
    removed = remove((SOME,), OURS)
    assert (keys(removed), removed.vanished) == (["delete-route:some"], ("route:all",))


def test_our_routes_to_an_endpoint_that_is_created_again_are_created_again() -> None:
    exist = existing(in_state(FOUND_HUB, "Failed"), FOUND_BUS)
    ours = record("route:all", by_others=HUB.owns)
    change = only(plan((replace(ALL, endpoint="Hub"),), (ALL,), ours, exist=exist))
    assert (change.key, change.drift) == ("set-route:all", Drift.MISSING)
    assert plan((ALL,), (ALL,), record(by_others=HUB.owns), exist=exist).changes == ()
    moved = only(plan((ALL,), (replace(ALL, endpoint="bus"),), ours, endpoints=(BUS,)))
    assert (moved.key, moved.drift) == ("set-route:all", Drift.MISSING)


def test_our_routes_to_an_endpoint_that_is_deleted_are_deleted_by_its_step() -> None:
    ours = record("route:all", "route:some", by_others=HUB.owns)
    assert keys(plan((ALL, SOME), (), ours, endpoints=(BUS,))) == ["delete-route:some"]
    assert keys(plan((ALL, SOME), (), OURS, endpoints=(BUS,))) == ["delete-route:all", "delete-route:some"]
    assert keys(plan((ALL, SOME), (), ours, endpoints=None)) == ["delete-route:all", "delete-route:some"]


def test_a_route_leads_to_an_endpoint_that_exists_or_is_desired() -> None:
    assert keys(plan((), (ALL,), exist={})) == ["set-route:all"]
    assert keys(plan((), (ALL,), endpoints=None)) == ["set-route:all"]
    assert keys(plan((), (replace(ALL, endpoint="HUB"),), exist={})) == ["set-route:all"]
    for exist, ours in (({}, NOTHING_RECORDED), (BOTH, record(by_others=HUB.owns))):
        with pytest.raises(BadInput) as refused:
            plan((), (SOME, ALL), ours, exist=exist, endpoints=(BUS,))
        assert refused.value.exit_code == 2
        assert "name=hub," in refused.value.next
        assert refused.value.why.endswith(": bus.")
    with pytest.raises(BadInput) as none:
        plan((), (ALL,), exist={}, endpoints=())
    assert none.value.why.endswith(": none.")


def test_destroy_deletes_our_routes() -> None:
    planned = remove((SOME, ALL, replace(ALL, name="theirs")), OURS)
    assert keys(planned) == ["delete-route:all", "delete-route:some"]
    assert (planned.skipped, planned.reason, planned.adoptable, planned.vanished) == (False, "", (), ())
    assert keys(remove(None, record("route:all", pending=("route:some",)))) == ["delete-route:all", "delete-route:some"]


def test_destroy_keeps_routes_that_are_not_recorded() -> None:
    """Routes carry no mark of their own."""
    planned = remove((SOME, ALL, replace(ALL, name="theirs")), record("endpoint:all", by_others=("route:all",)))
    assert (planned.changes, planned.skipped, planned.adoptable) == ((), False, ("route:all", "route:some"))
    assert planned.reason
    assert planned.notes == ()  # what has our tag, the walk notes
    assert remove((ALL, SOME), record("route:all")).adoptable == ("route:some",)
    assert remove((ALL,), NOTHING_RECORDED, None).adoptable == ()
    assert remove(None, NOTHING_RECORDED).adoptable == ()
    assert remove(None, NOTHING_RECORDED).skipped


def test_destroy_names_the_routes_that_a_lost_state_leaves_in_an_instance_of_others() -> None:
    """No tag says whose they are, so no `deploy` records them again."""
    planned = remove((SOME, ALL), record("route:all"), marked=False)
    assert (keys(planned), planned.adoptable, planned.skipped) == (["delete-route:all"], (), False)
    (note,) = planned.notes
    assert "route some" in note
    assert "route all" not in note
    lost = remove((ALL,), NOTHING_RECORDED, marked=False)
    assert (lost.changes, lost.adoptable, lost.skipped, len(lost.notes)) == ((), (), False, 1)
    assert remove((ALL, SOME), OURS, marked=False).notes == ()


@pytest.mark.parametrize(("recorded", "skipped"), [(OURS, False), (record("endpoint:all"), True)])
def test_routes_are_deleted_with_their_instance(recorded: Record, skipped: bool) -> None:
    planned = remove((ALL,), recorded, instance_goes=True)
    assert (planned.changes, planned.skipped, planned.vanished, planned.adoptable) == ((), skipped, (), ())
    assert planned.reason


HOST = f"host=$(az resource show --ids {ID} --api-version 2023-01-31 --query properties.hostName --output tsv) && "
REQUEST = "az rest --method {0} --resource https://digitaltwins.azure.net --url "
URL = '"https://$host/eventroutes/{0}?api-version=2023-10-31"'


def test_the_commands_for_routes() -> None:
    put = f"{HOST}{REQUEST.format('put')}{URL.format('some')}"
    body = """ --body '{"endpointName": "bus", "filter": "type = '"'"'a'"'"'"}'"""
    assert SetRoute(instance_id=ID, route=SOME).az() == put + body
    deletion = DeleteRoute(instance_id=ID, name="some")
    assert deletion.az() == f"{HOST}{REQUEST.format('delete')}{URL.format('some')}"
    assert DeleteRoute(instance_id=ID, name='a"b').az().endswith(URL.format('a\\"b'))


def test_titles_tell_writes_apart() -> None:
    titles = {SetRoute(instance_id=ID, route=ALL, before=before).title for before in (ALL, None)}
    titles |= {DeleteRoute(instance_id=ID, name="all", why=why).title for why in ("", "as it is in the way")}
    assert len(titles) == 4
    assert all("all" in title for title in titles)
    assert SetRoute(instance_id=ID, route=ALL).detail == ""
    assert SOME.filter in SetRoute(instance_id=ID, route=SOME).detail


@pytest.mark.parametrize(("found", "desired", "notes"), [(5, 6, 0), (5, 7, 1), (7, 7, 0), (7, 6, 0)])
def test_more_routes_than_azure_allows_by_default_are_noted(found: int, desired: int, notes: int) -> None:
    many = tuple(replace(ALL, name=f"r{number}") for number in range(7))
    planned = plan(many[:found], many[:desired], record(*(f"route:r{number}" for number in range(7))))
    assert len(planned.changes) == abs(desired - found)
    assert len(planned.notes) == notes


def test_routes_of_others_count_with_ours() -> None:
    others = tuple(replace(OTHER, name=f"other{number}") for number in range(6))
    assert len(plan(others, (ALL,)).notes) == 1
    assert len(plan((*others[:5], SOME), (ALL,), OURS).notes) == 0
    assert len(plan((*others, ALL), (ALL,)).notes) == 0  # there are more already: Azure takes them
    assert len(plan(others[:3], (ALL,)).notes) == 0

"""The plans of identities that the instance loses: what stops working, what is asked, and what is deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import Drift, Right
from engine.context import Removal
from engine.step import Plan
from steps.shared.event_routing import ENDPOINT, SYSTEM, FoundEndpoint
from steps.shared.identities import IDENTITY, IDENTITY_LINK, SYSTEM_IDENTITY
from steps.shared.instance import INSTANCE
from steps.shared.tags import INSTANCE_TAG, MARK, mark_value
from steps.step_02_instance.inputs import DesiredInstance
from steps.step_02_instance.observed import DataHistoryConnection, ObservedInstance
from steps.step_02_instance.step import STEP
from tests.plans.facts import NOTHING_RECORDED, TARGET, keys, record
from tests.plans.instance_facts import DESIRED, FOREIGN, MARKED, ONE, TWO, identity
from tests.plans.test_step_02_settings import LINKED, SWITCHED_ON, patch_of, with_identities

LINK, CREATED = IDENTITY_LINK.item(ONE.lower()), IDENTITY.item(ONE.lower())
WITHOUT = replace(DESIRED, system_identity=False, user_identities=())
"""Neither the system-assigned identity nor user-assigned ones."""


def endpoints(**uses: str | None) -> dict[str, FoundEndpoint]:
    """Endpoints by lower-cased name, with the identities that they use."""
    return {
        name.lower(): FoundEndpoint(
            name=name, type="EventHub", identity=used, destination=(), dead_letter=(), state="Succeeded"
        )
        for name, used in uses.items()
    }


def test_the_record_of_a_link_that_somebody_removed_is_dropped() -> None:
    observed = ObservedInstance(with_identities(), identity())
    ours = record(LINK)
    assert STEP.plan(observed, WITHOUT, ours, {}, {}).vanished == (LINK,)
    assert STEP.plan(observed, replace(DESIRED, user_identities=None), ours, {}, {}).vanished == ()
    there = ObservedInstance(with_identities(ONE), identity())
    assert STEP.plan(there, WITHOUT, ours, {}, {}).vanished == ()


@pytest.mark.parametrize(("state", "vanished"), [("Succeeded", (LINK,)), ("Moving", ()), ("Updating", ())])
def test_a_link_counts_as_removed_only_where_nothing_is_being_done_with_the_instance(
    state: str, vanished: tuple[str, ...]
) -> None:
    observed = ObservedInstance(replace(with_identities(), state=state), identity())
    assert STEP.plan(observed, WITHOUT, record(LINK), {}, {}).vanished == vanished


def test_a_desired_link_that_somebody_removed_is_made_again_and_stays_recorded() -> None:
    observed = ObservedInstance(with_identities(), identity(TWO))
    recorded = record(LINK, IDENTITY_LINK.item(TWO.lower()))
    plan = STEP.plan(observed, replace(DESIRED, user_identities=(TWO,)), recorded, {}, {})
    assert (keys(plan), plan.vanished) == (["change-instance"], (LINK,))


IN_USE = ObservedInstance(
    with_identities(ONE, TWO, system=True),
    identity(),
    endpoints(Hub=SYSTEM, bus=ONE.lower(), other=TWO.lower(), key=None),
    connections=(DataHistoryConnection("history", ONE.lower()), DataHistoryConnection("archive", SYSTEM)),
)


def remove(observed: ObservedInstance, *owned: str, desired: DesiredInstance = DESIRED) -> Plan:
    return STEP.remove(observed, desired, record(*owned), {}, Removal())


def test_removing_an_identity_that_is_in_use_is_asked() -> None:
    plan = STEP.plan(IN_USE, WITHOUT, LINKED, {}, {})
    assert plan.ask is not None
    assert (plan.ask.answer, plan.ask.required) == ("yes_break", True)
    assert [line.split()[1:3] for line in plan.ask.about] == [
        ["endpoint", "Hub"],
        ["endpoint", "bus"],
        ["data", "history"],
        ["data", "history"],
    ]
    assert keys(plan) == ["change-instance"]
    assert not any("One" in note for note in plan.notes)
    assert STEP.plan(IN_USE, WITHOUT, LINKED, {}, {"yes_break": False}).ask == plan.ask


def test_once_it_is_agreed_what_stops_working_is_noted() -> None:
    asked = STEP.plan(IN_USE, WITHOUT, LINKED, {}, {}).ask
    plan = STEP.plan(IN_USE, WITHOUT, LINKED, {}, {"yes_break": True})
    assert plan.ask is None
    assert asked is not None
    assert plan.notes[-4:] == asked.about
    assert keys(plan) == ["change-instance"]


@pytest.mark.parametrize(
    ("system", "users", "names"),
    [(False, None, ["Hub", "archive"]), (None, (), ["bus", "history"]), (None, (ONE,), []), (True, None, [])],
)
def test_only_what_uses_a_lost_identity_is_named(
    system: bool | None, users: tuple[str, ...] | None, names: list[str]
) -> None:
    desired = replace(DESIRED, system_identity=system, user_identities=users)
    ask = STEP.plan(IN_USE, desired, LINKED, {}, {}).ask
    about = [line.partition(" uses ")[0] for line in ask.about] if ask else []
    assert [line.rpartition(" ")[2] for line in about] == names


def test_the_fate_of_an_endpoint_depends_on_what_step_7_will_do() -> None:
    observed = replace(IN_USE, endpoints=endpoints(Hub=SYSTEM), connections=())
    recorded = record(by_others=(ENDPOINT.item("Hub"),))

    def fate(names: frozenset[str] | None, recorded_as_ours: bool = True) -> str:
        desired = replace(WITHOUT, endpoints=names)
        ask = STEP.plan(observed, desired, recorded if recorded_as_ours else NOTHING_RECORDED, {}, {}).ask
        assert ask is not None
        (line,) = ask.about
        return line

    again, deleted, broken = fate(frozenset({"hub"})), fate(frozenset()), fate(None)
    assert len({again, deleted, broken}) == 3
    assert fate(frozenset({"hub"}), recorded_as_ours=False) == again
    assert fate(frozenset(), recorded_as_ours=False) == broken
    connection = replace(observed, endpoints={}, connections=(DataHistoryConnection("Hub", SYSTEM),))
    ask = STEP.plan(connection, replace(WITHOUT, endpoints=frozenset({"hub"})), recorded, {}, {}).ask
    assert ask is not None
    assert ask.about[0].partition(": ")[2] == broken.partition(": ")[2]


def test_an_identity_of_ours_that_is_no_longer_desired_is_deleted_last() -> None:
    observed = ObservedInstance(with_identities(ONE), identity())
    plan = STEP.plan(observed, replace(DESIRED, user_identities=()), record(LINK, CREATED), {}, {})
    assert keys(plan) == ["change-instance", f"delete-identity:{ONE.lower()}"]
    delete = plan.changes[1]
    assert (delete.drift, delete.owns, delete.releases) == (Drift.LEFT_OVER, (), (CREATED,))
    assert delete.rights == (Right("Microsoft.ManagedIdentity/userAssignedIdentities/delete", ONE),)
    assert delete.az() == f"az identity delete --ids {ONE}"
    assert delete.title
    assert plan.ask is None


@pytest.mark.parametrize(
    ("desired", "recorded", "linked", "marked"),
    [
        (replace(DESIRED, user_identities=(ONE,)), (CREATED,), True, True),  # still desired
        (DESIRED, (CREATED,), False, True),  # not mentioned
        (replace(DESIRED, user_identities=()), (CREATED,), True, True),  # someone else gave it the instance
        (replace(DESIRED, user_identities=()), (CREATED,), False, False),  # its mark is gone
        (replace(DESIRED, user_identities=()), (), False, True),  # not recorded
        (replace(DESIRED, user_identities=()), (IDENTITY.item(TWO.lower()),), False, True),  # another is recorded
    ],
)
def test_another_identity_is_not_deleted(
    desired: DesiredInstance,
    recorded: tuple[str, ...],
    linked: bool,
    marked: bool,
) -> None:
    instance = with_identities(ONE) if linked else FOREIGN
    plan = STEP.plan(ObservedInstance(instance, identity(marked=marked)), desired, record(*recorded), {}, {})
    assert plan.changes == ()


def test_destroy_takes_from_an_adopted_instance_what_this_tool_set() -> None:
    instance = replace(with_identities(ONE, TWO, system=True), tags={"env": "dev", "owner": "them"})
    observed = ObservedInstance(instance, identity())
    desired = replace(
        DESIRED, tags={"env": "dev"}, public_network_access="Disabled", system_identity=True, user_identities=(ONE,)
    )
    tag = INSTANCE_TAG.item("env")
    plan = remove(observed, tag, LINK, CREATED, SYSTEM_IDENTITY.item(), desired=desired)
    assert keys(plan) == ["change-instance", f"delete-identity:{ONE.lower()}"]
    assert plan.changes[0].releases == (tag, LINK, SYSTEM_IDENTITY.item())
    assert plan.changes[0].owns == ()
    assert patch_of(plan.changes[0]) == {
        "tags": {"owner": "them"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {TWO: {}, ONE: None}},
    }
    assert (plan.vanished, plan.ask) == ((), None)
    assert plan.reason


def test_destroy_leaves_an_adopted_instance_what_others_set() -> None:
    observed = ObservedInstance(with_identities(ONE, system=True), identity())
    desired = replace(DESIRED, system_identity=True, user_identities=(ONE,), public_network_access="Disabled")
    assert remove(observed, desired=desired).changes == ()
    assert remove(observed, CREATED, desired=desired).changes == ()  # created by us, given by someone else


@pytest.mark.parametrize("marked", [True, False])
def test_destroy_deletes_only_identities_that_are_recorded_and_marked(marked: bool) -> None:
    for instance in (None, FOREIGN, MARKED):
        observed = ObservedInstance(instance, identity(marked=marked))
        deleted = [f"delete-identity:{ONE.lower()}"] if marked else []
        owned = (INSTANCE.item(),) if instance is MARKED else ()
        before = ["delete-instance"] if instance is MARKED else []
        plan = remove(observed, CREATED, *owned)
        assert keys(plan) == before + deleted
        assert len(plan.retained) == (0 if marked else 1)
        assert keys(remove(observed, *owned)) == before


def test_destroy_leaves_identities_that_something_of_others_uses() -> None:
    owned = (LINK, CREATED, SYSTEM_IDENTITY.item())
    both = replace(IN_USE, instance=with_identities(ONE, system=True))
    assert remove(both, *owned).changes == ()
    ours = replace(both, connections=())
    desired = replace(DESIRED, endpoints=frozenset({"hub", "bus"}))
    plan = remove(ours, *owned, desired=desired)
    assert keys(plan) == ["change-instance", f"delete-identity:{ONE.lower()}"]
    assert patch_of(plan.changes[0]) == {"identity": {"type": "None"}}
    plan = remove(ours, *owned, desired=replace(DESIRED, endpoints=frozenset({"bus"})))
    assert keys(plan) == ["change-instance", f"delete-identity:{ONE.lower()}"]
    assert patch_of(plan.changes[0]) == {"identity": {"type": "SystemAssigned"}}
    assert plan.changes[0].releases == (LINK,)
    plan = remove(replace(ours, connections=(DataHistoryConnection("hub", ONE.lower()),)), *owned, desired=desired)
    assert keys(plan) == ["change-instance"]
    assert plan.changes[0].releases == (SYSTEM_IDENTITY.item(),)


def test_an_instance_that_lost_its_mark_keeps_only_what_others_set() -> None:
    plan = remove(ObservedInstance(with_identities(ONE, system=True), identity()), INSTANCE.item(), *SWITCHED_ON.owned)
    assert keys(plan) == ["change-instance"]
    assert plan.changes[0].releases == (SYSTEM_IDENTITY.item(),)
    assert (plan.vanished, plan.adoptable) == ((), ())


def test_a_marked_instance_is_recognised_by_its_tag() -> None:
    spelled = replace(FOREIGN, tags={MARK.upper(): mark_value(TARGET.instance_id)})
    assert keys(remove(ObservedInstance(spelled), INSTANCE.item())) == ["delete-instance"]

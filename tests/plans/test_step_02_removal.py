"""What `destroy` plans for the instance, and the tags that it goes by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import Drift, Right
from engine.context import Removal
from steps.shared.event_routing import ENDPOINT, ROUTE, SENDS_TO, FoundEndpoint
from steps.shared.identities import IDENTITY, IDENTITY_LINK, SYSTEM_IDENTITY
from steps.shared.tags import FORMER_TAG, INSTANCE_TAG, MARK
from steps.step_02_instance.observed import Contents, ObservedInstance
from steps.step_02_instance.step import STEP
from tests.plans.facts import NOTHING_RECORDED, TARGET, keys, record
from tests.plans.instance_facts import (
    DESIRED,
    FOREIGN,
    ITEM,
    MARKED,
    ONE,
    OURS,
    RECORDED,
    identity,
)

ROUTING = (ENDPOINT.item("hub"), SENDS_TO.item("hub", "/a", ""), ROUTE.item("all"))


@pytest.mark.parametrize("state", ["Succeeded", "Deleting"])
def test_destroy_deletes_an_instance_that_is_recorded_and_marked(state: str) -> None:
    settings = (INSTANCE_TAG.item("env"), IDENTITY_LINK.item(ONE.lower()), SYSTEM_IDENTITY.item())
    recorded = record(ITEM, *settings, by_others=(*ROUTING, "application"))
    plan = STEP.remove(ObservedInstance(replace(MARKED, state=state)), DESIRED, recorded, {}, Removal())
    (change,) = plan.changes
    assert (change.key, change.drift, change.owns) == ("delete-instance", Drift.LEFT_OVER, ())
    assert sorted(change.releases) == sorted((ITEM, *settings, *ROUTING))
    assert change.rights == (Right("Microsoft.DigitalTwins/digitalTwinsInstances/delete", TARGET.instance_id),)
    assert change.az() == f"az resource delete --ids {TARGET.instance_id} --api-version 2023-01-31"
    assert change.title
    assert (plan.vanished, plan.adoptable) == ((), ())


def test_others_endpoints_that_are_deleted_with_the_instance_are_named() -> None:
    endpoints = {
        name.lower(): FoundEndpoint(
            name=name, type="EventHub", identity=None, destination=(), dead_letter=(), state="Succeeded"
        )
        for name in ("Theirs", "hub")
    }
    observed = ObservedInstance(MARKED, endpoints=endpoints)
    (note,) = STEP.remove(observed, DESIRED, record(ITEM, by_others=ROUTING), {}, Removal()).notes
    assert "Theirs" in note
    assert "hub" not in note


def test_destroy_leaves_a_tag_that_has_another_value_by_now() -> None:
    desired = replace(DESIRED, tags={"env": "dev", "team": "apes"})
    recorded = record(INSTANCE_TAG.item("env"), INSTANCE_TAG.item("team"))
    instance = replace(FOREIGN, tags={"env": "theirs", "team": "apes"})
    plan = STEP.remove(ObservedInstance(instance), desired, recorded, {}, Removal())
    (change,) = plan.changes
    assert (change.releases, plan.vanished) == ((INSTANCE_TAG.item("team"),), (INSTANCE_TAG.item("env"),))


def test_destroy_keeps_a_recorded_instance_whose_mark_is_gone() -> None:
    plan = STEP.remove(ObservedInstance(FOREIGN), DESIRED, RECORDED, {}, Removal())
    assert (plan.changes, plan.vanished, plan.adoptable) == ((), (), ())
    assert plan.reason != STEP.remove(ObservedInstance(FOREIGN), DESIRED, NOTHING_RECORDED, {}, Removal()).reason


def test_destroy_keeps_a_marked_instance_that_is_not_recorded() -> None:
    plan = STEP.remove(ObservedInstance(MARKED, identity()), DESIRED, NOTHING_RECORDED, {}, Removal())
    assert (plan.changes, plan.adoptable) == ((), (ITEM, IDENTITY.item(ONE.lower())))
    assert plan.reason


def test_destroy_tags_nothing_that_is_not_recorded() -> None:
    earlier = ObservedInstance(replace(FOREIGN, tags={FORMER_TAG: MARK}))
    assert STEP.remove(earlier, DESIRED, NOTHING_RECORDED, {}, Removal()).changes == ()


def test_destroy_without_an_instance_forgets_what_was_in_it_and_deletes_our_identities() -> None:
    recorded = record(ITEM, IDENTITY.item(ONE.lower()), INSTANCE_TAG.item("env"), by_others=(*ROUTING, "application"))
    plan = STEP.remove(ObservedInstance(None, identity()), DESIRED, recorded, {}, Removal())
    assert keys(plan) == [f"delete-identity:{ONE.lower()}"]
    assert sorted(plan.vanished) == sorted((ITEM, INSTANCE_TAG.item("env"), *ROUTING))
    assert plan.reason


@pytest.mark.parametrize(
    ("tags", "deleted"),
    [
        ({FORMER_TAG: MARK}, True),
        ({**OURS, FORMER_TAG: "olivia@contoso.com"}, True),
        ({MARK: "0123abcd", FORMER_TAG: MARK}, False),  # another deployment's
        ({"Created-By": "olivia@contoso.com"}, False),
        ({}, False),
    ],
)
def test_destroy_goes_by_either_tag_and_says_what_it_keeps(tags: dict[str, str], deleted: bool) -> None:
    plan = STEP.remove(ObservedInstance(replace(FOREIGN, tags=tags)), DESIRED, record(ITEM), {}, Removal())
    assert (keys(plan), len(plan.retained)) == ((["delete-instance"], 0) if deleted else ([], 1))
    assert not STEP.remove(ObservedInstance(FOREIGN), DESIRED, NOTHING_RECORDED, {}, Removal()).retained


def test_our_instance_of_an_earlier_version_gets_the_new_tag_which_is_no_drift() -> None:
    observed = ObservedInstance(replace(FOREIGN, tags={FORMER_TAG: MARK}))
    (change,) = STEP.plan(observed, DESIRED, record(ITEM), {}, {}).changes
    assert (change.key, change.drift) == ("change-instance", Drift.NONE)
    (change,) = STEP.plan(observed, replace(DESIRED, tags={"env": "dev"}), record(ITEM), {}, {}).changes
    assert change.drift is Drift.DIFFERS
    assert STEP.plan(ObservedInstance(MARKED), DESIRED, record(ITEM), {}, {}).changes == ()
    foreign = ObservedInstance(replace(FOREIGN, tags={FORMER_TAG: "somebody"}))
    assert STEP.plan(foreign, DESIRED, record(ITEM), {}, {}).changes == ()


def test_what_goes_with_the_instance_is_counted_where_it_can_be() -> None:
    observed = ObservedInstance(MARKED, contents=Contents(1234, 1, 0))
    (note,) = STEP.remove(observed, DESIRED, RECORDED, {}, Removal()).notes
    assert all(count in note for count in ("1,234 models", "1 twin "))
    assert "route" not in note
    (note,) = STEP.remove(replace(observed, contents=Contents(7, 8, 9)), DESIRED, RECORDED, {}, Removal()).notes
    assert [character for character in note if character.isdigit()] == ["7", "8", "9"]
    (note,) = STEP.remove(replace(observed, contents=Contents(0, 8, 0)), DESIRED, RECORDED, {}, Removal()).notes
    assert note.split()[0] == "8"
    for contents in (Contents(0, 0, 0), Contents(0, 1, 0), Contents(0, 0, 2)):
        told = STEP.remove(replace(observed, contents=contents), DESIRED, RECORDED, {}, Removal()).notes
        assert len(told) == (contents.twins + contents.routes > 0)
    (unknown,) = STEP.remove(ObservedInstance(MARKED), DESIRED, RECORDED, {}, Removal()).notes
    assert not any(character.isdigit() for character in unknown)

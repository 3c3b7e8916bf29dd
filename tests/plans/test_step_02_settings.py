"""The plans of an instance's tags, network access and identities."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

from engine.change import AnyChange, Drift, Right
from engine.record import Record
from engine.refusal import Refusal
from engine.step import Plan
from steps.shared.event_routing import SYSTEM
from steps.shared.identities import IDENTITY, IDENTITY_LINK, SYSTEM_IDENTITY
from steps.shared.instance import Instance
from steps.shared.tags import INSTANCE_TAG, MARK, mark_tags, mark_value
from steps.step_02_instance.inputs import DesiredInstance
from steps.step_02_instance.observed import ObservedInstance, UserIdentity
from steps.step_02_instance.step import STEP
from tests.plans.facts import NAMES, NOTHING_RECORDED, TARGET, given, keys, record
from tests.plans.instance_facts import DESIRED, FOREIGN, FREE, ITEM, ONE, TWO, WRITE, identity

ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
LINKED = record(IDENTITY_LINK.item(ONE.lower()))
SWITCHED_ON = record(SYSTEM_IDENTITY.item())


def with_identities(*identifiers: str, system: bool = False) -> Instance:
    """An instance with these user-assigned identities; the principal of the first is p1."""
    principals = {identifier.lower(): f"p{number}" for number, identifier in enumerate(identifiers, 1)}
    if system:
        principals[SYSTEM] = "p0"
    return replace(FOREIGN, principals=principals, user_identities={one.lower(): one for one in identifiers})


def plan(
    instance: Instance,
    desired: DesiredInstance,
    recorded: Record = NOTHING_RECORDED,
    identities: dict[str, UserIdentity] | None = None,
) -> Plan:
    return STEP.plan(ObservedInstance(instance, identities or {}), desired, recorded, {}, {})


def patch_of(change: AnyChange) -> object:
    """The body that a person would send."""
    words = shlex.split(change.az())
    assert words[:5] == ["az", "rest", "--method", "patch", "--url"]
    assert words[5] == f"{TARGET.instance_id}?api-version=2023-01-31"
    assert words[8:] == [
        *("&&", "az", "resource", "wait", "--ids", TARGET.instance_id, "--api-version", "2023-01-31"),
        *("--updated", "--interval", "5"),
    ]
    return json.loads(words[7])


def test_tags_are_set_and_removed_and_those_of_others_kept() -> None:
    instance = replace(FOREIGN, tags={"owner": "them", "Env": "prod", "Old": "1"})
    recorded = record(INSTANCE_TAG.item("old"), INSTANCE_TAG.item("env"))
    (change,) = plan(instance, replace(DESIRED, tags={"env": "dev"}), recorded).changes
    assert (change.key, change.drift) == ("change-instance", Drift.DIFFERS)
    assert (change.owns, change.releases) == ((), (INSTANCE_TAG.item("old"),))
    assert change.rights == (Right(WRITE, TARGET.instance_id),)
    assert patch_of(change) == {"tags": {"owner": "them", "Env": "dev"}}
    assert change.title
    assert plan(instance, DESIRED, recorded).changes == ()


@pytest.mark.parametrize("access", ["Enabled", "Disabled"])
def test_network_access_is_switched(access: str) -> None:
    (change,) = plan(replace(FOREIGN, access="other"), replace(DESIRED, public_network_access=access)).changes
    assert patch_of(change) == {"properties": {"publicNetworkAccess": access}}
    assert (change.drift, change.owns, change.releases) == (Drift.DIFFERS, (), ())
    same = replace(FOREIGN, access=access)
    assert plan(same, replace(DESIRED, public_network_access=access)).changes == ()
    assert plan(same, DESIRED).changes == ()


def test_the_verb_of_network_access_is_its_switch() -> None:
    titles = {
        plan(replace(FOREIGN, access=""), replace(DESIRED, public_network_access=access)).changes[0].title
        for access in ("Enabled", "Disabled")
    }
    assert len(titles) == 2


def test_the_system_identity_is_switched_on() -> None:
    (change,) = plan(FOREIGN, replace(DESIRED, system_identity=True)).changes
    assert patch_of(change) == {"identity": {"type": "SystemAssigned"}}
    assert (change.owns, change.releases) == ((SYSTEM_IDENTITY.item(),), ())
    assert change.rights == (Right(WRITE, TARGET.instance_id),)
    assert [(one.before, one.after) for one in change.differences] == [("off", "on")]


@pytest.mark.parametrize("recorded", [NOTHING_RECORDED, SWITCHED_ON])
def test_the_system_identity_is_switched_off_whoever_switched_it_on(recorded: Record) -> None:
    (change,) = plan(with_identities(TWO, system=True), replace(DESIRED, system_identity=False), recorded).changes
    assert patch_of(change) == {"identity": {"type": "UserAssigned", "userAssignedIdentities": {TWO: {}}}}
    assert (change.owns, change.releases) == ((), (SYSTEM_IDENTITY.item(),))
    assert [(one.before, one.after) for one in change.differences] == [("on", "off")]


@pytest.mark.parametrize(("system", "desired"), [(True, True), (True, None), (False, False), (False, None)])
def test_the_system_identity_stays(system: bool, desired: bool | None) -> None:
    assert plan(with_identities(system=system), replace(DESIRED, system_identity=desired)).changes == ()


def test_an_identity_is_added_beside_those_of_others() -> None:
    desired = replace(DESIRED, user_identities=(ONE,))
    (change,) = plan(with_identities(TWO, system=True), desired, identities=identity()).changes
    users: dict[str, object] = {ONE: {}, TWO: {}}
    assert patch_of(change) == {"identity": {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": users}}
    assert (change.owns, change.releases) == ((IDENTITY_LINK.item(ONE.lower()),), ())
    assert change.rights == (Right(WRITE, TARGET.instance_id), Right(ASSIGN, ONE))
    assert [(one.before, one.after) for one in change.differences] == [("", "One")]


def test_an_identity_that_is_there_is_left_as_azure_spells_it() -> None:
    desired = replace(DESIRED, user_identities=(ONE.upper(),))
    assert plan(with_identities(ONE), desired, identities=identity()).changes == ()
    assert plan(with_identities(ONE), desired, LINKED, identity()).changes == ()


def test_an_identity_that_was_created_anew_is_linked_anew() -> None:
    desired = replace(DESIRED, user_identities=(ONE,))
    (change,) = plan(with_identities(ONE), desired, identities=identity(principal="p9")).changes
    assert patch_of(change) == {"identity": {"type": "UserAssigned", "userAssignedIdentities": {ONE: {}}}}
    assert change.owns == ()
    assert change.rights == (Right(WRITE, TARGET.instance_id), Right(ASSIGN, ONE))


def test_an_identity_that_vanished_is_created_and_linked_anew() -> None:
    desired = replace(DESIRED, user_identities=(ONE,), create_identities=True)
    found = plan(replace(with_identities(ONE), location="West Europe"), desired)
    assert keys(found) == [f"create-identity:{ONE.lower()}", "change-instance"]
    create = found.changes[0]
    assert (create.drift, create.releases) == (Drift.MISSING, ())
    assert create.owns == (IDENTITY.item(ONE.lower()),)
    assert create.rights == (Right("Microsoft.ManagedIdentity/userAssignedIdentities/write", ONE),)
    assert create.az() == (
        f"az identity create --subscription {TARGET.subscription} --resource-group twins --name One "
        f"--location westeurope --tags {MARK}={mark_value(TARGET.instance_id)}"
    )
    assert create.title
    assert found.changes[1].owns == ()
    tagged = plan(replace(with_identities(ONE), location="West Europe"), replace(desired, tags={"env": "dev"}))
    assert tagged.changes[0].az().endswith(f" --tags {MARK}={mark_value(TARGET.instance_id)} env=dev")


def test_a_missing_identity_is_refused_unless_it_may_be_created() -> None:
    desired = replace(DESIRED, user_identities=(ONE, TWO))
    for observed in (ObservedInstance(FOREIGN, identity(TWO)), replace(FREE, identities=identity(TWO))):
        with pytest.raises(Refusal) as refused:
            STEP.plan(observed, desired, NOTHING_RECORDED, {}, {})
        assert refused.value.exit_code == 2
        assert ONE in refused.value.what
        assert TWO not in refused.value.what


def test_a_new_instance_has_all_its_settings() -> None:
    desired = replace(
        DESIRED, tags={"env": "dev"}, public_network_access="Disabled", system_identity=True, user_identities=(ONE,)
    )
    (change,) = STEP.plan(replace(FREE, identities=identity()), desired, LINKED, {}, {}).changes
    assert json.loads(shlex.split(change.az())[-1]) == {
        "location": "westus2",
        "tags": {**mark_tags(TARGET.instance_id), "env": "dev"},
        "properties": {"publicNetworkAccess": "Disabled"},
        "identity": {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {ONE: {}}},
    }
    links = (IDENTITY_LINK.item(ONE.lower()), SYSTEM_IDENTITY.item())
    assert change.owns == (ITEM, INSTANCE_TAG.item("env"), *links)
    assert change.rights == (Right(WRITE, TARGET.group_id), Right(ASSIGN, ONE))
    assert change.title


@pytest.mark.parametrize(
    ("before", "desired", "after"),
    [
        (FOREIGN, {"user_identities": (ONE,)}, {"type": "UserAssigned", "userAssignedIdentities": {ONE: {}}}),
        (with_identities(system=True), {"system_identity": False}, {"type": "None"}),
        (with_identities(system=True), {}, {"type": "SystemAssigned"}),
    ],
)
def test_an_instance_that_is_created_again_has_its_identities_and_no_others(
    before: Instance, desired: dict[str, Any], after: object
) -> None:
    (change,) = plan(replace(before, state="Failed"), replace(DESIRED, **desired), identities=identity()).changes
    assert json.loads(shlex.split(change.az())[-1])["identity"] == after


def test_only_identities_that_this_tool_gave_are_removed() -> None:
    desired = replace(DESIRED, user_identities=())
    (change,) = plan(with_identities(ONE, TWO), desired, LINKED).changes
    users: dict[str, object] = {TWO: {}, ONE: None}
    assert patch_of(change) == {"identity": {"type": "UserAssigned", "userAssignedIdentities": users}}
    assert (change.owns, change.releases) == ((), (IDENTITY_LINK.item(ONE.lower()),))
    (change,) = plan(with_identities(ONE), desired, LINKED).changes
    assert patch_of(change) == {"identity": {"type": "None"}}
    assert plan(with_identities(ONE), desired).changes == ()
    assert plan(with_identities(ONE), DESIRED, LINKED).changes == ()
    assert plan(FOREIGN, desired, LINKED).changes == ()


def test_the_network_is_closed_by_a_write_of_its_own_that_comes_last() -> None:
    """Tags and identities can be written through a closed network; routes, of another step, can't."""
    found = plan(
        replace(FOREIGN, access="Enabled"), replace(DESIRED, tags={"a": "b"}, public_network_access="Disabled")
    )
    assert [(change.key, change.last) for change in found.changes] == [
        ("change-instance", False),
        ("close-network", True),
    ]
    assert [one.name for change in found.changes for one in change.differences] == ["tag a", "public network access"]
    assert found.changes[1].differences[0].before == "Enabled"
    assert found.notes
    assert set(found.changes[1].requires) == {"routes", "models", "private_endpoint"}
    opened = plan(replace(FOREIGN, access="Disabled"), replace(DESIRED, public_network_access="Enabled"))
    assert [(change.key, change.last) for change in opened.changes] == [("change-instance", False)]


@pytest.mark.parametrize(
    ("inside", "is_filled"),
    [
        ({}, False),
        ({"models": []}, False),
        ({"models": ["m"]}, True),
        ({"route": [{"name": "r", "endpoint": "e"}]}, True),
    ],
)
@pytest.mark.parametrize("observed", [FREE, ObservedInstance(replace(FOREIGN, state="Failed", access="Enabled"))])
def test_a_new_instance_is_closed_at_once_unless_something_is_written_into_it(
    inside: dict[str, Any], observed: ObservedInstance, *, is_filled: bool
) -> None:
    desired = STEP.desired(given(public_network_access="disabled", **inside), TARGET, NAMES)
    create, *close = STEP.plan(observed, desired, NOTHING_RECORDED, {}, {}).changes
    assert create.key == "create-instance"
    assert ("Disabled" in create.az()) is not is_filled
    assert [(change.key, change.last) for change in close] == ([("close-network", True)] if is_filled else [])
    assert all(change.differences[0].before == "Enabled" for change in close)
    assert all(TARGET.instance in change.title.lower() for change in close)

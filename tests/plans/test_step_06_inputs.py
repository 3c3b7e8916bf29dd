"""The roles that the endpoints need."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.identifiers import Role
from engine.input import Given, Lookup, Value
from steps.shared.event_routing import SYSTEM
from steps.shared.names import Names
from steps.step_06_destination_roles.inputs import DesiredDestinationRoles, RequiredRole
from steps.step_06_destination_roles.step import STEP
from tests.plans.destination_facts import (
    BUS,
    HUB,
    NOT_MENTIONED,
    ON_BUS,
    ON_DEAD,
    ON_HUB,
    OWN,
    TO_BUS,
    TO_HUB,
    WITH_DEAD,
    desired,
)
from tests.plans.facts import ADA, NAMES, TARGET, given

HUB_ITEM = {"name": "hub", "type": "eventhub", "destination": "ns/Hub"}
BUS_ITEM = {"name": "bus", "type": "servicebus", "destination": "ns/topic", "identity": "Own"}


def desire(*endpoints: dict[str, str], **values: Value) -> DesiredDestinationRoles:
    inputs = {"endpoint": list(endpoints), **values}
    return STEP.desired({name: Given(value, "--flag") for name, value in inputs.items()}, TARGET, NAMES)


def test_without_endpoints_nothing_is_desired() -> None:
    assert STEP.desired({}, TARGET, NAMES) == NOT_MENTIONED
    assert NOT_MENTIONED.roles == ()
    assert STEP.settled(NOT_MENTIONED) == {}


def test_endpoints_need_the_usual_roles() -> None:
    wish = desire({**HUB_ITEM, "dead_letter": "acc/Dead"}, BUS_ITEM)
    assert wish.endpoints == (WITH_DEAD, TO_BUS)
    assert wish.roles == (ON_HUB, ON_DEAD, ON_BUS)
    assert wish.target == TARGET


def test_the_identities_are_those_that_the_inputs_give_the_instance() -> None:
    assert desire().identities == frozenset()
    assert desire(system_identity=True).identities == {SYSTEM}
    assert desire(system_identity=False, user_identity=["Own"]).identities == {OWN.lower()}
    assert desire(system_identity=True, user_identity=["Own"]).identities == {SYSTEM, OWN.lower()}


@pytest.mark.parametrize("role_id", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"])
def test_a_given_role_is_looked_up_where_the_destination_is_and_must_allow_to_send(role_id: str) -> None:
    custom = Role("Sends", role_id)
    inputs = given(endpoint=[{**HUB_ITEM, "role": "Sends"}, {**BUS_ITEM, "role": "Sends"}])
    assert set(STEP.lookups(inputs, TARGET)) == {Lookup("role", "Sends", TARGET.group_id)}
    names = Names(ADA, roles={("Sends", TARGET.group_id): custom})
    assert STEP.desired(inputs, TARGET, names).roles == (
        RequiredRole(SYSTEM, HUB, custom, "hub", "Microsoft.EventHub/namespaces/messages/send/action"),
        RequiredRole(OWN, BUS, custom, "bus", "Microsoft.ServiceBus/namespaces/messages/send/action"),
    )


def test_keys_and_none_need_no_role() -> None:
    assert desire({**HUB_ITEM, "auth": "key"}, {**BUS_ITEM, "role": "none"}).roles == ()


def test_a_role_that_several_endpoints_need_is_required_once() -> None:
    again = replace(TO_HUB, name="again", destination=HUB.upper())
    other = replace(TO_BUS, name="other", identity=OWN.upper())
    assert desired(TO_HUB, again, TO_BUS, other).roles == (ON_HUB, ON_BUS)

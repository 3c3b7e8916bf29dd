"""How endpoints and routes that exist compare with those desired, and what inputs ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.identifiers import Role
from engine.input import Lookup, Value
from engine.refusal import BadInput
from steps.shared.event_routing import (
    ENDPOINT,
    ROUTE,
    SENDS_TO,
    SYSTEM,
    Endpoint,
    FoundEndpoint,
    Route,
    agrees,
    desired_endpoints,
    endpoint_differences,
    endpoint_lookups,
    leaving,
    owned_endpoint_items,
    same_kind,
    unrecorded_as_desired,
    vanished_and_confirmed,
)
from steps.shared.names import Names
from tests.plans.facts import ADA, NAMES, TARGET, given, remembered
from tests.plans.routing_facts import (
    BUS,
    CONTAINER_ID,
    FOUND_BUS,
    FOUND_GRID,
    FOUND_HUB,
    GRID,
    GRID_ID,
    HUB,
    HUB_ID,
    IDENTITY_ID,
    PROVIDERS,
    TOPIC_ID,
    existing,
    in_state,
)

OTHER_HUB = replace(HUB, destination=HUB_ID.replace("Twins", "other"))
OTHER_TOPIC = replace(BUS, destination=TOPIC_ID.replace("twins", "other"))
CUSTOM = Role("Contoso Sender", "c0000000-0000-0000-0000-000000000000")


def endpoint(**fields: str) -> dict[str, str]:
    return {"name": "hub", "type": "eventhub", "destination": "Events/Twins", **fields}


def items(*some: dict[str, str]) -> list[dict[str, str]]:
    return list(some)


def desired(*some: dict[str, str]) -> tuple[Endpoint, ...] | None:
    return desired_endpoints(given(endpoint=items(*some)), TARGET, NAMES)


def test_endpoints_are_given_by_short_names_and_get_the_sender_role() -> None:
    assert desired(endpoint(dead_letter="letters/dead")) == (HUB,)
    bus = {"name": "bus", "type": "servicebus", "destination": TOPIC_ID}
    assert desired({**bus, "auth": "key", "dead_letter": CONTAINER_ID}) == (BUS,)
    (by_identity,) = desired({**bus, "auth": "identity", "identity": "Sender"}) or ()
    assert (by_identity.identity, by_identity.dead_letter) == (IDENTITY_ID, "")
    assert by_identity.role == Role("Azure Service Bus Data Sender", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39")
    grid = {"name": "grid", "type": "eventgrid", "destination": "grid-topic"}
    assert desired(grid, {**grid, "auth": "key"}) == (GRID, GRID)


def test_no_endpoints_are_something_else_than_none_mentioned() -> None:
    assert desired_endpoints({}, TARGET, NAMES) is None
    assert desired() == ()


def test_a_role_is_looked_up_where_its_destination_is() -> None:
    scope = "/subscriptions/other/resourceGroups/shared"
    item = endpoint(role="Contoso Sender", destination=HUB_ID.replace(TARGET.group_id, scope))
    lookup = Lookup("role", "Contoso Sender", scope)
    inputs: Value = items(item, endpoint(role="none"), endpoint(), endpoint(auth="key"))
    assert endpoint_lookups(given(endpoint=inputs), TARGET) == (lookup,)
    assert endpoint_lookups(remembered(endpoint=inputs), TARGET) == (replace(lookup, remembered=True),)
    assert endpoint_lookups({}, TARGET) == ()
    names = Names(ADA, roles={("Contoso Sender", scope): CUSTOM})
    found = desired_endpoints(given(endpoint=inputs), TARGET, names) or ()
    assert [each.role for each in found] == [CUSTOM, None, HUB.role, None]


@pytest.mark.parametrize(
    "item",
    [
        {"name": "grid", "type": "eventgrid", "destination": "grid-topic", "auth": "identity"},
        endpoint(auth="key", identity="sender"),
        endpoint(auth="key", role="none"),
        {"name": "grid", "type": "eventgrid", "destination": "grid-topic", "identity": "sender"},
        endpoint(destination="Twins"),
        endpoint(destination=TOPIC_ID, role="Contoso Sender"),
    ],
)
def test_endpoints_that_contradict_themselves(item: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        desired(item)
    if "role" in item or item["type"] == "eventgrid":
        with pytest.raises(BadInput):
            endpoint_lookups(given(endpoint=items(item)), TARGET)


@pytest.mark.parametrize("fields", [{"identity": "a/b"}, {"dead_letter": "letters"}])
def test_names_that_stand_for_no_resource(fields: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        desired(endpoint(**fields))
    assert refused.value.exit_code == 2


def test_what_is_recorded_of_an_endpoint() -> None:
    assert HUB.owns == ("endpoint:hub",)
    assert BUS.owns == ("endpoint:bus", f"sends:bus:{TOPIC_ID.lower()}:{CONTAINER_ID.lower()}")
    assert GRID.owns == ("endpoint:grid", f"sends:grid:{GRID_ID.lower()}:")
    others = ("endpoint:bus2", "sends:bus2:x:", "sends:b:us:", "route:bus", "role-assignment:/x")
    assert owned_endpoint_items("bus", {*BUS.owns, *others}) == BUS.owns
    assert owned_endpoint_items("hub", others) == ()


def test_only_some_endpoints_use_an_authorization_rule() -> None:
    assert [each.uses_rule for each in (HUB, BUS, GRID)] == [False, True, False]


def test_the_type_and_the_way_of_authentication_stay() -> None:
    assert same_kind(FOUND_HUB, HUB)
    assert same_kind(FOUND_BUS, BUS)
    assert not same_kind(FOUND_HUB, replace(HUB, identity=None))
    assert not same_kind(replace(FOUND_HUB, identity=None), HUB)
    assert not same_kind(FOUND_HUB, replace(HUB, type="ServiceBus"))


@pytest.mark.parametrize(
    ("found", "endpoint", "expected"),
    [
        (FOUND_HUB, HUB, True),
        (FOUND_HUB, OTHER_HUB, False),
        (FOUND_HUB, replace(HUB, dead_letter=""), False),
        (replace(FOUND_HUB, dead_letter=()), HUB, False),
        (replace(FOUND_HUB, dead_letter=()), replace(HUB, dead_letter=""), True),
        (FOUND_HUB, replace(HUB, identity=IDENTITY_ID), False),
        (replace(FOUND_HUB, identity=IDENTITY_ID.lower()), replace(HUB, identity=IDENTITY_ID), True),
        (replace(FOUND_HUB, identity=IDENTITY_ID.lower()), HUB, False),
        (FOUND_GRID, GRID, True),
        (FOUND_GRID, replace(GRID, destination=GRID_ID.replace("grid-topic", "other")), False),
        (FOUND_BUS, BUS, True),
        (FOUND_HUB, replace(HUB, identity=None), False),
    ],
)
def test_an_endpoint_is_as_desired_as_far_as_azure_tells(
    found: FoundEndpoint, endpoint: Endpoint, expected: bool
) -> None:
    assert agrees(found, endpoint, ()) is expected


def test_where_a_key_based_endpoint_sends_is_known_from_the_record() -> None:
    assert agrees(FOUND_BUS, BUS, BUS.owns)
    assert not agrees(FOUND_BUS, BUS, OTHER_TOPIC.owns)
    assert not agrees(FOUND_BUS, replace(BUS, dead_letter=""), BUS.owns)
    assert not agrees(FOUND_BUS, BUS, (*BUS.owns, *OTHER_TOPIC.owns))
    assert agrees(FOUND_BUS, BUS, replace(OTHER_TOPIC, name="other").owns)


@pytest.mark.parametrize(("found", "endpoint"), [(FOUND_BUS, HUB), (FOUND_HUB, BUS)])
def test_how_an_endpoint_signs_in_is_told_before_and_after(found: FoundEndpoint, endpoint: Endpoint) -> None:
    difference = endpoint_differences(found, endpoint)[0]
    assert difference.before
    assert difference.after


def test_what_would_be_recorded_of_endpoints_that_nobody_owns() -> None:
    both = existing(FOUND_HUB, FOUND_BUS)
    assert list(unrecorded_as_desired(both, (HUB, BUS, GRID), ())) == [*HUB.owns, *BUS.owns]
    assert list(unrecorded_as_desired(both, (HUB, BUS), HUB.owns)) == [*BUS.owns]
    assert list(unrecorded_as_desired(both, (OTHER_HUB,), ())) == []
    assert list(unrecorded_as_desired(existing(in_state(FOUND_HUB, "Deleting")), (HUB,), ())) == []
    spelled = existing(replace(FOUND_HUB, name="Hub"))
    assert list(unrecorded_as_desired(spelled, (replace(HUB, name="HUB"),), ())) == ["endpoint:Hub"]


def test_which_endpoints_are_to_be_deleted() -> None:
    exist = existing(FOUND_HUB, FOUND_BUS, in_state(FOUND_GRID, "Failed"))
    owned = {*HUB.owns, *BUS.owns, *GRID.owns}
    assert leaving(exist, (HUB, BUS), owned).keys() == {"grid"}
    assert leaving(exist, (HUB, BUS, GRID), owned).keys() == {"grid"}
    assert leaving(exist, (), owned).keys() == {"hub", "bus", "grid"}
    assert leaving(exist, (), HUB.owns).keys() == {"hub"}
    assert leaving(exist, None, owned) == {}
    assert leaving(exist, (replace(HUB, name="HUB", identity=None), BUS, GRID), owned).keys() == {"hub", "grid"}
    for state, names in (("Canceled", {"hub"}), ("Updating", set()), ("Deleting", set()), ("Succeeded", set())):
        assert leaving(existing(in_state(FOUND_HUB, state)), (HUB,), owned).keys() == names
    assert len({*leaving(exist, (replace(HUB, type="ServiceBus"), GRID), owned).values()}) == 3


def test_what_vanished_and_what_is_confirmed() -> None:
    owned = {*HUB.owns, *BUS.owns, ROUTE.item("all"), "role-assignment:/x", SENDS_TO.item("lost", "x", "")}
    confirmed = ("endpoint:hub", "route:all", "sends:lost:x:")
    assert vanished_and_confirmed(existing(replace(FOUND_HUB, name="Hub")), owned) == (BUS.owns, confirmed)
    assert vanished_and_confirmed({}, ()) == ((), ())


def test_routes_agree_in_endpoint_and_filter() -> None:
    route = Route("all", "hub")
    assert route.filter == "true"
    assert route.agrees_with(Route("all", "Hub", "true"))
    assert not route.agrees_with(Route("all", "bus"))
    assert not route.agrees_with(Route("all", "hub", "false"))


def test_the_kinds_are_recorded_as_ever() -> None:
    assert (SYSTEM, ENDPOINT.item("a"), ROUTE.item("b")) == ("SystemAssigned", "endpoint:a", "route:b")
    assert not SENDS_TO.shown
    assert GRID.kind.type == "EventGrid"
    assert PROVIDERS in IDENTITY_ID

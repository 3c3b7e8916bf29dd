"""The kinds of destinations, and their resource ids."""

from __future__ import annotations

import pytest

from cloud.identifiers import built_in_role
from engine.refusal import BadInput
from steps.shared.destinations import (
    BY_INPUT_NAME,
    CONTAINER,
    DESTINATIONS,
    EVENT_GRID,
    EVENT_HUB,
    SERVICE_BUS,
    USER_IDENTITY,
    ResourceKind,
    names,
    parent,
    required_id,
    resource_id,
    short_name,
)
from tests.plans.facts import TARGET

GROUP = TARGET.group_id
KINDS = (
    (EVENT_HUB, "ns/hub", "/providers/Microsoft.EventHub/namespaces/ns/eventhubs/hub"),
    (SERVICE_BUS, "ns/topic", "/providers/Microsoft.ServiceBus/namespaces/ns/topics/topic"),
    (EVENT_GRID, "topic", "/providers/Microsoft.EventGrid/topics/topic"),
    (CONTAINER, "acc/dead", "/providers/Microsoft.Storage/storageAccounts/acc/blobServices/default/containers/dead"),
    (USER_IDENTITY, "own", "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/own"),
)


def test_kinds_are_found_by_azures_name_and_by_that_of_the_input() -> None:
    assert DESTINATIONS == {"EventHub": EVENT_HUB, "ServiceBus": SERVICE_BUS, "EventGrid": EVENT_GRID}
    assert BY_INPUT_NAME == {"eventhub": EVENT_HUB, "servicebus": SERVICE_BUS, "eventgrid": EVENT_GRID}


def test_only_event_grid_takes_no_identity() -> None:
    assert [kind for kind in DESTINATIONS.values() if not kind.allows_identity] == [EVENT_GRID]
    assert [kind for kind in DESTINATIONS.values() if not kind.has_rules] == [EVENT_GRID]


def test_an_endpoint_gets_both_keys_of_its_destination() -> None:
    """Azure goes on sending by one while the other is regenerated."""
    for kind in DESTINATIONS.values():
        properties, fields = zip(*kind.key_properties, strict=True)
        assert (len({*properties}), len({*fields})) == (2, 2)


def test_what_lets_an_identity_send_is_built_in() -> None:
    for kind in (EVENT_HUB, SERVICE_BUS, CONTAINER):
        assert built_in_role(kind.sender_role)


@pytest.mark.parametrize(("kind", "short", "path"), KINDS)
def test_an_id_is_given_in_short_or_in_full(kind: ResourceKind, short: str, path: str) -> None:
    assert resource_id(kind, short, GROUP) == GROUP + path
    other = f"/SUBSCRIPTIONS/other/resourcegroups/elsewhere{path.upper()}"
    assert resource_id(kind, other, GROUP) == other
    assert required_id(kind, other, GROUP, "this") == other
    assert names(kind, GROUP + path) == tuple(short.split("/"))
    assert short_name(kind, GROUP + path) == short
    assert short_name(kind, parent(kind, GROUP + path)) == short.split("/", maxsplit=1)[0]
    assert len(kind.short_form.split("/")) == len(short.split("/"))


@pytest.mark.parametrize(
    "named",
    [
        "hub",
        "ns/hub/more",
        "ns/a hub",
        "ns/",
        "/hub",
        f"{GROUP}/providers/Microsoft.EventHub/namespaces/ns",
        f"{GROUP}/providers/Microsoft.EventHub/namespaces/ns/eventhubs/hub/consumergroups/all",
        f"{GROUP}/providers/Microsoft.EventHub/namespaces/ns/eventhubs/",
        f"{GROUP}/providers/Microsoft.ServiceBus/namespaces/ns/topics/topic",
        f"{TARGET.subscription_id}/providers/Microsoft.EventHub/namespaces/ns/eventhubs/hub",
        f"x{GROUP}/providers/Microsoft.EventHub/namespaces/ns/eventhubs/hub",
        f"{GROUP}/providers/MicrosoftxEventHub/namespaces/ns/eventhubs/hub",
    ],
)
def test_what_is_neither_is_refused(named: str) -> None:
    assert resource_id(EVENT_HUB, named, GROUP) is None
    with pytest.raises(BadInput) as refusal:
        required_id(EVENT_HUB, named, GROUP, "Endpoint hub: destination")
    assert refusal.value.exit_code == 2
    assert refusal.value.what.startswith("Endpoint hub: destination: ")
    assert refusal.value.next


@pytest.mark.parametrize(
    ("kind", "short", "above"),
    [
        (EVENT_HUB, "ns/hub", "/providers/Microsoft.EventHub/namespaces/ns"),
        (SERVICE_BUS, "ns/topic", "/providers/Microsoft.ServiceBus/namespaces/ns"),
        (CONTAINER, "acc/dead", "/providers/Microsoft.Storage/storageAccounts/acc"),
        (EVENT_GRID, "topic", "/providers/Microsoft.EventGrid/topics/topic"),
    ],
)
def test_the_parent_is_the_namespace_or_the_account(kind: ResourceKind, short: str, above: str) -> None:
    assert parent(kind, str(resource_id(kind, short, GROUP))) == GROUP + above


def test_an_id_of_another_kind_has_no_names() -> None:
    for function in (names, parent):
        with pytest.raises(ValueError):
            function(EVENT_HUB, GROUP)

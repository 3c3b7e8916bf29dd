"""Endpoints and routes that plans of event routing start from."""

from __future__ import annotations

from dataclasses import replace

from cloud.identifiers import built_in_role
from steps.shared.event_routing import ENDPOINT, SYSTEM, Endpoint, FoundEndpoint, Route
from tests.plans.facts import TARGET

PROVIDERS = f"{TARGET.group_id}/providers"
HUB_ID = f"{PROVIDERS}/Microsoft.EventHub/namespaces/Events/eventhubs/Twins"
TOPIC_ID = f"{PROVIDERS}/Microsoft.ServiceBus/namespaces/bus/topics/twins"
GRID_ID = f"{PROVIDERS}/Microsoft.EventGrid/topics/grid-topic"
CONTAINER_ID = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/letters/blobServices/default/containers/dead"
IDENTITY_ID = f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/Sender"

HUB = Endpoint("hub", "EventHub", HUB_ID, SYSTEM, CONTAINER_ID, built_in_role("Azure Event Hubs Data Sender"))
BUS = Endpoint("bus", "ServiceBus", TOPIC_ID, None, CONTAINER_ID)
GRID = Endpoint("grid", "EventGrid", GRID_ID, None)
FOUND_HUB = FoundEndpoint("hub", "EventHub", SYSTEM, ("events", "twins"), ("letters", "dead"), "Succeeded")
FOUND_BUS = FoundEndpoint("bus", "ServiceBus", None, (), (), "Succeeded")
FOUND_GRID = FoundEndpoint("grid", "EventGrid", None, ("grid-topic",), (), "Succeeded")
ALL, SOME = Route("all", "hub"), Route("some", "bus", "type = 'a'")


def existing(*endpoints: FoundEndpoint) -> dict[str, FoundEndpoint]:
    """Endpoints by lower-cased name, as they are listed."""
    return {endpoint.name.lower(): endpoint for endpoint in endpoints}


def in_state(endpoint: FoundEndpoint, state: str) -> FoundEndpoint:
    """The endpoint in another provisioning state."""
    return replace(endpoint, state=state)


def routes(*some: Route) -> dict[str, Route]:
    """Routes by name, as they are listed."""
    return {route.name: route for route in some}


def owns(*names: str) -> tuple[str, ...]:
    """What is recorded of endpoints with these names that use an identity."""
    return tuple(ENDPOINT.item(name) for name in names)

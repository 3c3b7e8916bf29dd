"""Endpoints, and the roles that they need."""

from __future__ import annotations

from dataclasses import replace

from cloud.identifiers import BUILT_IN_ROLES, Role
from steps.shared.event_routing import SYSTEM, Endpoint
from steps.step_06_destination_roles.inputs import DesiredDestinationRoles, RequiredRole
from tests.plans.facts import TARGET

HUB = f"{TARGET.group_id}/providers/Microsoft.EventHub/namespaces/ns/eventhubs/Hub"
BUS = f"{TARGET.group_id}/providers/Microsoft.ServiceBus/namespaces/ns/topics/topic"
DEAD = f"{TARGET.group_id}/providers/Microsoft.Storage/storageAccounts/acc/blobServices/default/containers/Dead"
OWN = f"{TARGET.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Own"
HUB_SENDER, BUS_SENDER, WRITER = (
    Role(name, BUILT_IN_ROLES[name])
    for name in ("Azure Event Hubs Data Sender", "Azure Service Bus Data Sender", "Storage Blob Data Contributor")
)
TO_HUB = Endpoint("hub", "EventHub", HUB, SYSTEM, role=HUB_SENDER)
WITH_DEAD = replace(TO_HUB, dead_letter=DEAD)
TO_BUS = Endpoint("bus", "ServiceBus", BUS, OWN, role=BUS_SENDER)
KEYED = Endpoint("key", "EventHub", HUB, None)
ON_HUB = RequiredRole(SYSTEM, HUB, HUB_SENDER, "hub")
ON_DEAD = RequiredRole(SYSTEM, DEAD, WRITER, "hub")
ON_BUS = RequiredRole(OWN, BUS, BUS_SENDER, "bus")
NOT_MENTIONED = DesiredDestinationRoles(TARGET, None)


def desired(*endpoints: Endpoint, identities: tuple[str, ...] = ()) -> DesiredDestinationRoles:
    return DesiredDestinationRoles(TARGET, endpoints, frozenset(identities))

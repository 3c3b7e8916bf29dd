"""Where an instance sends its events: ONE table of the kinds of destinations, and their resource ids. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.refusal import BadInput


@dataclass(frozen=True, kw_only=True)
class ResourceKind:
    """A kind of resource that an input names: by its resource id, or by a short form in the instance's group."""

    template: str
    """Its resource type, with `{}` for each name."""
    short_form: str
    """How a person names it: its names, separated by slashes."""
    api_version: str = ""
    """Of its resource provider."""
    address: str = ""
    """The property of its parent that says where it is reached."""
    sender_role: str = ""
    """The built-in role by which an identity may write to it; "" where an endpoint can't use an identity."""
    keys_action: str = ""
    """The right to read its keys, or those of its parent."""


@dataclass(frozen=True, kw_only=True)
class DestinationKind(ResourceKind):
    """A kind of resource that an endpoint can send events to."""

    type: str
    """As Azure calls it in an endpoint's `endpointType`."""
    input_name: str
    """As a person calls it in `--endpoint type=`."""
    send_action: str = ""
    """The data action of sending. Source: "Azure resource provider operations" in the Azure documentation."""
    has_rules: bool = True
    """Its keys are those of authorization rules of its own; otherwise they are its own."""
    key_properties: tuple[tuple[str, str], ...] = ()
    """What a key-based endpoint says of the keys: its properties, each with the field of the answer to `listKeys`."""
    address_property: str = ""
    """The property in which a key-based endpoint says where it is reached; "" where the keys' connection strings do."""

    @property
    def allows_identity(self) -> bool:
        """Whether an endpoint can use an identity of the instance; otherwise it uses a key."""
        return bool(self.sender_role)


EVENT_HUB = DestinationKind(
    type="EventHub",
    input_name="eventhub",
    template="Microsoft.EventHub/namespaces/{}/eventhubs/{}",
    short_form="NAMESPACE/HUB",
    api_version="2024-01-01",
    address="serviceBusEndpoint",
    sender_role="Azure Event Hubs Data Sender",
    send_action="Microsoft.EventHub/namespaces/messages/send/action",
    keys_action="Microsoft.EventHub/namespaces/eventhubs/authorizationRules/listKeys/action",
    key_properties=(
        ("connectionStringPrimaryKey", "primaryConnectionString"),
        ("connectionStringSecondaryKey", "secondaryConnectionString"),
    ),
)
SERVICE_BUS = DestinationKind(
    type="ServiceBus",
    input_name="servicebus",
    template="Microsoft.ServiceBus/namespaces/{}/topics/{}",
    short_form="NAMESPACE/TOPIC",
    api_version="2024-01-01",
    address="serviceBusEndpoint",
    sender_role="Azure Service Bus Data Sender",
    send_action="Microsoft.ServiceBus/namespaces/messages/send/action",
    keys_action="Microsoft.ServiceBus/namespaces/topics/authorizationRules/listKeys/action",
    key_properties=(
        ("primaryConnectionString", "primaryConnectionString"),
        ("secondaryConnectionString", "secondaryConnectionString"),
    ),
)
EVENT_GRID = DestinationKind(
    type="EventGrid",
    input_name="eventgrid",
    template="Microsoft.EventGrid/topics/{}",
    short_form="TOPIC",
    api_version="2025-02-15",
    address="endpoint",
    keys_action="Microsoft.EventGrid/topics/listKeys/action",
    has_rules=False,
    key_properties=(("accessKey1", "key1"), ("accessKey2", "key2")),
    address_property="TopicEndpoint",
)
DESTINATIONS: Mapping[str, DestinationKind] = {kind.type: kind for kind in (EVENT_HUB, SERVICE_BUS, EVENT_GRID)}
"""By Azure's name of the type."""
BY_INPUT_NAME: Mapping[str, DestinationKind] = {kind.input_name: kind for kind in DESTINATIONS.values()}

CONTAINER = ResourceKind(
    template="Microsoft.Storage/storageAccounts/{}/blobServices/default/containers/{}",
    short_form="ACCOUNT/CONTAINER",
    api_version="2025-06-01",
    address="primaryEndpoints.blob",
    sender_role="Storage Blob Data Contributor",
    keys_action="Microsoft.Storage/storageAccounts/listKeys/action",
)
"""A storage container: where dead letters go."""
USER_IDENTITY = ResourceKind(template="Microsoft.ManagedIdentity/userAssignedIdentities/{}", short_form="NAME")


def resource_id(kind: ResourceKind, named: str, group_id: str) -> str | None:
    """Return the resource id of what is given by id, or by its short form in the group; None for neither."""
    if named.startswith("/"):
        return named if _match(kind, named) else None
    parts = named.split("/")
    if len(parts) != kind.template.count("{}") or not all(re.fullmatch(r"[\w.-]+", part) for part in parts):
        return None
    return f"{group_id}/providers/{kind.template.format(*parts)}"


def required_id(kind: ResourceKind, named: str, group_id: str, what: str) -> str:
    """Return the resource id, as `resource_id` does. BadInput, with `what` it is for, where it is neither."""
    found = resource_id(kind, named, group_id)
    if found is None:
        raise BadInput(
            f"{what}: {named} is neither {kind.short_form} in the instance's resource group nor the id of such a "
            "resource.",
            "A resource in another group is named by its id: az resource list --name NAME --query [].id --output tsv",
        )
    return found


def names(kind: ResourceKind, identifier: str) -> tuple[str, ...]:
    """Return the names in a resource id: of the namespace and the event hub, of the topic, and so on.

    ValueError for an id of another kind.
    """
    return _required_match(kind, identifier).groups()


def short_name(kind: ResourceKind, identifier: str) -> str:
    """Return a resource as its short form has it, and what it lies in by its name."""
    found = _match(kind, identifier)
    return "/".join(found.groups()) if found else identifier.rpartition("/")[2]


def parent(kind: ResourceKind, identifier: str) -> str:
    """Return the id of the namespace or storage account of a resource; of a resource without a parent, its own.

    ValueError for an id of another kind.
    """
    found = _required_match(kind, identifier)
    return identifier[: found.end(1)]


def _match(kind: ResourceKind, identifier: str) -> re.Match[str] | None:
    # azure-mgmt-core's parser isn't used: it takes 0.15 s to import, leaves the comparison with the kind to us, and
    # takes ids that belong to no group, or have a provider within.
    path = re.escape(kind.template).replace(r"\{\}", "([^/]+)")
    return re.fullmatch(rf"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/{path}", identifier, re.IGNORECASE)


def _required_match(kind: ResourceKind, identifier: str) -> re.Match[str]:
    found = _match(kind, identifier)
    if found is None:
        raise ValueError(f"{identifier} is not the id of a {kind.short_form}")
    return found

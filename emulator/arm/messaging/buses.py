"""Event Hubs and Service Bus, which have the same operations: their resources' shapes and new bodies."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from emulator.arm.core.shape import ANY, TAGS, Shape
from emulator.messages import Json, Refused

ROOT_RULE = "RootManageSharedAccessKey"
"""The authorization rule that every new namespace has."""
RIGHTS = ("Listen", "Manage", "Send")
DOMAIN = "servicebus.windows.net"
KEY_SIZE = 32

_TIERS = ("Basic", "Premium", "Standard")
_ENVELOPE = dict.fromkeys(("id", "name", "type", "systemData"), ANY)
_READ_ONLY = dict.fromkeys(
    (
        "createdAt",
        "updatedAt",
        "metricId",
        "provisioningState",
        "serviceBusEndpoint",
        "status",
        "privateEndpointConnections",
    ),
    ANY,
)
_NAMESPACE_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|-(?!-)){4,48}[A-Za-z0-9]")
_ENTITY_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class Bus:
    """Event Hubs or Service Bus: its provider, the name of its entities, and the shapes of its bodies."""

    provider: str
    entities: str
    """`eventhubs` or `topics`."""
    namespace_shape: Shape
    entity_shape: Shape
    entity_length: int

    @property
    def type(self) -> str:
        """The type of its namespaces."""
        return f"{self.provider}/namespaces"

    @property
    def entity_type(self) -> str:
        """The type of its entities."""
        return f"{self.type}/{self.entities}"


def _namespace_shape(prefix: str, **properties: object) -> Shape:
    shared = {
        **_READ_ONLY,
        "alternateName": str,
        "disableLocalAuth": bool,
        "encryption": dict,
        "minimumTlsVersion": ("1.0", "1.1", "1.2"),
        "publicNetworkAccess": ("Disabled", "Enabled", "SecuredByPerimeter"),
        "zoneRedundant": bool,
        "platformCapabilities": dict,
        "geoDataReplication": dict,
    }
    sku = Shape(f"{prefix}Sku", {"name": _TIERS, "tier": _TIERS, "capacity": int}, required=("name",))
    known = {**_ENVELOPE, "location": str, "tags": TAGS, "identity": dict, "sku": sku}
    return Shape(
        f"{prefix}Namespace",
        {**known, "properties": Shape(f"{prefix}NamespaceProperties", {**shared, **properties})},
    )


def _entity_shape(name: str, **properties: object) -> Shape:
    times = dict.fromkeys(("createdAt", "updatedAt"), ANY)
    known = {**_ENVELOPE, "location": ANY}
    return Shape(name, {**known, "properties": Shape(f"{name}Properties", {**times, **properties})})


EVENT_HUBS = Bus(
    "Microsoft.EventHub",
    "eventhubs",
    _namespace_shape("EH", clusterArmId=str, isAutoInflateEnabled=bool, kafkaEnabled=bool, maximumThroughputUnits=int),
    _entity_shape(
        "Eventhub",
        captureDescription=dict,
        messageRetentionInDays=int,
        messageTimestampDescription=dict,
        partitionCount=int,
        partitionIds=ANY,
        retentionDescription=dict,
        status=str,
        userMetadata=str,
        identifier=ANY,
    ),
    256,
)
SERVICE_BUS = Bus(
    "Microsoft.ServiceBus",
    "topics",
    _namespace_shape("SB", premiumMessagingPartitions=int),
    _entity_shape(
        "SBTopic",
        **dict.fromkeys(("accessedAt", "countDetails", "sizeInBytes", "subscriptionCount"), ANY),
        **dict.fromkeys(("autoDeleteOnIdle", "defaultMessageTimeToLive", "userMetadata"), str),
        duplicateDetectionHistoryTimeWindow=str,
        **dict.fromkeys(("enableBatchedOperations", "enableExpress", "enablePartitioning"), bool),
        **dict.fromkeys(("requiresDuplicateDetection", "supportOrdering"), bool),
        **dict.fromkeys(("maxMessageSizeInKilobytes", "maxSizeInMegabytes"), int),
        status=str,
    ),
    260,
)
BUSES = (EVENT_HUBS, SERVICE_BUS)

RULE_SHAPE = Shape(
    "AuthorizationRule",
    {**_ENVELOPE, "location": ANY, "properties": Shape("AuthorizationRuleProperties", {"rights": list}, ("rights",))},
    required=("properties",),
)


def check_namespace_name(name: str) -> None:
    """Refuse (400) a name that no namespace may have: 6 to 50 letters, digits, single hyphens; a letter first."""
    if not _NAMESPACE_NAME.fullmatch(name) or name.lower().endswith(("-sb", "-mgmt")):
        raise bad_request("The specified service namespace is invalid.")


def check_entity_name(bus: Bus, name: str) -> None:
    """Refuse (400) a name that no event hub or topic may have."""
    if not _ENTITY_NAME.fullmatch(name) or len(name) > bus.entity_length:
        raise bad_request(
            f"'{name}' contains character(s) that is not allowed by Service Bus. Entity segments can contain only "
            "letters, numbers, periods (.), hyphens (-), and underscores (_)."
        )


def bad_request(message: str) -> Refused:
    """Return a refusal (400) in the words of both services; each message ends with a correlation id."""
    return Refused(400, "BadRequest", f"{message} CorrelationId: {uuid.uuid4()}")


def missing(identifier: str) -> Refused:
    """Return the refusal (404) of a missing event hub, topic or rule."""
    return Refused(
        404, "NotFound", f"The requested resource {identifier} does not exist. CorrelationId: {uuid.uuid4()}"
    )


def namespace(bus: Bus, identifier: str, location: str, time: str) -> Json:
    """Return a new namespace."""
    name, subscription = identifier.rpartition("/")[2], identifier.split("/")[2]
    properties = {
        "provisioningState": "Succeeded",
        "status": "Active",
        "createdAt": time,
        "updatedAt": time,
        "metricId": f"{subscription}:{name.lower()}",
        "serviceBusEndpoint": f"https://{name}.{DOMAIN}:443/",
        "disableLocalAuth": False,
        "zoneRedundant": False,
        "publicNetworkAccess": "Enabled",
        "minimumTlsVersion": "1.2",
        "privateEndpointConnections": [],
    }
    if bus is EVENT_HUBS:
        properties |= {"isAutoInflateEnabled": False, "maximumThroughputUnits": 0, "kafkaEnabled": True}
    sku = {"name": "Standard", "tier": "Standard", **({"capacity": 1} if bus is EVENT_HUBS else {})}
    return {
        "id": identifier,
        "name": name,
        "type": f"{bus.provider}/Namespaces",  # in this case, as recorded
        "location": location,
        "tags": {},
        "sku": sku,
        "properties": properties,
    }


def entity(bus: Bus, identifier: str, location: str, time: str) -> Json:
    """Return a new event hub or topic."""
    properties: Json = {"createdAt": time, "updatedAt": time, "status": "Active"}
    if bus is EVENT_HUBS:
        properties |= {"messageRetentionInDays": 7, "partitionCount": 4, "partitionIds": ["0", "1", "2", "3"]}
    else:
        properties |= {
            "maxSizeInMegabytes": 1024,
            "sizeInBytes": 0,
            "subscriptionCount": 0,
            "defaultMessageTimeToLive": "P10675199DT2H48M5.4775807S",
            "requiresDuplicateDetection": False,
            "enableBatchedOperations": True,
            "supportOrdering": True,
        }
    name = identifier.rpartition("/")[2]
    return {"id": identifier, "name": name, "type": bus.entity_type, "location": location, "properties": properties}


def rule(parent: Json, name: str, rights: list[str]) -> Json:
    """Return an authorization rule of a namespace or of an entity."""
    kind = "authorizationrules" if "/namespaces/" in parent["type"] else "AuthorizationRules"  # recorded
    return {
        "id": f"{parent['id']}/authorizationRules/{name}",
        "name": name,
        "type": f"{parent['type']}/{kind}",
        "location": parent["location"],
        "properties": {"rights": rights},
    }


def connection_string(rule_id: str, key: str) -> str:
    """Return the connection string of a key of an authorization rule."""
    parts = rule_id.split("/")
    host, entity_path = f"{parts[8]}.{DOMAIN}", parts[10] if len(parts) > 11 else ""
    text = f"Endpoint=sb://{host}/;SharedAccessKeyName={parts[-1]};SharedAccessKey={key}"
    return f"{text};EntityPath={entity_path}" if entity_path else text

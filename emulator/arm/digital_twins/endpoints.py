"""Endpoints of an instance: to Event Hubs, Service Bus topics and Event Grid topics, by key or by identity.

Required properties: Azure's published contract (`DigitalTwinsEndpointResource`) and
https://learn.microsoft.com/azure/digital-twins/how-to-create-endpoints; the codes of these refusals are not published.
Secrets are masked in every answer, and what is not set is absent, as recorded. Dead-letter destinations
are not checked: Azure accepts an endpoint with any.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from emulator.arm.core.shape import ANY, Shape
from emulator.arm.digital_twins import children, destinations
from emulator.arm.digital_twins.child_operations import Collection, refused, serve
from emulator.messages import Json
from emulator.world import World

LIMIT = 6
"""Endpoints of one instance, not adjustable: https://learn.microsoft.com/azure/digital-twins/reference-service-limits."""
_MASK = "(PLACEHOLDER)"
_MASKS = {
    **dict.fromkeys(("accessKey1", "accessKey2", "deadLetterSecret"), _MASK),
    **dict.fromkeys(
        (
            "connectionStringPrimaryKey",
            "connectionStringSecondaryKey",
            "primaryConnectionString",
            "secondaryConnectionString",
        ),
        f"Endpoint=sb://{_MASK}/;SharedAccessKeyName={_MASK};SharedAccessKey={_MASK};EntityPath={_MASK}",
    ),
}
"""What Azure shows in place of each secret, as recorded; that of `deadLetterSecret` is not."""
_SECRETS = {
    "EventHub": ("connectionStringPrimaryKey", "connectionStringSecondaryKey"),
    "ServiceBus": ("primaryConnectionString", "secondaryConnectionString"),
    "EventGrid": ("accessKey1", "accessKey2"),
}
_PLAIN = {"EventGrid": ("TopicEndpoint",)}
_BY_URI = ("endpointUri", "entityPath")
_KNOWN = {name for names in (*_SECRETS.values(), _BY_URI, *_PLAIN.values()) for name in names}
IDENTITY = Shape("ManagedIdentityReference", {"type": ("SystemAssigned", "UserAssigned"), "userAssignedIdentity": str})
_SHAPE = Shape(
    "DigitalTwinsEndpointResource",
    {
        **dict.fromkeys(("id", "name", "type", "systemData"), ANY),
        "properties": Shape(
            "DigitalTwinsEndpointResourceProperties",
            {
                **dict.fromkeys((*_KNOWN, "deadLetterSecret", "deadLetterUri"), str),
                **dict.fromkeys(("createdTime", "provisioningState"), ANY),
                "endpointType": tuple(_SECRETS),
                "authenticationType": ("KeyBased", "IdentityBased"),
                "identity": IDENTITY,
            },
            required=("endpointType",),
        ),
    },
    required=("properties",),
)


def _make(world: World, instance: Json, found: Json | None, asked: Json) -> tuple[Json, str | None]:
    """Return the properties of an endpoint as served, and why it can't send or None; refuse (400) contradictions."""
    kind = asked["endpointType"]
    way = asked.get("authenticationType") or ("IdentityBased" if asked.get("identity") else "KeyBased")
    if found:
        for name, value in (("endpointType", kind), ("authenticationType", way)):
            if found["properties"][name] != value:
                raise refused(f"The {name} of an existing endpoint cannot be changed. Delete it and create it again.")
    elif len(children.CHILDREN.under(world, f"{instance['id']}/{children.ENDPOINTS}")) >= LIMIT:
        raise refused(f"The maximum number of endpoints allowed, {LIMIT}, has been reached.")
    for name in sorted(_KNOWN - {*_SECRETS[kind], *_PLAIN.get(kind, _BY_URI)}):
        if asked.get(name) is not None:
            raise refused(f"The property '{name}' does not belong to an endpoint of type {kind}.")
    if way == "KeyBased":
        shown, error = _key_based(world, kind, asked)
    else:
        shown, error = _identity_based(instance, kind, asked), None
    given = {name: value for name, value in shown.items() if value is not None}
    return {"endpointType": kind, "authenticationType": way, **given}, error


def _key_based(world: World, kind: str, asked: Json) -> tuple[Json, str | None]:
    primary, secondary = _SECRETS[kind]
    plain = {name: asked.get(name) for name in _PLAIN.get(kind, _BY_URI)}
    if asked.get("identity"):
        raise refused("An endpoint with key-based authentication cannot have an identity.")
    if asked.get("deadLetterUri"):
        raise refused("An endpoint with key-based authentication needs a deadLetterSecret, not a deadLetterUri.")
    if not asked.get(primary):
        raise refused(f"An endpoint with key-based authentication needs '{primary}'.")
    if kind == "EventGrid":
        if not _is_url(plain["TopicEndpoint"], "https"):
            raise refused("The 'TopicEndpoint' of an endpoint of type EventGrid must be a https URL.")
    elif not all(destinations.parts_of(asked[name]) for name in (primary, secondary) if asked.get(name)):
        raise refused("The connection string must have Endpoint, SharedAccessKeyName, SharedAccessKey and EntityPath.")
    secret = asked.get("deadLetterSecret")
    if secret and not (_is_url(secret, "https") and urlsplit(secret).path.strip("/") and urlsplit(secret).query):
        raise refused("The 'deadLetterSecret' must be the https URL of a storage container with its SAS token.")
    given = [asked[name] for name in (primary, secondary) if asked.get(name)]
    errors = [destinations.refuses_key(world, {**plain, "endpointType": kind}, key) for key in given]
    masked = {name: _MASKS[name] for name in (primary, secondary, "deadLetterSecret") if asked.get(name)}
    return {**plain, **masked}, next(filter(None, errors), None)


def _identity_based(instance: Json, kind: str, asked: Json) -> Json:
    if kind == "EventGrid":
        raise refused("Identity-based authentication is not supported for endpoints of type EventGrid.")
    for name in (*_SECRETS[kind], "deadLetterSecret"):
        if asked.get(name):
            raise refused(f"An endpoint with identity-based authentication cannot have '{name}'.")
    if not _is_url(asked.get("endpointUri"), "sb") or not asked.get("entityPath"):
        raise refused("An endpoint with identity-based authentication needs 'endpointUri' (sb://...) and 'entityPath'.")
    uri = asked.get("deadLetterUri")
    if uri and not (_is_url(uri, "https") and urlsplit(uri).path.strip("/")):
        raise refused("The 'deadLetterUri' must be the https URL of a storage container.")
    identity = reference(instance, asked.get("identity") or {"type": "SystemAssigned"})
    return {
        "identity": identity if asked.get("identity") else None,
        "endpointUri": asked["endpointUri"],
        "entityPath": asked["entityPath"],
        "deadLetterUri": uri,
    }


def reference(instance: Json, identity: Json) -> Json:
    """Return a reference to an identity of the instance; refuse (400) one that the instance doesn't have."""
    kind, identifier = identity.get("type") or "SystemAssigned", identity.get("userAssignedIdentity")
    if (kind == "UserAssigned") != bool(identifier):
        raise refused("An identity of type UserAssigned, and no other, needs 'userAssignedIdentity'.")
    found = {"type": kind, **({"userAssignedIdentity": identifier} if identifier else {})}
    if children.principal_of({"properties": {"identity": found}}, instance) is None:
        name = f"user-assigned identity '{identifier}'" if identifier else "system-assigned identity"
        raise refused(f"The instance '{instance['name']}' does not have the {name}.")
    return found


def _is_url(text: str | None, scheme: str) -> bool:
    parts = urlsplit(text or "")
    return parts.scheme == scheme and bool(parts.hostname)


serve(Collection(children.ENDPOINTS, "endpoint", _SHAPE, _make))

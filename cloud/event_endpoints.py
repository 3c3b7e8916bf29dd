"""What an endpoint of an instance is made of: by identity its destination's address, by key also the key, from there.

Keys are asked for right before they are written to the endpoint, and kept nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from azure.mgmt.digitaltwins import models

from cloud.destinations import ask, names, parent

if TYPE_CHECKING:
    from cloud.clients import Azure

SYSTEM = "SystemAssigned"
SAS_VERSION = "2022-11-02"
SAS_END = "9999-12-31T23:59:59Z"
"""A signature ends with the key that it was made with; one that ended by itself would silently lose dead letters."""


async def by_identity(
    azure: Azure, kind: str, destination: str, dead_letter: str, identity: str
) -> models.DigitalTwinsEndpointResourceProperties:
    """Return the properties of an endpoint to an event hub or Service Bus topic that `identity` opens."""
    namespace = await ask(azure, kind, parent(kind, destination))
    user = None if identity == SYSTEM else identity
    made: models.DigitalTwinsEndpointResourceProperties = _model(kind)(
        authentication_type="IdentityBased",
        identity=models.ManagedIdentityReference(type="UserAssigned" if user else SYSTEM, user_assigned_identity=user),
        endpoint_uri=f"sb://{urlsplit(namespace['properties']['serviceBusEndpoint']).hostname}/",
        entity_path=names(kind, destination)[1],
        dead_letter_uri=await _container_url(azure, dead_letter) if dead_letter else None,
    )
    return made


async def by_key(
    azure: Azure, kind: str, destination: str, dead_letter: str, rule: str
) -> models.DigitalTwinsEndpointResourceProperties:
    """Return the properties of an endpoint with the key of `rule`; for dead letters a shared access signature."""
    common: dict[str, Any] = {
        "authentication_type": "KeyBased",
        "dead_letter_secret": await _signed(azure, dead_letter) if dead_letter else None,
    }
    if kind == "EventGrid":
        topic = await ask(azure, kind, destination)
        keys = await ask(azure, kind, f"{destination}/listKeys", "POST")
        return models.EventGrid(
            topic_endpoint=topic["properties"]["endpoint"], access_key1=keys["key1"], access_key2=keys["key2"], **common
        )
    keys = await ask(azure, kind, f"{destination}/authorizationRules/{rule}/listKeys", "POST")
    first, second = keys["primaryConnectionString"], keys["secondaryConnectionString"]
    if kind == "EventHub":
        return models.EventHub(connection_string_primary_key=first, connection_string_secondary_key=second, **common)
    return models.ServiceBus(primary_connection_string=first, secondary_connection_string=second, **common)


async def sending_rule(azure: Azure, kind: str, destination: str) -> str:
    """Return the name of the event hub's or topic's own authorization rule that may send, and least else; "" for none.

    Those of the namespace open more than the destination: they are left alone, as `az dt endpoint create` does.
    """
    found = (await ask(azure, kind, f"{destination}/authorizationRules"))["value"]
    sending = [(len(rule["properties"]["rights"]), rule["name"]) for rule in found if _may_send(rule)]
    return str(min(sending)[1]) if sending else ""


def _may_send(rule: Any) -> bool:
    return "Send" in rule["properties"]["rights"]


def _model(kind: str) -> type[Any]:
    return models.EventHub if kind == "EventHub" else models.ServiceBus


async def _container_url(azure: Azure, container: str) -> str:
    account = await ask(azure, "DeadLetter", parent("DeadLetter", container))
    blobs = str(account["properties"]["primaryEndpoints"]["blob"]).rstrip("/")
    return f"{blobs}/{names('DeadLetter', container)[1]}"


async def _signed(azure: Azure, container: str) -> str:
    """Return the container's URL with a shared access signature that may write, and nothing else."""
    account = parent("DeadLetter", container)
    url = await _container_url(azure, container)
    keys = (await ask(azure, "DeadLetter", f"{account}/listKeys", "POST"))["keys"]
    name, within = names("DeadLetter", container)
    return f"{url}?{_signature(name, within, keys[0]['value'])}"


def _signature(account: str, container: str, key: str) -> str:
    """Return the query of a service SAS.

    Source: https://learn.microsoft.com/rest/api/storageservices/create-service-sas, for version 2020-12-06 and later.
    """
    given = {"sp": "w", "se": SAS_END, "spr": "https", "sv": SAS_VERSION, "sr": "c"}
    order = ("sp", "st", "se", "", "si", "sip", "spr", "sv", "sr", "snapshot", "ses")
    fields = [given.get(name, "") if name else f"/blob/{account}/{container}" for name in order]
    text = "\n".join([*fields, "", "", "", "", ""])  # no headers of the answer are overridden
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return urlencode({**given, "sig": base64.b64encode(digest).decode()}, quote_via=quote)

"""The properties of an endpoint: with an identity its destination's address, with a key also the key.

Keys are read right before they are written to the endpoint, and kept nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from cloud.clients import Azure
from steps.shared.destinations import CONTAINER, names
from steps.shared.event_routing import SYSTEM, Endpoint
from steps.step_07_endpoints.az_commands import SIGNATURE_END
from steps.step_07_endpoints.azure_destinations import account_key, address, keys

SIGNATURE_VERSION = "2022-11-02"


async def endpoint_properties(azure: Azure, endpoint: Endpoint, rule: str) -> Mapping[str, object]:
    """Return the properties of an endpoint as Resource Manager takes them. `rule` is that whose key is used."""
    if endpoint.identity is None:
        return {"endpointType": endpoint.type, **await _by_key(azure, endpoint, rule)}
    return {"endpointType": endpoint.type, **await _by_identity(azure, endpoint, endpoint.identity)}


async def _by_identity(azure: Azure, endpoint: Endpoint, identity: str) -> Mapping[str, object]:
    user = {} if identity == SYSTEM else {"userAssignedIdentity": identity}
    host = urlsplit(await address(azure, endpoint.kind, endpoint.destination)).hostname
    return {
        "authenticationType": "IdentityBased",
        "identity": {"type": "UserAssigned" if user else SYSTEM, **user},
        "endpointUri": f"sb://{host}/",
        "entityPath": names(endpoint.kind, endpoint.destination)[-1],
        **({"deadLetterUri": await _container_url(azure, endpoint.dead_letter)} if endpoint.dead_letter else {}),
    }


async def _by_key(azure: Azure, endpoint: Endpoint, rule: str) -> Mapping[str, object]:
    kind, where = endpoint.kind, endpoint.destination
    return {
        "authenticationType": "KeyBased",
        **({"deadLetterSecret": await _signed_url(azure, endpoint.dead_letter)} if endpoint.dead_letter else {}),
        **({kind.address_property: await address(azure, kind, where)} if kind.address_property else {}),
        **await keys(azure, kind, where, rule),
    }


async def _container_url(azure: Azure, container: str) -> str:
    blobs = (await address(azure, CONTAINER, container)).rstrip("/")
    return f"{blobs}/{names(CONTAINER, container)[-1]}"


async def _signed_url(azure: Azure, container: str) -> str:
    """Return the container's URL with a shared access signature that may write, and nothing else."""
    url, key = await _container_url(azure, container), await account_key(azure, container)
    account, name = names(CONTAINER, container)
    return f"{url}?{_signature(account, name, key)}"


def _signature(account: str, container: str, key: str) -> str:
    """Return the query of a service SAS.

    Source: https://learn.microsoft.com/rest/api/storageservices/create-service-sas, for version 2020-12-06 and later.
    """
    given = {"sp": "w", "se": SIGNATURE_END, "spr": "https", "sv": SIGNATURE_VERSION, "sr": "c"}
    order = ("sp", "st", "se", "", "si", "sip", "spr", "sv", "sr", "snapshot", "ses")
    fields = [given.get(name, "") if name else f"/blob/{account}/{container}" for name in order]
    text = "\n".join([*fields, "", "", "", "", ""])  # no headers of the answer are overridden
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return urlencode({**given, "sig": base64.b64encode(digest).decode()}, quote_via=quote)

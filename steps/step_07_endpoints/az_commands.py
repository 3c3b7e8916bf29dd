"""The `az` commands by which a person sets up and deletes endpoints."""

from __future__ import annotations

import shlex

from steps.shared.az_commands import VERSION, az, delete, in_double_quotes, settled, value
from steps.shared.destinations import CONTAINER, names, parent
from steps.shared.event_routing import SYSTEM, Endpoint

SIGNATURE_END = "9999-12-31T23:59:59Z"
"""Until when a container's shared access signature is valid: as long as the key that it was signed with.

A signature that expired by itself would silently lose dead letters.
"""


def create_endpoint(instance_id: str, endpoint: Endpoint, rule: str) -> str:
    """Return the command that creates or changes an endpoint. A key goes from one `az` to the next, shown to nobody."""
    where = endpoint_id(instance_id, endpoint.name)
    source, properties = _keyed(endpoint, rule) if endpoint.identity is None else _by_identity(endpoint)
    before, letters = _dead_letter(endpoint)
    query = f"{{properties: {{endpointType: '{endpoint.type}', {properties}{letters}}}}}"
    put = az("rest", "--method", "put", "--url", f"{where}?api-version={VERSION}", "--body", "@-", "--output", "none")
    set_up = f'{source} --query "{query}" --output json | {put}'
    return " && ".join([*_address(endpoint), *before, set_up, settled(where, "created")])


def delete_endpoint(instance_id: str, name: str) -> str:
    """Return the command that deletes an endpoint."""
    return delete(endpoint_id(instance_id, name))


def endpoint_id(instance_id: str, name: str) -> str:
    """Return the resource id of an endpoint."""
    return f"{instance_id}/endpoints/{name}"


def _keyed(endpoint: Endpoint, rule: str) -> tuple[str, str]:
    """Return the command that prints the keys, and in its query what a key-based endpoint says of them."""
    kind = endpoint.kind
    address = [f"{kind.address_property}: '$at'"] if kind.address_property else []
    keys = [f"{name}: {field}" for name, field in kind.key_properties]
    owner = f"{endpoint.destination}/authorizationRules/{rule}" if kind.has_rules else endpoint.destination
    source = az("rest", "--method", "post", "--url", f"{owner}/listKeys?api-version={kind.api_version}")
    return source, ", ".join(["authenticationType: 'KeyBased'", *address, *keys])


def _by_identity(endpoint: Endpoint) -> tuple[str, str]:
    """Return a command that prints the destination, and in its query what an endpoint with an identity says."""
    kind, destination, identity = endpoint.kind, endpoint.destination, endpoint.identity or SYSTEM
    user = "" if identity == SYSTEM else f", userAssignedIdentity: '{in_double_quotes(identity)}'"
    source = az("resource", "show", "--ids", destination, "--api-version", kind.api_version)
    return source, ", ".join(
        [
            "authenticationType: 'IdentityBased'",
            f"identity: {{type: '{'UserAssigned' if user else SYSTEM}'{user}}}",
            "endpointUri: 'sb://${at%%[:/]*}/'",
            f"entityPath: '{in_double_quotes(names(kind, destination)[-1])}'",
        ]
    )


def _address(endpoint: Endpoint) -> list[str]:
    """Return the commands that put into `at` where the destination is reached."""
    kind = endpoint.kind
    address = value(parent(kind, endpoint.destination), f"properties.{kind.address}", kind.api_version)
    if endpoint.identity is not None:
        return [f"at={address}", "at=${at#*://}"]
    return [f"at={address}"] if kind.address_property else []


def _dead_letter(endpoint: Endpoint) -> tuple[list[str], str]:
    """Return the commands that put the container's address into `letters`, and what the endpoint says of it."""
    if not endpoint.dead_letter:
        return [], ""
    account, container = names(CONTAINER, endpoint.dead_letter)
    account_id = parent(CONTAINER, endpoint.dead_letter)
    address = value(account_id, f"properties.{CONTAINER.address}", CONTAINER.api_version)
    commands = [f"letters={address}{shlex.quote(container)}"]
    if endpoint.identity is not None:
        return commands, ", deadLetterUri: '$letters'"
    what = ("--subscription", account_id.split("/")[2], "--account-name", account, "--name", container)
    may = ("--permissions", "w", "--expiry", SIGNATURE_END, "--https-only", "--output", "tsv")
    commands.append(f"sas=$({az('storage', 'container', 'generate-sas', *what, *may)})")
    return commands, ", deadLetterSecret: '$letters?$sas'"

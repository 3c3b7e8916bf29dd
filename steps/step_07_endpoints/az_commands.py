"""The `az` commands by which a person sets up and deletes endpoints."""

from __future__ import annotations

from engine.script import Command, Variable
from steps.shared.az_commands import VERSION, az, delete, in_query, line, settled, value
from steps.shared.destinations import CONTAINER, names, parent
from steps.shared.event_routing import SYSTEM, Endpoint

Query = tuple[str | Variable, ...]
"""Part of a JMESPath query."""
SIGNATURE_END = "9999-12-31T23:59:59Z"
"""Until when a container's shared access signature is valid: as long as the key that it was signed with.

A signature that expired by itself would silently lose dead letters.
"""


def create_endpoint(instance_id: str, endpoint: Endpoint, rule: str) -> tuple[Command, ...]:
    """Return the commands that create or change an endpoint. A key goes from one `az` to the next, shown to nobody."""
    where = endpoint_id(instance_id, endpoint.name)
    source, properties = _keyed(endpoint, rule) if endpoint.identity is None else _by_identity(endpoint)
    query = (f"{{properties: {{endpointType: '{endpoint.type}', ", *properties, *_dead_letter(endpoint), "}}")
    body = az(*source.words, "--query", query)
    put = ("rest", "--method", "put", "--url", f"{where}?api-version={VERSION}", "--body", "@-", "--output", "none")
    return (Command(put, body=body), settled(where, "created"))


def delete_endpoint(instance_id: str, name: str) -> Command:
    """Return the command that deletes an endpoint."""
    return delete(endpoint_id(instance_id, name))


def delete_endpoint_line(instance_id: str, name: str) -> str:
    """Return the same as a line."""
    return line(delete_endpoint(instance_id, name))


def endpoint_id(instance_id: str, name: str) -> str:
    """Return the resource id of an endpoint."""
    return f"{instance_id}/endpoints/{name}"


def _keyed(endpoint: Endpoint, rule: str) -> tuple[Command, Query]:
    """Return the command that prints the keys, and in its query what a key-based endpoint says of them."""
    kind = endpoint.kind
    keys = ", ".join(f"{name}: {field}" for name, field in kind.key_properties)
    owner = f"{endpoint.destination}/authorizationRules/{rule}" if kind.has_rules else endpoint.destination
    source = az("rest", "--method", "post", "--url", f"{owner}/listKeys?api-version={kind.api_version}")
    if not kind.address_property:
        return source, (f"authenticationType: 'KeyBased', {keys}",)
    return source, (f"authenticationType: 'KeyBased', {kind.address_property}: '", _address(endpoint), f"', {keys}")


def _by_identity(endpoint: Endpoint) -> tuple[Command, Query]:
    """Return a command that prints the destination, and in its query what an endpoint with an identity says."""
    kind, destination, identity = endpoint.kind, endpoint.destination, endpoint.identity or SYSTEM
    user = "" if identity == SYSTEM else f", userAssignedIdentity: '{in_query(identity)}'"
    source = az("resource", "show", "--ids", destination, "--api-version", kind.api_version)
    return source, (
        f"authenticationType: 'IdentityBased', identity: {{type: '{'UserAssigned' if user else SYSTEM}'{user}}}, "
        "endpointUri: 'sb://",
        _address(endpoint),
        f"/', entityPath: '{in_query(names(kind, destination)[-1])}'",
    )


def _address(endpoint: Endpoint) -> Variable:
    """Return where the destination is reached: its host name for an endpoint by identity."""
    kind, by_identity = endpoint.kind, endpoint.identity is not None
    resource, query = parent(kind, endpoint.destination), f"properties.{kind.address}"
    return value("at", resource, query, kind.api_version, host_only=by_identity)


def _dead_letter(endpoint: Endpoint) -> Query:
    """Return what the endpoint says of its dead letters' container."""
    if not endpoint.dead_letter:
        return ()
    account, container = names(CONTAINER, endpoint.dead_letter)
    account_id = parent(CONTAINER, endpoint.dead_letter)
    letters = value("letters", account_id, f"properties.{CONTAINER.address}", CONTAINER.api_version)
    if endpoint.identity is not None:
        return (", deadLetterUri: '", letters, f"{container}'")
    what = ("--subscription", account_id.split("/")[2], "--account-name", account, "--name", container)
    may = ("--permissions", "w", "--expiry", SIGNATURE_END, "--https-only")
    signature = Variable("sas", az("storage", "container", "generate-sas", *what, *may))
    return (", deadLetterSecret: '", letters, f"{container}?", signature, "'")

"""The `az` commands by which somebody with more rights sets up endpoints and routes."""

from __future__ import annotations

import json
import re
import shlex

from cloud.destinations import VERSIONS, names, parent
from cloud.event_endpoints import SAS_END
from steps.az import VERSION, az, delete, settled, value
from steps.routing import SYSTEM
from steps.wanted import Endpoint, Route, Wanted

_DATA_VERSION = "2023-10-31"
_KEYS = {
    "EventHub": "connectionStringPrimaryKey: primaryConnectionString, "
    "connectionStringSecondaryKey: secondaryConnectionString",
    "ServiceBus": "primaryConnectionString: primaryConnectionString, "
    "secondaryConnectionString: secondaryConnectionString",
    "EventGrid": "TopicEndpoint: '$at', accessKey1: key1, accessKey2: key2",
}


def create_endpoint(wanted: Wanted, endpoint: Endpoint, rule: str) -> str:
    """Return the command that creates or changes an endpoint. A key goes from one `az` to the next, seen by nobody."""
    kind, destination = endpoint.type, endpoint.destination
    version, where = VERSIONS[kind], f"{wanted.instance_id}/endpoints/{endpoint.name}"
    if endpoint.identity is None:
        held = f"authenticationType: 'KeyBased', {_KEYS[kind]}"
        keys = f"{destination}/listKeys" if kind == "EventGrid" else f"{destination}/authorizationRules/{rule}/listKeys"
        source = az("rest", "--method", "post", "--url", f"{keys}?api-version={version}")
    else:
        user = "" if endpoint.identity == SYSTEM else f", userAssignedIdentity: '{_inside(endpoint.identity)}'"
        identity = f"{{type: '{'UserAssigned' if user else SYSTEM}'{user}}}"
        held = f"authenticationType: 'IdentityBased', identity: {identity}, "
        held += f"endpointUri: 'sb://${{at%%[:/]*}}/', entityPath: '{_inside(names(kind, destination)[1])}'"
        source = az("resource", "show", "--ids", destination, "--api-version", version)
    before, letters = _dead_letter(endpoint)
    before = [*_at(endpoint), *before]
    query = f"{{properties: {{endpointType: '{kind}', {held}{letters}}}}}"
    put = az("rest", "--method", "put", "--url", f"{where}?api-version={VERSION}", "--body", "@-", "--output", "none")
    return " && ".join([*before, f'{source} --query "{query}" --output json | {put}', settled(where, "created")])


def _at(endpoint: Endpoint) -> list[str]:
    """Return the commands that put into `at` where the destination is reached."""
    kind, destination = endpoint.type, endpoint.destination
    if kind == "EventGrid":
        return [f"at={value(destination, 'properties.endpoint', VERSIONS[kind])}"]
    if endpoint.identity is None:
        return []
    namespace = value(parent(kind, destination), "properties.serviceBusEndpoint", VERSIONS[kind])
    return [f"at={namespace}", "at=${at#*://}"]


def _dead_letter(endpoint: Endpoint) -> tuple[list[str], str]:
    """Return the commands that put the container's address into `letters`, and what the endpoint says of it."""
    if not endpoint.dead_letter:
        return [], ""
    account, container = names("DeadLetter", endpoint.dead_letter)
    place = parent("DeadLetter", endpoint.dead_letter)
    blobs = value(place, "properties.primaryEndpoints.blob", VERSIONS["DeadLetter"])
    commands = [f"letters={blobs}{shlex.quote(container)}"]
    if endpoint.identity is not None:
        return commands, ", deadLetterUri: '$letters'"
    what = ("--subscription", place.split("/")[2], "--account-name", account, "--name", container)
    may = ("--permissions", "w", "--expiry", SAS_END, "--https-only", "--output", "tsv")
    commands.append(f"sas=$({az('storage', 'container', 'generate-sas', *what, *may)})")
    return commands, ", deadLetterSecret: '$letters?$sas'"


def delete_endpoint(wanted: Wanted, name: str) -> str:
    """Return the command that deletes an endpoint."""
    return delete(f"{wanted.instance_id}/endpoints/{name}")


def create_route(wanted: Wanted, route: Route) -> str:
    """Return the command that creates or changes a route."""
    body = json.dumps({"endpointName": route.endpoint, "filter": route.filter})
    return f"{_route(wanted, 'put', route.name)} {shlex.join(['--body', body])}"


def delete_route(wanted: Wanted, name: str) -> str:
    """Return the command that deletes a route."""
    return _route(wanted, "delete", name)


def _route(wanted: Wanted, method: str, name: str) -> str:
    """Return the request to the instance's data plane, whose audience is what its host name ends with."""
    url = f"https://$host/eventroutes/{_inside(name)}?api-version={_DATA_VERSION}"
    request = f'az rest --method {method} --resource "https://${{host#*.api.*.}}" --url "{url}"'
    return f"host={value(wanted.instance_id, 'properties.hostName')} && {request}"


def _inside(text: str) -> str:
    """Return the text as it stands inside the double quotes of a shell, or in single quotes of a query there."""
    return re.sub(r"""(["$`\\])""", r"\\\1", text.replace("\\", "\\\\").replace("'", "\\'"))

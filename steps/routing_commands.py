"""The `az` commands, of its azure-iot extension, by which somebody with more rights sets up endpoints and routes."""

from __future__ import annotations

import shlex

from cloud.destinations import names, parent
from cloud.event_endpoints import SAS_END
from steps.routing import SYSTEM
from steps.wanted import Endpoint, Route, Wanted

_WORDS = {
    "EventHub": ("eventhub", "--eventhub"),
    "ServiceBus": ("servicebus", "--servicebus-topic"),
    "EventGrid": ("eventgrid", "--eventgrid-topic"),
}


def create_endpoint(wanted: Wanted, endpoint: Endpoint, rule: str) -> str:
    """Return the command that creates or changes an endpoint."""
    word, flag = _WORDS[endpoint.type]
    _, _, subscription, _, group, *_ = endpoint.destination.split("/")
    *namespace, entity = names(endpoint.type, endpoint.destination)
    parts = [f"az dt endpoint create {word} {_instance(wanted)} --endpoint-name {endpoint.name}"]
    parts += [f"--{word}-subscription {subscription} --{word}-resource-group {group} {flag} {entity}"]
    parts += [f"--{word}-namespace {one}" for one in namespace]
    if endpoint.identity is None:
        parts += [f"--{word}-policy {rule}"] if rule else []
    elif endpoint.identity == SYSTEM:
        parts += ["--mi-system-assigned"]
    else:
        parts += [f"--mi-user-assigned {endpoint.identity}"]
    return " ".join([*parts, *_dead_letter(endpoint)])


def _dead_letter(endpoint: Endpoint) -> list[str]:
    if not endpoint.dead_letter:
        return []
    account, container = names("DeadLetter", endpoint.dead_letter)
    place = parent("DeadLetter", endpoint.dead_letter)
    url = f"$(az storage account show --ids {place} --query primaryEndpoints.blob --output tsv){container}"
    if endpoint.identity is not None:
        return [f'--deadletter-uri "{url}"']
    sas = f"az storage container generate-sas --account-name {account} --name {container} --permissions w"
    return [f'--deadletter-sas-uri "{url}?$({sas} --expiry {SAS_END} --https-only --output tsv)"']


def delete_endpoint(wanted: Wanted, name: str) -> str:
    """Return the command that deletes an endpoint."""
    return f"az dt endpoint delete {_instance(wanted)} --endpoint-name {name} --yes"


def create_route(wanted: Wanted, route: Route) -> str:
    """Return the command that creates or changes a route."""
    condition = shlex.quote(route.filter)
    where = f"--route-name {route.name} --endpoint-name {route.endpoint}"
    return f"az dt route create {_instance(wanted)} {where} --filter {condition}"


def delete_route(wanted: Wanted, name: str) -> str:
    """Return the command that deletes a route."""
    return f"az dt route delete {_instance(wanted)} --route-name {name} --yes"


def _instance(wanted: Wanted) -> str:
    return f"--subscription {wanted.subscription} --resource-group {wanted.resource_group} --dt-name {wanted.instance}"

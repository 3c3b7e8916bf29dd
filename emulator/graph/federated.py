"""Federated identity credentials: which issuers' tokens sign in as an application, without a secret.

Rules: learn.microsoft.com/graph/api/resources/federatedidentitycredential. They are part of the application's own
document, so they are replicated, deleted and restored with it.
"""

from __future__ import annotations

import re
import uuid

from emulator.graph import directory_objects, rights
from emulator.graph.odata import body_of, caller_of, create_if_missing, entity, matching, object_url, page
from emulator.graph.refusals import bad, invalid_value, not_found, required, same_key
from emulator.graph.schema import FEDERATED
from emulator.graph.validation import check
from emulator.messages import Json, Refused, Reply, Request
from emulator.router import Handler, Router
from emulator.world import World

router = Router()

FIELD = "_federatedIdentityCredentials"
"""The field of an application's document with its federated credentials."""
_KIND, _RESOURCE = "federatedIdentityCredential", "FederatedIdentityCredential"
_MOST = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")
"""learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations."""
_LONGEST = 600


def list_credentials(world: World, request: Request, **key: str) -> Reply:
    """List the credentials of an application."""
    rights.require_read(caller_of(request), "application")
    found = directory_objects.shown(world, "application", key).get(FIELD, [])
    matches = matching(request, _KIND)
    return page(request, _KIND, [body for body in found if matches(body)])


def create_credential(world: World, request: Request, **key: str) -> Reply:
    """Add a credential; name, and issuer with subject, are unique in the application."""
    return _create(world, request, directory_objects.reached(world, "application", key), body_of(request))


def get_credential(world: World, request: Request, credential: str, **key: str) -> Reply:
    """Return one credential by its id or its name."""
    rights.require_read(caller_of(request), "application")
    return entity(request, _KIND, _existing(directory_objects.shown(world, "application", key), credential))


def update_credential(world: World, request: Request, credential: str, **key: str) -> Reply:
    """Change a credential, but not its name."""
    application = directory_objects.reached(world, "application", key)
    return _update(world, request, application, _existing(application, credential))


def upsert_credential(world: World, request: Request, credential: str, **key: str) -> Reply:
    """Change the credential with a name; with `Prefer: create-if-missing` create it if it is missing."""
    application = directory_objects.reached(world, "application", key)
    found = _find(application, credential)
    if found is not None:
        return _update(world, request, application, found)
    if not create_if_missing(request):
        raise not_found(credential)
    return _create(world, request, application, {**body_of(request), "name": credential})


def delete_credential(world: World, request: Request, credential: str, **key: str) -> Reply:
    """Remove a credential."""
    application = directory_objects.reached(world, "application", key)
    rights.require_change(caller_of(request), application)
    found = _existing(application, credential)
    _keep(world, application, [part for part in application[FIELD] if part["id"] != found["id"]])
    return Reply(204)


def _create(world: World, request: Request, application: Json, settings: Json) -> Reply:
    rights.require_change(caller_of(request), application)
    body = {"id": str(uuid.uuid4()), "description": None, **check(FEDERATED, settings)}
    present = application.get(FIELD, [])
    _check(body, present)
    if any(part["name"].lower() == body["name"].lower() for part in present):
        # Azure/azure-dev#1482.
        raise same_key(f"FederatedIdentityCredential with name {body['name']} already exists.")
    if len(present) >= _MOST:
        raise bad(f"The number of federated identity credentials of an application can't exceed {_MOST}.")
    _keep(world, application, [*present, body])
    answer = entity(request, _KIND, body, 201)
    answer.headers["Location"] = object_url(request, f"federatedIdentityCredentials/{body['id']}")
    return answer


def _update(world: World, request: Request, application: Json, found: Json) -> Reply:
    rights.require_change(caller_of(request), application)
    body = found | check(FEDERATED, body_of(request))
    if body["name"] != found["name"]:
        raise bad("Property 'name' is immutable and cannot be changed once it is set.")
    others = [part for part in application[FIELD] if part["id"] != found["id"]]
    _check(body, others)
    _keep(world, application, [body if part["id"] == found["id"] else part for part in application[FIELD]])
    return Reply(204)


def _check(body: Json, others: list[Json]) -> None:
    for name in ("name", "issuer", "subject", "audiences"):
        if not body.get(name):
            raise required(name, _RESOURCE)
    if not _NAME.fullmatch(body["name"]):
        raise invalid_value("name", _RESOURCE)
    if len(body["audiences"]) != 1:
        raise invalid_value("audiences", _RESOURCE)
    for name in ("issuer", "subject", "description"):
        if len(body[name] or "") > _LONGEST:
            raise invalid_value(name, _RESOURCE)
    if len(body["audiences"][0]) > _LONGEST:
        raise invalid_value("audiences", _RESOURCE)
    if not body["issuer"].lower().startswith("https://"):
        raise invalid_value("issuer", _RESOURCE)
    if any((part["issuer"], part["subject"]) == (body["issuer"], body["subject"]) for part in others):
        # Azure/azure-workload-identity#434.
        text = (
            f"The combination of issuer and subject must be unique for the application. Issuer {body['issuer']} and "
            f"Subject: {body['subject']} already exist. paramName: FederatedIdentityCredential.Subject, paramValue: "
            f"{body['subject']}, objectType: Microsoft.Online.DirectoryServices.Application"
        )
        raise Refused(400, "InvalidFederatedIdentityCredentialValue", text)


def _keep(world: World, application: Json, present: list[Json]) -> None:
    directory_objects.keep(world, "application", {**application, FIELD: present})


def _find(application: Json, credential: str) -> Json | None:
    name = credential.lower()
    found: list[Json] = application.get(FIELD, [])
    return next((part for part in found if name in (part["id"], part["name"].lower())), None)


def _existing(application: Json, credential: str) -> Json:
    found = _find(application, credential)
    if found is None:
        raise not_found(credential)
    return found


def _route(method: str, rest: str, handler: Handler) -> None:
    # Not by `uniqueName`: only these two are published.
    for template in directory_objects.NAMED["application"][:2]:
        latency = "graph_read" if method == "GET" else "graph_write"
        router.add(method, f"{template}/federatedIdentityCredentials{rest}", latency=latency)(handler)


_route("GET", "", list_credentials)
_route("POST", "", create_credential)
for _rest in ("/{credential}", "(name='{credential}')"):
    _route("GET", _rest, get_credential)
    _route("DELETE", _rest, delete_credential)
_route("PATCH", "/{credential}", update_credential)
_route("PATCH", "(name='{credential}')", upsert_credential)

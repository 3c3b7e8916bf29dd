"""OData, for all operations: the request's body and query options, and the form of answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

from emulator import seed
from emulator.graph import replicas, schema
from emulator.graph.defaults import TYPES, USER_BY_DEFAULT, served
from emulator.graph.odata_filter import parse_filter
from emulator.graph.refusals import malformed, unsupported_query
from emulator.messages import Caller, Json, Reply, Request
from emulator.world import World

PAGE = 100
LARGEST_PAGE = 999

_SETS = {
    "grant": "oauth2PermissionGrants",
    "deletedApplication": "applications",
    "deletedServicePrincipal": "servicePrincipals",
    "organization": "organization",
}
_SHAPES = {
    "application": schema.APPLICATION,
    "deletedApplication": schema.APPLICATION,
    "servicePrincipal": schema.SERVICE_PRINCIPAL,
    "grant": schema.GRANT,
    "federatedIdentityCredential": schema.FEDERATED,
}
_ADVANCED_ONLY = "Request with $search query parameter only works through MSGraph with a special request header: "


def caller_of(request: Request) -> Caller:
    """Return the verified caller."""
    assert request.caller is not None, "handle() verifies the token first"  # noqa: S101
    return request.caller


def body_of(request: Request) -> Json:
    """Return the body as a JSON object; refuse (400) anything else."""
    try:
        value = json.loads(request.body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise malformed(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid "
            "JSON format."
        )
    return value


def entity(request: Request, kind: str, body: Json, status: int = 200, *, typed: bool = False) -> Reply:
    """Return an object, reduced to `$select`. `typed` adds its type, as in polymorphic answers."""
    _no_expand(request)
    names = _selected(request, kind)
    context = f"{_set(kind)}{_listed(request)}/$entity"
    if typed:
        context = f"directoryObjects/{_namespace(kind)}{_listed(request)}/$entity"
    answer: Json = {"@odata.context": f"{request.origin}/v1.0/$metadata#{context}"}
    shown = served(kind, body, keys="keyCredentials" in (names or ()))
    return Reply(status, answer | _reduced(kind, shown, names, typed=typed))


def object_url(request: Request, rest: str) -> str:
    """Return the `Location` of a new object, as recorded: its place in the directory behind Graph."""
    return f"{request.origin}/v2/{seed.TENANT}/{rest}"


def page(request: Request, kind: str, bodies: list[Json], *, typed: bool = False) -> Reply:
    """Return a page of objects of one kind; see `objects_page`."""
    _selected(request, kind)
    found = [(kind, body) for body in _searched(request, bodies)]
    return objects_page(request, found, typed=typed, context=_set(kind))


def objects_page(
    request: Request, found: list[tuple[str, Json]], *, typed: bool = True, context: str = "directoryObjects"
) -> Reply:
    """Return a page of objects of any kinds, with `$orderby`, `$top`, `$skiptoken` and `$count`."""
    _no_expand(request)
    names = {kind: _selected(request, kind) for kind, _ in found}
    shown = [(kind, served(kind, body)) for kind, body in found]
    ordered = sorted(shown, key=lambda pair: _position(request, pair[1]))
    after = _resume(request)
    rest = [pair for pair in ordered if _position(request, pair[1]) > after] if after else ordered
    size = _top(request)
    answer: Json = {"@odata.context": f"{request.origin}/v1.0/$metadata#{context}{_listed(request)}"}
    if _counted(request):
        answer["@odata.count"] = len(ordered)
    if len(rest) > size:
        token = base64.urlsafe_b64encode(json.dumps(_position(request, rest[size - 1][1])).encode()).decode()
        query = urlencode({**request.query, "$skiptoken": token})
        answer["@odata.nextLink"] = f"{request.origin}{request.path}?{query}"
    answer["value"] = [_reduced(kind, body, names[kind], typed=typed) for kind, body in rest[:size]]
    return Reply(200, answer)


def listed(world: World, request: Request, kind: str, also: Callable[[Json], bool] | None = None) -> list[Json]:
    """Return the objects that pass `$filter` (and `also`), as the answering replica shows them."""
    matches = matching(request, kind)
    return replicas.select(world, kind, lambda body: (also is None or also(body)) and matches(served(kind, body)))


def matching(request: Request, kind: str) -> Callable[[Json], bool]:
    """Return the test of `$filter` for served objects of the kind."""
    text = request.query.get("$filter", "").strip()
    return parse_filter(text, kind, resource_of(kind), advanced=_counted(request)) if text else lambda _: True


def create_if_missing(request: Request) -> bool:
    """Whether the request prefers an upsert."""
    preferences = request.headers.get("Prefer", "").lower().split(",")
    return "create-if-missing" in (preference.strip() for preference in preferences)


def now() -> str:
    """Return the present time in Graph's format."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def resource_of(kind: str) -> str:
    """Return the name of a kind's type in messages: `Application`."""
    name = TYPES[kind]
    return name[0].upper() + name[1:]


def typed_of(kind: str) -> str:
    """Return the `@odata.type` of a kind."""
    return f"#{_namespace(kind)}"


def _namespace(kind: str) -> str:
    return f"microsoft.graph.{TYPES[kind]}"


def _set(kind: str) -> str:
    return _SETS.get(kind, f"{kind}s")


def _listed(request: Request) -> str:
    names = request.query.get("$select")
    return f"({names.replace(' ', '')})" if names else ""


def _selected(request: Request, kind: str) -> list[str] | None:
    text = request.query.get("$select")
    if not text:
        return list(USER_BY_DEFAULT) if kind == "user" else None
    names = [name.strip() for name in text.split(",") if name.strip()]
    shape = _SHAPES.get(kind)
    for name in names:
        if shape is not None and name not in shape.properties and name != "*":
            raise malformed(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
                f"'{_namespace(kind)}'."
            )
    return None if "*" in names else names


def _reduced(kind: str, body: Json, names: list[str] | None, *, typed: bool) -> Json:
    answer: Json = {"@odata.type": typed_of(kind)} if typed else {}
    if names is None:
        return answer | body
    return answer | {name: body[name] for name in names if name in body}


def _no_expand(request: Request) -> None:
    if request.query.get("$expand"):
        raise unsupported_query("Expanding relationships is not supported for this request.")


def _eventual(request: Request) -> bool:
    return request.headers.get("ConsistencyLevel", "").lower() == "eventual"


def _counted(request: Request) -> bool:
    # This makes a query an advanced query: learn.microsoft.com/graph/aad-advanced-queries.
    return request.query.get("$count", "").lower() == "true" and _eventual(request)


def _top(request: Request) -> int:
    text = request.query.get("$top")
    if text is None:
        return PAGE
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        raise unsupported_query(f"Invalid page size specified: '{text}'. Must be between 1 and 999 inclusive.")
    return int(text)


def _searched(request: Request, bodies: list[Json]) -> list[Json]:
    text = request.query.get("$search")
    if not text:
        return bodies
    if not _eventual(request):
        raise unsupported_query(f"{_ADVANCED_ONLY}'ConsistencyLevel: eventual'")
    name, colon, part = text.strip('"').partition(":")
    if not colon or name != "displayName":
        raise unsupported_query('Unsupported search clause: only "displayName:text" is supported.')
    return [body for body in bodies if part.lower() in str(body.get(name) or "").lower()]


def _position(request: Request, body: Json) -> list[str]:
    order = request.query.get("$orderby", "").strip()
    if not order:
        return [str(body["id"])]
    if order not in ("displayName", "displayName asc") or (request.query.get("$filter") and not _eventual(request)):
        raise unsupported_query("Sorting not supported for current query.")
    return [str(body.get("displayName") or "").lower(), str(body["id"])]


def _resume(request: Request) -> list[str]:
    token = request.query.get("$skiptoken")
    if not token:
        return []
    try:
        value = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        value = None
    if not isinstance(value, list):
        raise malformed("The skip token is invalid.")
    return value

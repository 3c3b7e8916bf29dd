"""The documents of an instance's data plane by id, which is case-sensitive, and pages of them."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from typing import Any
from urllib.parse import quote

from emulator.messages import Json, Refused, Request
from emulator.world import World

PAGE = 100
_ETAG = re.compile(r'(?:W/)?"[^"]*"')


def key(instance: Json, *ids: str) -> str:
    """Return the store key of an item. The store ignores case, so capitals are marked."""
    return "/".join([instance["id"], *(re.sub(r"([A-Z^])", r"^\1", quote(part, safe=";:$")) for part in ids)])


def get(world: World, kind: str, instance: Json, *ids: str) -> Json | None:
    """Return an item, or None."""
    return world.store.get(kind, key(instance, *ids))


def every(world: World, kind: str, instance: Json, *ids: str) -> list[Json]:
    """Return the items of a kind inside the instance (inside the item `ids`), in order of their keys."""
    return [body for _, body in world.store.list(kind, f"{key(instance, *ids)}/")]


def put(world: World, kind: str, instance: Json, body: Json, *ids: str) -> None:
    """Store an item."""
    world.store.put(kind, key(instance, *ids), body)


def delete(world: World, kind: str, instance: Json, *ids: str) -> None:
    """Remove an item."""
    world.store.delete(kind, key(instance, *ids))


def new_etag() -> str:
    """Return an etag, as the service writes them."""
    return f'W/"{uuid.uuid4()}"'


def check_etag(request: Request, found: Json | None, taken: str = "", kind: str = "") -> None:
    """Refuse a change whose `If-Match` or `If-None-Match` doesn't hold (412), or is no such value (400).

    `taken`: the item that is there already, and `kind` what it is, for the refusal of `If-None-Match: *`.
    """
    match, none_match = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if match and match != "*" and not _ETAG.fullmatch(match):
        raise invalid("Invalid If-Match header value. Allowed value(s): If-Match: {etag} or If-Match: *")
    if none_match and none_match != "*":
        raise invalid("Invalid If-None-Match header value. Allowed value(s): If-None-Match: *")
    etag = found.get("$etag") if found else None
    if none_match and etag:
        raise Refused(
            412,
            "PreconditionFailed",
            f"If-None-Match: * header was specified but {taken} was found. Please specify a different {kind} id.",
        )
    if match and etag != match and not (match == "*" and etag):
        raise Refused(
            412,
            "PreconditionFailed",
            "The precondition specified in the request header(s) If-Match or If-None-Match was not satisfied.",
        )


def page(request: Request, found: list[Json], **query: str) -> Json:
    """Return a page of a list with the link to the next; `max-items-per-page` limits its size."""
    start, size = offset(request.query.get("continuationToken")), page_size(request)
    more = start + size < len(found)
    token = continuation(start + size) if more else ""
    asked = {"continuationToken": token, **query, "api-version": request.query["api-version"]}
    link = f"{request.origin}{request.path}?" + "&".join(f"{name}={quote(value)}" for name, value in asked.items())
    return {"value": found[start : start + size], "nextLink": link if more else None}


def page_size(request: Request) -> int:
    """Return the requested page size; refuse (400) an invalid one."""
    asked = request.headers.get("max-items-per-page")
    if asked is None:
        return PAGE
    if not asked.isdigit() or int(asked) == 0:
        raise Refused(400, "InvalidArgument", "The header max-items-per-page must be a positive number.")
    return min(int(asked), PAGE * 10)


def continuation(start: int) -> str:
    """Return the continuation token of an offset."""
    return base64.urlsafe_b64encode(f"from:{start}".encode()).decode()


def offset(token: str | None) -> int:
    """Return the offset of a continuation token, 0 without one; refuse (400) an invalid one."""
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not re.fullmatch(r"from:\d+", text):
        raise Refused(400, "BadRequest", "The continuation token is invalid.")
    return int(text.removeprefix("from:"))


def invalid(message: str) -> Refused:
    """Return the refusal (400) of an invalid id or body."""
    return Refused(400, "InvalidArgument", message)


def body_of(request: Request) -> Any:
    """Return the body as a JSON object; refuse (400) anything else."""
    try:
        return request.json()
    except Refused:
        raise invalid("The payload is not a valid JSON object.") from None

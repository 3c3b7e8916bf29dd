"""The resources of all types in a subscription or a group, as `az resource list` shows them.

Filters as published (learn.microsoft.com/rest/api/resources/resources/list): a comparison or `substringof`, several
joined by `and`, or a tag. `identity` and `plan` are not emulated.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from emulator import regions
from emulator.arm.core import groups, lifecycle
from emulator.arm.core.groups import GROUPS
from emulator.arm.core.guards import may_read, readable
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import GROUP, ROUTER, SUBSCRIPTION
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

_SHOWN = ("id", "name", "type", "kind", "location", "tags", "identity", "sku", "managedBy")
_TERM = re.compile(
    r"(?P<name>\w+)\s+(?P<operator>eq|ne)\s+'(?P<value>[^']*)'"
    r"|(?P<call>substringof|startswith)\(\s*(?P<first>'[^']*'|\w+)\s*,\s*(?P<second>'[^']*'|\w+)\s*\)",
    re.IGNORECASE,
)
_CREATED, _CHANGED = ("createdTime", "createdAt", "creationTime"), ("lastUpdatedTime", "updatedAt")

Test = Callable[[Json], bool]


@ROUTER.add("GET", SUBSCRIPTION + "/resources")
def list_in_subscription(world: World, request: Request, subscription: str) -> Reply:
    """List the resources of a subscription that the caller may read; `$filter`, `$expand`, `$top`."""
    scope = f"/subscriptions/{subscription}"
    found = readable(world, request, "Microsoft.Resources/subscriptions/resources/read", scope, _in(world, scope))
    return _page(request, found)


@ROUTER.add("GET", GROUP + "/resources")
def list_in_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """List the resources of a group."""
    identifier = groups.id_of(subscription, group)
    may_read(world, request, "Microsoft.Resources/subscriptions/resourceGroups/resources/read", identifier)
    return _page(request, _in(world, groups.existing(world, subscription, group)["id"]))


def _in(world: World, scope: str) -> list[Json]:
    kinds = [kind for kind in lifecycle.DECLARED if kind.parent is GROUPS]
    found = [body for kind in kinds for body in kind.under(world, scope) if kind is not RESOURCES or "tags" in body]
    # A resource without tags is a part of another.
    return sorted(found, key=lambda body: str(body["id"]).lower())


def _page(request: Request, found: list[Json]) -> Reply:
    tests = _tests(request.query.get("$filter", ""))
    matching = [body for body in found if all(test(body) for test in tests)]
    top = request.query.get("$top", "")
    matching = matching[: int(top)] if top.isdigit() else matching
    expanded = [name.strip() for name in request.query.get("$expand", "").split(",")]
    return Reply(body={"value": [_served(body, expanded) for body in matching]})


def _served(body: Json, expanded: list[str]) -> Json:
    shown = {name: body[name] for name in _SHOWN if body.get(name) is not None}
    properties = body["properties"]
    more = {
        "createdTime": next((properties[name] for name in _CREATED if name in properties), None),
        "changedTime": next((properties[name] for name in _CHANGED if name in properties), None),
        "provisioningState": properties.get("provisioningState"),
    }
    return shown | {name: value for name, value in more.items() if name in expanded and value}


def _tests(expression: str) -> list[Test]:
    """Return the tests of a `$filter`."""
    parts = re.split(r"\s+and\s+", expression.strip(), flags=re.IGNORECASE) if expression.strip() else []
    matches = [_TERM.fullmatch(part.strip()) for part in parts]
    tags = {str(match["name"]).lower(): match["value"] for match in matches if match and match["operator"] == "eq"}
    if parts and tags.keys() <= {"tagname", "tagvalue"} and "tagname" in tags and len(tags) == len(parts):
        return [_tagged(tags["tagname"], tags.get("tagvalue"))]
    tests = [_test(match) if match else None for match in matches]
    known = [test for test in tests if test]
    if len(known) < len(parts):
        raise Refused(
            400, "InvalidFilterInQueryString", f"Invalid $filter '{expression}' specified in the query string."
        )
    return known


def _test(match: re.Match[str]) -> Test | None:
    if match["call"]:
        return _called(match["call"].lower(), match["first"], match["second"])
    read = _PROPERTIES.get(match["name"].lower())
    if read is None:
        return None
    expected, equal = _plain(match["name"], match["value"]), match["operator"].lower() == "eq"
    return lambda body: (read(body).lower() == expected) == equal


def _called(function: str, first: str, second: str) -> Test | None:
    if function == "startswith":
        if first.lower() != "tagname" or not second.startswith("'"):
            return None
        prefix = second.strip("'").lower()
        return lambda body: any(name.lower().startswith(prefix) for name in body.get("tags") or {})
    read = _PROPERTIES.get(second.lower())
    if read is None or second.lower() not in ("name", "resourcegroup") or not first.startswith("'"):
        return None
    part = first.strip("'").lower()
    return lambda body: part in read(body).lower()


_PROPERTIES: dict[str, Callable[[Json], str]] = {
    "name": lambda body: str(body["name"]),
    "location": lambda body: str(body["location"]),
    "resourcetype": lambda body: str(body["type"]),
    "resourcegroup": lambda body: str(body["id"]).split("/")[4],
}


def _plain(name: str, value: str) -> str:
    region = regions.find(value) if name.lower() == "location" else None
    return region.name if region else value.lower()


def _tagged(name: str, value: str | None) -> Test:
    def test(body: Json) -> bool:
        tags = {key.lower(): tag for key, tag in (body.get("tags") or {}).items()}
        return name.lower() in tags and value in (None, tags[name.lower()])

    return test

"""Part 6: what grows with what is wanted or there: requests, time, the state file, memory."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from bench.against_az import ID
from bench.lab import DEPLOY, Json, Lab, Tool, say
from emulator import seed
from tests.support.tool import SUBSCRIPTION

SIZES = (1, 10, 100)
_SHARED = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared-services/providers"
_HUB = f"{_SHARED}/Microsoft.EventHub/namespaces/contoso-events/eventhubs/twin-events"
_ROLES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
READER = f"{_ROLES}/{seed.READER}"

Prepare = Callable[[Tool, int], list[str]]


def measure(lab: Lab) -> Json:
    """Return the figures by what grows and by how many of them there are."""
    found: Json = {}
    for prepare in (tags, reply_urls, endpoints, assignments, deployments):
        what = prepare.__name__.replace("_", " ")
        sizes = SIZES[:2] if lab.quick else SIZES
        for count in dict.fromkeys(min(size, MOST.get(prepare, size)) for size in sizes):
            with lab.tool() as tool:
                found.setdefault(what, {})[str(count)] = _figures(tool, prepare(tool, count))
            measured = found[what][str(count)]
            rerun = measured["rerun"]["wall"]
            say(f"  {count} {what}: {measured['requests']} requests, {measured['wall']:.1f} s; rerun {rerun:.1f} s")
    return found


def _figures(tool: Tool, more: list[str]) -> Json:
    tool.azure.control("DELETE", "/requests")
    first = tool.run(*DEPLOY, *more)
    requests = tool.azure.requests()["total"]
    tool.azure.control("DELETE", "/requests")
    again = tool.run("--yes", *more)
    state = tool.folder / "deploy.state.json"
    return {
        **first.json(),
        "requests": requests,
        "state_bytes": state.stat().st_size,
        "rerun": {**again.json(), "requests": tool.azure.requests()["total"]},
    }


def tags(_tool: Tool, count: int) -> list[str]:
    """Ask for so many tags."""
    return [part for number in range(count) for part in ("--tag", f"tag{number}=value")]


def reply_urls(_tool: Tool, count: int) -> list[str]:
    """Ask for so many reply URLs."""
    return [part for number in range(count) for part in ("--web-reply-url", f"https://contoso.com/app{number}")]


def endpoints(tool: Tool, count: int) -> list[str]:
    """Ask for so many endpoints, by key."""
    tables = (
        f'[[endpoint]]\nname = "endpoint{number}"\ntype = "eventhub"\ndestination = "{_HUB}"\nauth = "key"\n'
        for number in range(count)
    )
    file = tool.folder / "settings.toml"
    file.write_text("\n".join(tables))
    return ["--config", str(file)]


def assignments(tool: Tool, count: int) -> list[str]:
    """Let the owner be a reader of so many things below the instance."""
    for number in range(count):
        at = f"{ID}/endpoints/endpoint{number}"
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, at))
        key = f"{at}/providers/Microsoft.Authorization/roleAssignments/{name}"
        properties = {
            "roleDefinitionId": READER,
            "principalId": seed.USERS["owner"].object_id,
            "principalType": "User",
            "scope": at,
        }
        body = {"id": key, "name": name, "type": "Microsoft.Authorization/roleAssignments", "properties": properties}
        tool.azure.document("roleAssignment", key, body)
    return []


def deployments(tool: Tool, count: int) -> list[str]:
    """Let the state files of so many deployments, less one, lie in the folder."""
    for number in range(1, count):
        if number == 1:
            tool.run(*DEPLOY, "--state", "other.state.json", "--instance", "other-twins", "--resource-group", "other")
        else:
            for file in sorted(Path(tool.folder).glob("other.state.*")):
                shutil.copy(file, tool.folder / file.name.replace("other", f"other{number}", 1))
    return []


MOST = {tags: 49, endpoints: 6}
"""A resource has 50 tags at most, one of them our mark; an instance 6 endpoints (Azure's page of limits)."""

"""Coming from deploy.ps1: its config.json is taken over, half-filled or whole, and what it made is adopted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import titles
from tests.support.tool import INSTANCE, SUBSCRIPTION, Tool
from tests.support.waiting import until
from tests.support.world import GRAPH, Emulator

TENANT = "7a1f0c52-3b7e-4d09-9d0f-5e6b2a9c1d10"
WHOLE: dict[str, Any] = {
    "subscription": SUBSCRIPTION,
    "tenant_id": TENANT,
    "location": "West Europe",
    "resource_group": "old-group",
    "name": "old-twins",
    "hostname": {"name": "old-twins", "hostName": "old-twins.api.weu.digitaltwins.azure.net", "tags": None},
    "display_name": "Old twins client",
    "reply_url": "http://localhost:4200",
    "iot_hub": "old-hub",
    "route_name": "old-route",
}


def write(tool: Tool, content: Any, encoding: str = "utf-8") -> Path:
    file = tool.folder / "config.json"
    file.write_bytes((content if isinstance(content, str) else json.dumps(content)).encode(encoding))
    return file


def test_names_and_application_are_taken_over(azure: Emulator, tool: Tool) -> None:
    graph = azure.token(GRAPH)
    old = {"displayName": "Old twins client", "publicClient": {"redirectUris": ["http://localhost:4200"]}}
    made = azure.https("POST", f"{GRAPH}/v1.0/applications", token=graph, json=old).json()
    url = f"{GRAPH}/v1.0/applications(appId='{made['appId']}')"
    until(lambda: azure.https("GET", url, token=graph).status == 200, "the application in every replica")

    done = tool.run("--yes", "--import", str(write(tool, WHOLE, "utf-16")))

    assert done.code == 0, done.text
    assert [one["name"] for one in azure.inventory()["digitalTwinsInstances"]] == ["old-twins"]
    values = tool.run("outputs", "--format", "json").document
    assert (values["client_id"], values["location"]) == (made["appId"], "westeurope")
    inputs = tool.state["inputs"]
    assert (inputs["resource_group"], inputs["reply_url"]) == ("old-group", ["http://localhost:4200"])

    other = tool.run("--yes", "--import", str(write(tool, {**WHOLE, "name": "another"})))
    assert other.code == 2, other.text  # one state file is one deployment


def test_a_half_filled_file_gives_what_it_has_and_flags_come_first(tool: Tool) -> None:
    half = {"subscription": SUBSCRIPTION, "location": "westus2", "resource_group": "old-group", "reply_url": "x"}
    file = write(tool, {**half, "name": "", "hostname": None})
    done = tool.run("plan", "--yes", "--import", str(file), "--location", "westeurope", "--output", "json")
    assert done.code == 0, done.text
    (group,) = titles(done.document, "resource_group")
    assert {"old-group", "westeurope"} <= {*group}
    assert INSTANCE in titles(done.document, "instance")[-1]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "config.json"),
        ("[]", "config.json"),
        ({"location": 1}, "location"),
        ({"hostname": [1]}, "hostname"),
        ({"name": "-"}, "config.json"),
    ],
)
def test_a_broken_file_is_refused(azure: Emulator, tool: Tool, content: Any, named: str) -> None:
    done = tool.run("--yes", "--import", str(write(tool, content)), "--output", "json")
    assert done.code == 2, done.text
    assert named in done.document["error"]["what"]
    assert azure.requests()["total"] == 0

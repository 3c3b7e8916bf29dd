"""Eventual consistency: whatever is late is waited for, within bounds, and the run says what it waits for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator.lag import AZURE_TABLE
from tests.support.azure import MARK, is_marked, writes
from tests.support.tool import INSTANCE, Tool
from tests.support.world import ARM, GRAPH, Emulator

SCALE = 0.02


@contextmanager
def late(folder: Path, **rows: float) -> Iterator[Tool]:
    """An embedded Azure where everything is instant but these rows of the latency table, scaled by `SCALE`."""
    folder.mkdir(exist_ok=True)
    table = folder / "latency.json"
    table.write_text(json.dumps({"scale": SCALE, "table": {**dict.fromkeys(AZURE_TABLE, 0), **rows}}))
    with Emulator(folder / "azure", "--latency", str(table)) as azure:
        yield Tool(azure, folder / "work")


def mine(azure: Emulator) -> dict[str, Any]:
    """What is ours, by kind; each is there once."""
    there = azure.inventory(volatile=True)
    (instance,) = there["digitalTwinsInstances"]
    (app,) = [one for one in there["applications"] if MARK in one.get("tags", [])]
    (principal,) = [one for one in there["servicePrincipals"] if one["appId"] == app["appId"]]
    (role,) = [one for one in there["roleAssignments"] if is_marked(one["properties"])]
    return {"instance": instance, "app": app, "principal": principal, "role": role}


@pytest.mark.parametrize("seconds", [0, 120])
def test_replicas_that_lag_and_disagree(tmp_path: Path, seconds: float) -> None:
    """Three replicas answer in turn: what one has shown another hides again, also in the next run."""
    with late(tmp_path / "late", replication=seconds, principal=seconds) as tool:
        first = tool.deploy()
        assert first.code == 0, first.text
        made = mine(tool.azure)
        again = tool.run("--yes", "--output", "json")
        assert again.code == 0, again.text
        assert again.document["steps"][3]["outcome"] == "already done"
        tool.state_file.unlink()
        third = tool.deploy()
        assert third.code == 0, third.text
        now = mine(tool.azure)
        assert [now[kind]["id"] for kind in now] == [made[kind]["id"] for kind in made]
        if seconds == 120:
            log = (tool.folder / "deploy.state.log").read_text()
            assert log.count(" 404 ") > 1, "the directory was waited for"


def test_a_principal_that_cannot_be_seen_yet(azure: Emulator, tool: Tool) -> None:
    body = {"error": {"code": "PrincipalNotFound", "message": "Principal does not exist in the directory."}}
    azure.faults(
        *({"method": "PUT", "path": "roleAssignments", "nth": nth, "do": "status:400", "body": body} for nth in (1, 2))
    )
    done = tool.deploy()
    assert done.code == 0, done.text
    assert len([one for one in writes(azure) if "roleAssignments" in one]) == 3
    mine(azure)


def test_an_application_deleted_a_moment_ago(azure: Emulator, tool: Tool) -> None:
    """It holds its `uniqueName`, and not every replica shows it in the recycle bin yet."""
    assert tool.deploy().code == 0
    before = mine(azure)["app"]
    url = f"{GRAPH}/v1.0/applications/{before['id']}"
    assert azure.https("DELETE", url, token=azure.token(GRAPH)).status == 204
    tool.state_file.unlink()
    tool.deploy()  # which may find its name still in use
    again = tool.deploy()
    assert again.code == 0, again.text
    assert mine(azure)["app"]["appId"] == before["appId"]


def test_a_group_that_somebody_else_deletes_during_the_run(azure: Emulator, tool: Tool) -> None:
    body = {"error": {"code": "ResourceGroupBeingDeleted", "message": "The resource group is being deprovisioned."}}
    azure.faults({"method": "PUT", "path": "digitalTwinsInstances/[^/]+$", "do": "status:409", "body": body})
    done = tool.deploy()
    assert done.code == 1, done.text
    assert "ResourceGroupBeingDeleted" in done.stderr
    assert tool.state["steps"]["instance"]["error"]["code"] == "ResourceGroupBeingDeleted"
    again = tool.run("--yes")
    assert again.code == 0, again.text
    mine(azure)


def test_a_name_freed_a_minute_ago(tmp_path: Path) -> None:
    """Ours: it is waited for. Anybody else's: refused before anything is written."""
    with late(tmp_path / "late", name_release=400) as tool:
        assert tool.deploy("--no-app").code == 0
        there = tool.azure.inventory()["digitalTwinsInstances"][0]["id"]
        answer = tool.azure.https("DELETE", f"{ARM}{there}?api-version=2023-01-31", token=tool.azure.token())
        assert answer.status in (200, 202)
        stranger = Tool(tool.azure, tmp_path / "stranger")
        refused = stranger.deploy("--no-app", "--output", "json")
        assert refused.code == 2, refused.text
        assert INSTANCE in refused.document["error"]["what"]
        tool.azure.control("DELETE", "/requests")
        again = tool.run("--yes")
        assert again.code == 0, again.text
        created = [one for one in writes(tool.azure) if re.search(r"PUT .*digitalTwinsInstances/[^/]+$", one)]
        assert len(created) > 1, "the name was waited for"

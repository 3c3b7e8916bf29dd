"""What is in the embedded Azure, and what was written to it, as the tests of the tool ask."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from tests.support.world import GRAPH, Answer, Emulator

MARK = "azure-digital-twins-deploy"
"""The tag's name, and the beginning of other marks, of what the tool makes."""
WRITES = {"PUT", "PATCH", "DELETE"}
READS = ("/checkNameAvailability", "/getUserOwnedObjects")
"""Ends of the paths of reads that are POSTs."""


def own_tags(instance_id: str) -> dict[str, str]:
    """The tag of what the deployment of this instance makes, by the documented rule."""
    return {MARK: hashlib.sha256(instance_id.lower().encode()).hexdigest()[:8]}


def is_marked(properties: dict[str, Any]) -> bool:
    """Whether the description of a role assignment says that the tool made it."""
    return str(properties.get("description") or "").startswith(MARK)


def writes(azure: Emulator) -> list[str]:
    """The writes so far: some are reads, whatever their method."""
    log = [entry for entry in azure.requests()["log"] if not entry["host"].startswith(("login.", "127.0.0.1"))]
    reads = re.compile(rf"({'|'.join(READS)})(\?|$)")
    return [
        f"{entry['method']} {entry['path']}"
        for entry in log
        if entry["method"] in WRITES or (entry["method"] == "POST" and not reads.search(entry["path"]))
    ]


def application(azure: Emulator) -> dict[str, Any]:
    """The one application with the mark."""
    (app,) = [app for app in azure.inventory(volatile=True)["applications"] if MARK in app.get("tags", [])]
    return app


def graph(azure: Emulator, method: str, path: str, body: Any = None) -> Answer:
    """Ask Microsoft Graph, as the owner, for what it is to accept."""
    answer = azure.https(method, f"{GRAPH}/v1.0{path}", token=azure.token(GRAPH), json=body)
    assert answer.status < 300, answer.content
    return answer

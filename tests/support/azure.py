"""What is in the embedded Azure, and what was written to it, as the tests of the tool ask."""

from __future__ import annotations

from typing import Any

from tests.support.world import GRAPH, Answer, Emulator

MARK = "azure-digital-twins-deploy"
"""The tag of what the tool makes."""
WRITES = {"PUT", "PATCH", "DELETE"}


def writes(azure: Emulator) -> list[str]:
    """The writes so far: the name check is a read, whatever its method."""
    log = [entry for entry in azure.requests()["log"] if not entry["host"].startswith(("login.", "127.0.0.1"))]
    return [
        f"{entry['method']} {entry['path']}"
        for entry in log
        if entry["method"] in WRITES or (entry["method"] == "POST" and "checkNameAvailability" not in entry["path"])
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

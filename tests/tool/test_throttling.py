"""Several deployments within Azure's limits on requests: slower before a refusal, and all held by one of Graph."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.limits import BUCKETS
from tests.support.tool import SUBSCRIPTION, Tool
from tests.support.world import Emulator

SHARE = 0.1
LEFT = "x-ms-ratelimit-remaining-subscription-reads"


def team(tool: Tool, count: int, *lines: str) -> Tool:
    tables = (f"[deployments.d{number}]" for number in range(count))
    shared = (f'subscription = "{SUBSCRIPTION}"', 'location = "West US 2"', *lines)
    (tool.folder / "deploy.toml").write_text("\n".join([*shared, *tables]))
    return tool


def headers(entry: dict[str, Any]) -> dict[str, str]:
    return {header["name"].lower(): header["value"] for header in entry["response"]["headers"]}


def test_a_run_slows_down_before_it_is_refused(tmp_path: Path) -> None:
    """More is read than there is at first, and nothing is refused: so the rest has waited for its refill."""
    with Emulator(tmp_path / "azure", "--limits", f"azure:{SHARE}") as azure:
        done = team(Tool(azure, tmp_path / "work"), 3, "no_app = true").run("--all", "--yes")
        recorded = azure.recorded()
    assert done.code == 0, done.text
    assert [entry["response"]["status"] for entry in recorded if entry["response"]["status"] == 429] == []
    left = [int(headers(entry)[LEFT]) for entry in recorded if LEFT in headers(entry)]
    assert len(left) > BUCKETS["reads"][0] * SHARE
    assert min(left) < 10 < max(left)


def test_a_refusal_of_graph_holds_all_and_its_post_is_repeated(azure: Emulator, tool: Tool) -> None:
    grants = "oauth2PermissionGrants"
    azure.faults(
        {"method": "POST", "path": f"/{grants}$", "do": "status:429", "headers": {"Retry-After": "2"}, "nth": 1}
    )
    done = team(tool, 2, "grant_consent = true").run("--all", "--yes")
    assert done.code == 0, done.text
    asked = [entry for entry in azure.recorded() if entry["request"]["url"].startswith("https://graph.")]
    began = [datetime.fromisoformat(entry["startedDateTime"]).timestamp() for entry in asked]
    (refused,) = [number for number, entry in enumerate(asked) if entry["response"]["status"] == 429]
    since = [at - began[refused] for at in began]
    assert max(since) > 1.9
    assert [at for at in since if 0.9 < at < 1.9] == []
    posts = [entry for entry in asked if entry["request"]["method"] == "POST" and grants in entry["request"]["url"]]
    assert len(posts) == 3
    assert len(azure.inventory()[grants]) == 2

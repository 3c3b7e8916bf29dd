"""Names of people, groups and applications, and of tenants."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from emulator import seed
from tests.support.tool import START, SUBSCRIPTION, Tool
from tests.support.world import Emulator

PLAN = ("plan", *START, "--no-app", "--output", "json")
RITA = seed.USERS["reader"]


def hosts(azure: Emulator) -> set[str | None]:
    return {urlsplit(entry["request"]["url"]).hostname for entry in azure.recorded()}


def assignee(tool: Tool, *arguments: str) -> tuple[int, str]:
    """The exit code of a plan, and its text."""
    done = tool.run(*PLAN, *arguments)
    return done.code, done.text


def test_an_object_id_with_its_kind_needs_no_directory(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure", "--sign-in", "contributor-sp") as azure:
        tool = Tool(azure, tmp_path / "work")
        code, text = assignee(tool, "--assignee", RITA.object_id)
        assert (code, "--assignee-type" in text, "Authorization_RequestDenied" in text) == (2, True, True), text
        azure.traffic.write_text("")
        code, text = assignee(
            tool, "--assignee", RITA.object_id, "--assignee-type", "User", "--tenant", seed.TENANT_DOMAIN
        )
        assert code == 0, text
        assert RITA.object_id in text
        assert "graph.microsoft.com" not in hosts(azure)


def test_an_exact_name_of_any_kind_is_enough_where_it_is_the_only_one(azure: Emulator, tool: Tool) -> None:
    for name, identifier in (
        (seed.TWINS_GROUP_NAME, seed.TWINS_GROUP),
        ("contributor-sp", seed.AUTOMATIONS["contributor-sp"].object_id),
        (RITA.display_name, RITA.object_id),
    ):
        done = tool.deploy("--no-app", "--assignee", name)
        assert done.code == 0, done.text
        assert tool.state["inputs"]["assignee"] in {name, identifier}
        assert identifier in [
            one["properties"]["principalId"] for one in azure.inventory(volatile=True)["roleAssignments"]
        ]
    other = "a9000000-0000-4000-8000-000000000009"
    namesake = {"id": other, "displayName": RITA.display_name, "securityEnabled": True}
    azure.document("group", other, namesake)
    code, text = assignee(tool, "--assignee", RITA.display_name)
    assert (code, RITA.object_id in text, other in text) == (2, True, True)
    assert assignee(tool, "--assignee", RITA.display_name, "--assignee-type", "Group")[0] == 0
    code, text = assignee(tool, "--assignee", "Twin Enginers")
    assert (code, seed.TWINS_GROUP in text) == (2, True)  # proposed, not taken


def test_a_tenant_is_known_by_its_domain(tool: Tool) -> None:
    pasted = ("--subscription", f"/subscriptions/{SUBSCRIPTION}\r")  # as Resource Manager lists it
    assert tool.run(*PLAN, "--tenant", seed.TENANT_DOMAIN, *pasted).code == 0
    assert tool.run(*PLAN, "--tenant", "nobody.example").code == 2

"""Several deployments of one settings file, in one process."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tests.support.azure import MARK, writes
from tests.support.graph import Graph, registered
from tests.support.processes import LAST, kill_group
from tests.support.screen import CTRL_C, Screen
from tests.support.tool import SUBSCRIPTION, Tool
from tests.support.waiting import until
from tests.support.world import Emulator

FILE = f"""
subscription = "{SUBSCRIPTION}"
location = "West US 2"
no_app = true
tag = {{ team = "twins", stage = "none" }}
[deployments.dev]
tag = {{ stage = "dev" }}
[deployments.north]
instance = "factory-north"
"""
ALL = ("--all", "--output", "json")
NORTH = {"method": "PUT", "path": "digitalTwinsInstances/factory-north$"}


@pytest.fixture
def team(tool: Tool) -> Tool:
    (tool.folder / "deploy.toml").write_text(FILE)
    return tool


def names(azure: Emulator, kind: str = "digitalTwinsInstances") -> list[str]:
    return sorted(one["name"] for one in azure.inventory().get(kind, ()))


def state(tool: Tool, name: str) -> Any:
    return json.loads((tool.folder / f"{name}.state.json").read_text())


def test_one_fails_and_the_others_go_on(azure: Emulator, team: Tool) -> None:
    """One sign-in and one document for all, and the worst exit code; a rerun does what is left, once."""
    refusal = {"error": {"code": "RequestDisallowedByPolicy", "message": "no"}}
    azure.faults({**NORTH, "do": "status:403", "body": refusal, "nth": "every"})
    done = team.run(*ALL)
    ended = {name: one["exit_code"] for name, one in done.document["deployments"].items()}
    assert ended["dev"] == 0, done.text
    assert done.code == done.document["exit_code"] == ended["north"] != 0
    assert names(azure) == ["adt-dev-0fd74108"]
    assert {file.name for file in team.folder.glob("*.log")} == {"dev.state.log", "north.state.log"}
    assert "factory-north" not in (team.folder / "dev.state.log").read_text()
    (group,) = [one for one in azure.inventory()["resourceGroups"] if "-dev-" in one["name"]]
    assert group["tags"].items() >= {"team": "twins", "stage": "dev"}.items()
    metadata = [entry for entry in azure.requests()["log"] if "/metadata/endpoints" in entry["path"]]
    assert len(metadata) == 1
    azure.faults()

    again = team.run(*ALL, "--parallel", "1")

    assert again.code == 0, again.text
    assert names(azure) == ["adt-dev-0fd74108", "factory-north"]
    changed = {
        name: any(step["changes"] for step in one["steps"]) for name, one in again.document["deployments"].items()
    }
    assert changed == {"dev": False, "north": True}
    before = len(azure.requests()["log"])
    assert team.run("verify", *ALL).document["deployments"].keys() == {"dev", "north"}
    assert team.run("plan", "--all", "--detailed-exitcode").code == 0
    assert [entry["method"] for entry in azure.requests()["log"][before:] if entry["method"] in ("PUT", "PATCH")] == []
    found = team.run("outputs", *ALL).document["deployments"]
    assert {name: one["host_name"].split(".")[0] for name, one in found.items()} == {
        "dev": "adt-dev-0fd74108", "north": "factory-north"
    }  # fmt: skip
    assert (
        team.run("status", *ALL).document["deployments"]["north"]["deployment"]["inputs"]["instance"] == "factory-north"
    )
    assert team.run("outputs", "host_name", "--deployment", "north").stdout.startswith("factory-north.")


def test_two_of_the_same_are_refused_before_the_first_write(azure: Emulator, team: Tool) -> None:
    with (team.folder / "deploy.toml").open("a") as file:
        file.write("[deployments.third]\ninstance = 'FACTORY-NORTH'\nresource_group = 'Digital-twins-NORTH-0fd74108'\n")
        file.write("[deployments.nowhere]\nsubscription = 'Contoso Nowhere'\n")
    done = team.run(*ALL)
    assert done.code == 2, done.text
    ended = {name: one["exit_code"] for name, one in done.document["deployments"].items()}
    assert ended == {"dev": 0, "north": 2, "third": 2, "nowhere": 2}
    assert names(azure) == ["adt-dev-0fd74108"]
    assert not (team.folder / "north.state.json").exists()
    assert team.run("--deployment", "nowhere", "--deployment", "dev", "--all").code == 2


@pytest.mark.parametrize(
    "own",
    [
        ("app_id = 'ID'", "app_id = 'ID'"),
        ("app_name = 'Twins client'\nadopt_app = true",) * 2,
        ("app_id = 'ID'", "app_name = 'Twins client'\nadopt_app = true"),
    ],
    ids=["by its id", "by its name", "by both"],
)
def test_two_with_the_same_application_are_refused_before_the_first_write(
    azure: Emulator, team: Tool, own: tuple[str, str]
) -> None:
    app_id = registered(Graph(azure))["appId"]
    north, third = (settings.replace("ID", app_id) for settings in own)
    (team.folder / "deploy.toml").write_text(
        FILE.replace("no_app = true", "") + f"{north}\n[deployments.third]\n{third}\n"
    )
    done = team.run(*ALL)
    assert done.code == 2, done.text
    ended = {name: one["exit_code"] for name, one in done.document["deployments"].items()}
    assert ended == {"dev": 0, "north": 2, "third": 2}
    assert names(azure) == ["adt-dev-0fd74108"]
    assert not (team.folder / "north.state.json").exists()


def test_a_killed_run_is_resumed_without_duplicates(azure: Emulator, team: Tool) -> None:
    """The instance was created, and nobody heard of it."""
    azure.faults({**NORTH, "do": "hold", "phase": "after"})
    process = team.start("--all", "--yes")
    until(lambda: azure.requests()["held"], "the request to be held")
    kill_group(process.pid)
    process.communicate(timeout=LAST)
    azure.faults()
    assert state(team, "north")["steps"]["instance"]["doing"] == "create-instance"
    again = team.run(*ALL)
    assert again.code == 0, again.text
    assert names(azure) == ["adt-dev-0fd74108", "factory-north"]
    before = len(azure.requests()["log"])
    assert team.run("plan", "--all", "--detailed-exitcode").code == 0
    assert [entry for entry in azure.requests()["log"][before:] if entry["method"] in ("PUT", "PATCH")] == []


def test_an_interruption_is_resumed_and_all_is_destroyed(azure: Emulator, team: Tool) -> None:
    """The group that they share is created once, and goes with the last."""
    shared = FILE.replace("no_app = true", "no_app = true\nresource_group = 'factories'")
    (team.folder / "deploy.toml").write_text(shared)
    azure.faults({**NORTH, "do": "hold"})
    with Screen(team.terminal("--all", columns=100)) as screen:
        screen.wait("? Proceed?")
        assert writes(azure) == []
        screen.child.send("y")
        until(lambda: azure.requests()["held"], "the request to be held")
        until(
            lambda: (team.folder / "dev.state.json").exists() and "host_name" in json.dumps(state(team, "dev")),
            "the other deployment to get on",
        )
        screen.child.send(CTRL_C)
        assert screen.end() == 130
    line = screen.received.partition("Run this to continue: ")[2].splitlines()[0]
    assert state(team, "north")["steps"]["instance"]["doing"] == "create-instance"
    assert len([one for one in writes(azure) if "/resourcegroups/factories?" in one]) == 1
    azure.faults()
    again = team.run(*shlex.split(line)[2:], "--yes")
    assert again.code == 0, again.text
    assert names(azure) == ["adt-dev-0fd74108", "factory-north"]
    (group,) = [one for one in azure.inventory()["resourceGroups"] if MARK in one.get("tags", {})]
    assert group["tags"].items() >= {"team": "twins"}.items()
    assert "stage" not in group["tags"]
    assert team.run("plan", "--deployment", "north", "--detailed-exitcode").code == 0

    with Screen(team.terminal("destroy", "--all", columns=100)) as screen:
        screen.wait("(deploy.toml)")
        screen.child.send("dev\r")
        assert screen.end() == 1, screen.text
    assert names(azure) == ["adt-dev-0fd74108", "factory-north"]
    with Screen(team.terminal("destroy", "--all", columns=100)) as screen:
        screen.wait("(deploy.toml)")
        assert {"factory-north", "adt-dev-0fd74108"} <= set(screen.text.split())
        screen.child.send("deploy.toml\r")
        assert screen.end() == 0, screen.text
    assert names(azure) == []
    assert [one for one in azure.inventory()["resourceGroups"] if MARK in one.get("tags", {})] == []
    made = [record["made"] for name in ("dev", "north") for record in state(team, name)["steps"].values()]
    assert made == [[]] * len(made)

"""Inputs that are lists, pairs and items: the same from a flag, the environment and the settings file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.tool import SUBSCRIPTION, Tool
from tests.support.world import Emulator

PLAN = ("plan", "--yes", "--subscription", SUBSCRIPTION)
TWIN_EVENTS = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared-services/providers/Microsoft.EventHub"
    "/namespaces/contoso-events/eventhubs/twin-events"
)
HUB = "name=hub-1,type=eventhub,destination=namespace-1/hub-1"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tag", "team"],
        ["--tag", "azure-team=x"],
        ["--tag", "a/b=x"],
        ["--web-reply-url", "http://contoso.com"],
        ["--spa-reply-url", "contoso://app"],
        ["--reply-url", "http://someone@localhost"],
        ["--endpoint", "name=hub-1"],
        ["--endpoint", f"{HUB},colour=red"],
        ["--endpoint", "nmae=hub-1"],
        ["--endpoint", HUB, "--endpoint", HUB],
        ["--endpoint", "name=12345,type=eventhub,destination=namespace-1/hub-1"],
        ["--endpoint", "name=hub-1,type=kafka,destination=namespace-1/hub-1"],
        ["--endpoint", "name=hub-1,type=eventhub,destination=hub-1"],
        ["--endpoint", "name=grid-1,type=eventgrid,destination=topic-1,auth=identity"],
        ["--endpoint", f"{HUB},auth=key,role=Reader"],
        ["--endpoint", HUB, "--no-system-identity"],
        ["--user-identity", "/subscriptions/x"],
        ["--federated-credential", "name=ci"],
        ["--federated-credential", "name=ci,github=contoso/twins"],
        ["--secret", "ci", "--secret-days", "0"],
        ["--rotate-secret"],
        ["--secret-file", "-"],
        ["--audience", "everybody"],
        ["--app-id", "twins"],
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else None,
)
def test_bad_input(tool: Tool, arguments: list[str]) -> None:
    """It is named by its flag, as in the state file, or by a part of its value."""
    done = tool.run(*PLAN, *arguments)
    assert done.code == 2, done.text
    flag, *values = arguments
    parts = [part for value in values for part in re.split("[,=]", value)]
    assert any(part in done.stderr for part in (flag, flag[2:].replace("-", "_"), *parts))
    assert "Traceback" not in done.text
    assert not tool.state_file.exists()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("tag = 1", "tag"),
        ("[tag]\nteam = 1", "tag"),
        ("reply_url = [1]", "reply_url"),
        ("[[endpoint]]\nname = 'hub-1'\ntype = 'eventhub'", "destination"),
        ("[[endpoint]]\nname = 1", "endpoint"),
        ("endpoint = [1]", "[[endpoint]]"),
        ("secret_days = true", "secret_days"),
        ("secret_days = 5", "secret_days"),
    ],
)
def test_a_settings_file_with_a_mistake(tool: Tool, content: str, named: str) -> None:
    (tool.folder / "settings.toml").write_text(content)
    done = tool.run(*PLAN, "--config", "settings.toml")
    assert done.code == 2, done.text
    assert named in done.stderr
    assert "settings.toml" in done.stderr


def test_flag_environment_and_file_say_the_same(azure: Emulator, tmp_path: Path) -> None:
    """Three runs, each told in another way, remember the same."""
    endpoint = {"name": "hub-1", "type": "eventhub", "destination": TWIN_EVENTS, "auth": "key"}
    text = ",".join(f"{name}={value}" for name, value in endpoint.items())
    route = "name=all,endpoint=hub-1,filter=type = 'a' OR type = 'b,c'"
    wanted = {
        "tag": {"team": "twins", "cost-center": "42"},
        "reply_url": ["http://localhost:1", "http://localhost:2"],
        "endpoint": [endpoint],
        "route": [{"name": "all", "endpoint": "hub-1", "filter": "type = 'a' OR type = 'b,c'"}],
    }
    flags = [
        *("--tag", "team=twins", "--tag", "cost-center=42"),
        *("--reply-url", "http://localhost:1", "--reply-url", "http://localhost:2"),
        *("--endpoint", text, "--route", route),
    ]
    variables = {
        "ADT_TAG": "team=twins;cost-center=42",
        "ADT_REPLY_URL": "http://localhost:1\nhttp://localhost:2\n",
        "ADT_ENDPOINT": text,
        "ADT_ROUTE": route,
    }
    file = tmp_path / "settings.toml"
    file.write_text(
        'tag = { team = "twins", cost-center = "42" }\n'
        'reply_url = ["http://localhost:1", "http://localhost:2"]\n'
        f'endpoint = ["{text}"]\n'
        '[[route]]\nname = "all"\nendpoint = "hub-1"\nfilter = "type = \'a\' OR type = \'b,c\'"\n'
    )
    told = {"flags": (flags, {}), "variables": ([], variables), "file": (["--config", str(file)], {})}
    for name, (arguments, environment) in told.items():
        tool = Tool(azure, tmp_path / name, environment)
        done = tool.run("deploy", "--yes", "--subscription", SUBSCRIPTION, *arguments)
        assert done.code == 0, done.text
        inputs = tool.state["inputs"]
        assert {key: inputs[key] for key in wanted} == wanted, name

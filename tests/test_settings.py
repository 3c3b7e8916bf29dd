"""Inputs that are lists, pairs and items: the same from a flag, the environment and the settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tool import SUBSCRIPTION, Tool
from tests.world import Emulator

PLAN = ("plan", "--yes", "--subscription", SUBSCRIPTION)
TWIN_EVENTS = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared-services/providers/Microsoft.EventHub"
    "/namespaces/contoso-events/eventhubs/twin-events"
)
HUB = "name=hub-1,type=eventhub,destination=namespace-1/hub-1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tag", "team"], "'team' is not NAME=VALUE"),
        (["--tag", "azure-team=x"], "Azure's own"),
        (["--tag", "a/b=x"], "without <"),
        (["--web-reply-url", "http://contoso.com"], "must be on localhost"),
        (["--spa-reply-url", "contoso://app"], "is https"),
        (["--reply-url", "http://someone@localhost"], "user name"),
        (["--endpoint", "name=hub-1"], "lacks its type"),
        (["--endpoint", f"{HUB},colour=red"], "is neither NAMESPACE/HUB"),
        (["--endpoint", "nmae=hub-1"], "unknown field, nmae. Did you mean name?"),
        (["--endpoint", HUB, "--endpoint", HUB], "hub-1 is there twice"),
        (["--endpoint", "name=12345,type=eventhub,destination=namespace-1/hub-1"], "not digits alone"),
        (["--endpoint", "name=hub-1,type=kafka,destination=namespace-1/hub-1"], "eventhub, servicebus, eventgrid"),
        (["--endpoint", "name=hub-1,type=eventhub,destination=hub-1"], "is neither NAMESPACE/HUB"),
        (["--endpoint", "name=grid-1,type=eventgrid,destination=topic-1,auth=identity"], "can't use an identity"),
        (["--endpoint", f"{HUB},auth=key,role=Reader"], "go with auth=identity"),
        (["--endpoint", HUB, "--no-system-identity"], "which is not wanted"),
        (["--user-identity", "/subscriptions/x"], "is neither NAME"),
        (["--federated-credential", "name=ci"], "needs github=OWNER/REPOSITORY"),
        (["--federated-credential", "name=ci,github=contoso/twins"], "one of branch, tag and environment"),
        (["--secret", "ci", "--secret-days", "0"], "1 to 730"),
        (["--rotate-secret"], "needs the secret's name"),
        (["--secret-file", "-"], "secret_file (from --secret-file) needs the secret's name"),
        (["--audience", "everybody"], "single, multiple, personal"),
        (["--app-id", "twins"], "not a GUID"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else None,
)
def test_bad_input(tool: Tool, arguments: list[str], said: str) -> None:
    done = tool.run(*PLAN, *arguments)
    assert done.code == 2, done.text
    assert said in done.stderr
    assert "Traceback" not in done.text
    assert not tool.state_file.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("tag = 1", "takes"),
        ("[tag]\nteam = 1", "takes text in quotes"),
        ("reply_url = [1]", "takes text in quotes"),
        ("[[endpoint]]\nname = 'hub-1'\ntype = 'eventhub'", "lacks its destination"),
        ("[[endpoint]]\nname = 1", "takes text in quotes"),
        ("endpoint = [1]", "takes tables: [[endpoint]]"),
        ("secret_days = true", "takes a number"),
        ("secret_days = 5", "secret_days (from settings.toml) needs the secret's name"),
    ],
)
def test_a_settings_file_with_a_mistake(tool: Tool, content: str, said: str) -> None:
    (tool.folder / "settings.toml").write_text(content)
    done = tool.run(*PLAN, "--config", "settings.toml")
    assert done.code == 2, done.text
    assert said in done.stderr


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

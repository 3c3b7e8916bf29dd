"""What a look asks of Azure: each thing once, and few things. Held against the recorded traffic."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.matrix.everything import EVERYTHING
from tests.support.screen import Screen
from tests.support.tool import START, Tool
from tests.support.world import Emulator, Kept

TOKENS = re.compile(r"/oauth2/|/metadata/endpoints|MSI_ENDPOINT")
POLLS = re.compile(r"operation(sStatuses|Results)", re.IGNORECASE)


def asked(azure: Emulator) -> list[str]:
    """What was asked since the last look, as method and URL, without tokens and polls."""
    requests = [entry["request"] for entry in azure.recorded()]
    urls = [f"{request['method']} {unquote(request['url']).lower()}" for request in requests]
    return [url for url in urls if not TOKENS.search(url) and not POLLS.search(url)]


def repeated(azure: Emulator) -> list[str]:
    return [url for url, count in Counter(asked(azure)).items() if count > 1]


def forget(azure: Emulator) -> None:
    azure.control("DELETE", "/requests")
    azure.traffic.write_text("")


def put_settings(tool: Tool) -> None:
    for name, text in {"settings.toml": str(EVERYTHING.settings), **EVERYTHING.files}.items():
        (tool.folder / name).write_text(text)


@pytest.fixture
def settled(azure: Emulator, tool: Tool) -> Tool:
    """deploy.py where a run with everything on has been, whose roles work."""
    put_settings(tool)
    done = tool.run(*START, "--config", "settings.toml")
    assert done.code == 0, done.text
    assert tool.run("verify").code == 0  # the new roles work
    return tool


def test_a_first_look_asks_for_each_thing_once(azure: Emulator, tool: Tool) -> None:
    put_settings(tool)
    planned = tool.run("plan", *START, "--config", "settings.toml")
    assert planned.code == 0, planned.text
    assert not repeated(azure)


@pytest.mark.parametrize(("command", "most"), [((), 37), (("verify",), 40)], ids=["no-op rerun", "verify"])
def test_a_settled_look_asks_for_each_thing_once_and_little(
    azure: Emulator, settled: Tool, command: tuple[str, ...], most: int
) -> None:
    forget(azure)
    done = settled.run(*command, *(() if command else ("--yes",)))
    assert done.code == 0, done.text
    assert not repeated(azure)
    assert len(azure.recorded()) <= most, "\n".join(asked(azure))


def test_answering_a_question_asks_nothing_again(azure: Emulator, finished: tuple[Kept, bytes], tool: Tool) -> None:
    """A namesake of the application is there, and the run asks whether to adopt it."""
    azure.renew(finished[0])
    forget(azure)
    name = azure.inventory()["applications"][0]["displayName"]
    arguments = ("--subscription", START[-1], "--resource-group", "other", "--location", "westus2")
    with Screen(tool.terminal(*arguments, "--instance", "other-one", "--app-name", name)) as screen:
        screen.wait("Adopt it")
        screen.child.send("n")
        screen.wait("? Proceed?")
        screen.child.send("n")
        screen.end()
    assert not repeated(azure)


def test_hosts_are_azures_own(azure: Emulator, settled: Tool) -> None:
    """What is counted is what was recorded under Azure's own names."""
    hosts = {urlsplit(url.partition(" ")[2]).hostname for url in asked(azure)}
    assert {"management.azure.com", "graph.microsoft.com"} <= hosts
    assert Path(settled.folder / "deploy.state.json").exists()

"""Commands that are printed: each is about the deployment that the calling command was about."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from cli.bootstrap import ROOT
from cli.display import arguments_for, command_for, quoted
from cli.main import cli
from cli.stores import DEFAULT_STATE, TRIAL

COMMANDS = ("deploy", "plan", "verify", "destroy", "status", "outputs", "settings")
TYPED = [
    [],
    ["--state", "other.state.json"],
    ["--state", "a folder/deploy.state.json", "--config", "it's mine.toml"],
    ["--local"],
    ["--local", "--sign-in", "reader", "--state", "other.state.json"],
    ["--subscription", "S", "--tenant", "T", "--cloud", "public", "--resource-group", "g", "--instance", "adt"],
    ["--location", "westus2", "--no-app", "--tag", "a=b c", "--tag", "d=", "--reply-url", "", "--system-identity"],
    ["--endpoint", "name=grid,type=eventgrid", "--route", "name=all,endpoint=grid,filter=type = 'a'", "--no-app"],
    ["--import", "config.json", "--secret", "ci", "--secret-file", "-"],
    ["--config", "team.toml", "--deployment", "dev"],
    ["--config", "team.toml", "--deployment", "dev", "--state", "other.state.json"],
    ["--config", "team.toml", "--deployment", "dev", "--deployment", "north"],
    ["--config", "team.toml", "--all"],
]
HOW = ["--yes", "--non-interactive", "--verbose", "--output", "json"]


def options_of(command: str, words: list[str]) -> dict[str, Any] | None:
    """The options that click makes of these words; None where the command doesn't take them."""
    try:
        return cli.commands[command].make_context(command, list(words)).params
    except click.UsageError:
        return None


def about(options: Mapping[str, Any]) -> dict[str, Any]:
    """What of the options tells the deployment and what it is to be."""
    how = {"yes", "non_interactive", "verbose", "output", "form", "purge", "traffic", "embedded_azure_runs"}
    return {name: value for name, value in options.items() if name not in how and value not in (None, (), False)}


@pytest.mark.parametrize("typed", TYPED, ids=" ".join)
@pytest.mark.parametrize("calling", COMMANDS)
@pytest.mark.parametrize("printed", COMMANDS)
def test_a_printed_command_is_about_the_same_deployment(calling: str, printed: str, typed: list[str]) -> None:
    called = options_of(calling, [word for word in typed if word != "--no-app"])
    if called is None:
        return
    words = shlex.split(command_for(printed, called))
    assert [Path(word).name for word in words[:3]] == ["python3", "deploy.py", printed]
    options = options_of(printed, words[3:])
    assert options is not None
    known = {parameter.name for parameter in cli.commands[printed].params}
    if printed in ("destroy", "status", "outputs") and not (called.get("deployment") or called.get("all")):
        known.remove("config")  # they go by the state file
    expected = {name: value for name, value in about(called).items() if name in known}
    assert about(options) == expected
    assert not options.get("yes")
    assert options.get("output", "text") == "text"


@pytest.mark.parametrize("typed", TYPED, ids=" ".join)
@pytest.mark.parametrize("command", ["deploy", "plan", "verify", "destroy"])
def test_the_same_command_again_is_the_same_in_all(command: str, typed: list[str]) -> None:
    called = options_of(command, [*typed, *HOW])
    if called is None:
        return
    assert options_of(command, arguments_for(command, called, again=True)) == called


def test_the_state_file_that_is_taken_anyway_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert arguments_for("status", {"state": Path(DEFAULT_STATE), "local": False}) == []
    assert arguments_for("status", {"state": tmp_path / DEFAULT_STATE, "local": False}) == []
    assert arguments_for("status", {"state": TRIAL / DEFAULT_STATE, "local": True}) == ["--local"]
    assert arguments_for("status", {"state": TRIAL / DEFAULT_STATE}) == ["--state", str(TRIAL / DEFAULT_STATE)]
    assert arguments_for("status", {"state": Path(DEFAULT_STATE), "local": True}) == [
        "--local",
        "--state",
        DEFAULT_STATE,
    ]
    assert shlex.split(command_for("status", {}))[1] == str(ROOT / "deploy.py")


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("--state", "--state"),
        (r"C:\twins\a.json", r"C:\twins\a.json"),
        (r"C:\my twins\a.json", r"'C:\my twins\a.json'"),
        ("", "''"),
        ("it's", "'it''s'"),
        ("it\u2019s", "'it\u2019\u2019s'"),
        ("$env:x `n", "'$env:x `n'"),
        ("name=a,type=b", "'name=a,type=b'"),
        ("a=b", "a=b"),
        ("@file", "'@file'"),
        ("(1);{2}|&<>#", "'(1);{2}|&<>#'"),
        ("-1.5", "'-1.5'"),
        ("Zürich", "'Zürich'"),
    ],
)
def test_powershell_gets_its_own_quotes(word: str, line: str) -> None:
    assert quoted(["python", word], powershell=True) == f"python {line}"
    assert shlex.split(quoted(["python3", word], powershell=False)) == ["python3", word]

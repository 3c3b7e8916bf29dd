"""How the command line is read, and that its help is whole."""

from __future__ import annotations

import click
import pytest

from cli.command_line import EXIT_CODES, Commands, Context, usage_refusal
from cli.main import cli
from cli.near import hint
from cli.sources import BY_NAME, unknown_variables
from engine.input import OneOf
from engine.refusal import SEVERITY

GROUP: click.Command = cli
assert isinstance(cli, Commands)
COMMANDS = cli.commands
NAMES = sorted(COMMANDS)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", "deploy"),
        ("--yes", "deploy --yes"),
        ("plan --yes", "plan --yes"),
        ("--verbose plan --yes", "plan --verbose --yes"),
        ("--state plan verify", "verify --state plan"),
        ("--state=plan -v verify", "verify --state=plan -v"),
        ("--format env outputs host_name", "outputs --format env host_name"),
        ("outputs plan", "outputs plan"),
        ("-y -- plan", "deploy -y -- plan"),
        ("--help", "--help"),
        ("--verbose --help", "deploy --verbose --help"),
        ("--help plan", "plan --help"),
        ("--state", "deploy --state"),
    ],
)
def test_options_may_stand_before_the_command(typed: str, read: str) -> None:
    assert isinstance(cli, Commands)
    assert cli.command_first(typed.split()) == read.split()


def test_a_form_that_only_outputs_has_is_text_elsewhere_if_a_variable_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def form(command: str, *arguments: str) -> str:
        read = COMMANDS[command].make_context(command, [*arguments]).params
        return str(read.get("output") or read["form"])

    for value, forms in (("github", ["text", "github"]), ("json", ["json", "json"]), ("text", ["text", "text"])):
        monkeypatch.setenv("ADT_OUTPUT", value)
        assert [form("plan", "--yes"), form("outputs")] == forms
    monkeypatch.setenv("ADT_OUTPUT", "gihtub")
    for arguments in (("plan",), ("outputs",), ("plan", "--output", "github")):
        with pytest.raises(click.UsageError):
            form(*arguments)


@pytest.mark.parametrize(("typed", "meant"), [("pln", "plan"), ("--yes destory", "destroy"), ("zzz", "emulate")])
def test_a_mistyped_command_is_told_by_what_was_meant(typed: str, meant: str) -> None:
    assert isinstance(cli, Commands)
    with pytest.raises(click.UsageError) as told:
        cli.command_first(typed.split())
    assert meant in told.value.message
    assert told.value.exit_code == 2


def test_a_value_is_found_by_a_word_of_its_name_too() -> None:
    known = ["tenant_id", "host_name", "instance_url", "ADT_SERVICE_URL"]
    assert hint("hostnam", known).endswith("host_name?")
    assert all(name in hint("url", known) for name in known[2:])
    assert all(name in hint("nothing-like-it", known) for name in known)


def test_a_command_line_that_cannot_be_read_is_an_error_like_every_other() -> None:
    refusal = usage_refusal(click.UsageError("wrong", click.Context(click.Command("plan"), info_name="deploy.py plan")))
    assert (refusal.what, refusal.exit_code) == ("wrong", 2)
    assert refusal.next.endswith("deploy.py plan --help")


def test_help_names_the_variables_of_its_own_options_alone() -> None:
    helped = {name: command.get_help(Context(command)) for name, command in COMMANDS.items()}
    assert ("ADT_OUTPUT" in helped["deploy"], "ADT_OUTPUT" in helped["settings"]) == (True, False)
    assert "ADT_DEPLOYMENT" in helped["plan"]
    assert "ADT_STATE" in helped["destroy"]


@pytest.mark.parametrize("name", ["", *NAMES])
def test_help_is_whole_at_80_columns(name: str) -> None:
    command = COMMANDS[name] if name else GROUP
    text = command.get_help(Context(command, info_name="deploy.py", terminal_width=80))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\u2011" not in text
    for row in BY_NAME.values():
        assert not (name in ("", "deploy", "plan", "verify") and row.flag not in text), row.flag


def test_every_exit_code_is_explained() -> None:
    assert {*EXIT_CODES, 129, 143} == set(SEVERITY)


def test_choices_are_named_where_they_are_typed() -> None:
    named = {row.metavar: "|".join(row.problem.choices) for row in BY_NAME.values() if isinstance(row.problem, OneOf)}
    assert named
    assert [*named] == [*named.values()]


def test_what_confirms_has_no_variable() -> None:
    options = [param for command in COMMANDS.values() for param in command.params]
    variables = {param.name: param.envvar for param in options if param.envvar}
    assert variables == {
        "config": "ADT_CONFIG",
        "state": "ADT_STATE",
        "output": "ADT_OUTPUT",
        "form": "ADT_OUTPUT",
        "non_interactive": "ADT_NON_INTERACTIVE",
    }
    assert not {"yes", "purge"} & set(BY_NAME)


def test_a_variable_that_looks_like_ours_and_is_not() -> None:
    assert unknown_variables(["ADT_LOCATION", "ADT_STATE", "ADT_SERVICE_URL", "AZURE_LOCATON", "PATH"]) == []
    told = unknown_variables(["adt_location", "ADT_RESOURCEGROUP", "ADT_YES", "ADT_QQQQ"])
    assert [("Did you mean" in line, line.split()[0]) for line in told] == [
        (False, "ADT_QQQQ"),
        (True, "ADT_RESOURCEGROUP"),
        (False, "ADT_YES"),
        (True, "adt_location"),
    ]
    assert "ADT_RESOURCE_GROUP" in told[1]

"""A settings file with several deployments: what each of them gets, and which of them a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from cli.chosen import Chosen
from cli.display import arguments_for
from cli.main import cli
from cli.settings_file import LONGEST_NAME
from cli.sources import BY_NAME, gather
from cli.stores import Place
from engine.input import Given
from engine.refusal import BadInput
from steps.shared.target import default_group, default_instance
from tests.plans.cli.command_lines import chosen

FILE = """
location = "westeurope"
reply_url = ["http://localhost", "http://localhost:1"]
[tag]
team = "twins"
Stage = "none"
[deployments.dev]
subscription = "Contoso Sandbox"
[deployments.north]
instance = "factory-north"
location = "northeurope"
reply_url = ["http://localhost:2"]
models = "models/north"
[deployments.north.tag]
stage = "production"
[deployments.plain]
tag = "none"
location = ""
"""


pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "team.toml"
    written.write_text(FILE)
    return written


def values(file: Path, deployment: str, **flags: Any) -> dict[str, Any]:
    return {name: given.value for name, given in gather(flags, file, {}, deployment=deployment).items()}


def test_what_all_share_and_what_is_a_deployments_own(file: Path) -> None:
    shared = {"location": "westeurope", "reply_url": ["http://localhost", "http://localhost:1"]}
    assert values(file, "dev") == {
        **shared, "subscription": "Contoso Sandbox", "tag": {"team": "twins", "Stage": "none"}
    }  # fmt: skip
    assert values(file, "north") == {
        "location": "northeurope",
        "instance": "factory-north",
        "reply_url": ["http://localhost:2"],
        "models": [str(file.parent / "models/north")],
        "tag": {"team": "twins", "stage": "production"},
    }
    assert values(file, "plain") == {**shared, "tag": {}}
    assert values(file, "") == {**shared, "tag": {"team": "twins", "Stage": "none"}}


def test_a_table_comes_after_flags_and_variables_and_before_the_state_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def location(deployment: str, **flags: Any) -> Given:
        return gather(flags, file, {"location": "remembered"}, deployment=deployment)["location"]

    assert location("north", location="westus2") == Given("westus2", "--location")
    own, shared = location("north"), location("dev")
    assert (own.value, shared.value) == ("northeurope", "westeurope")
    assert shared.source == str(file)
    assert own.source != shared.source and str(file) in own.source and "north" in own.source
    monkeypatch.setenv("ADT_LOCATION", "eastus")
    assert location("north").value == "eastus"


@pytest.mark.parametrize("tags", ['["Stage=x", "owner=ada"]', '"Stage=x"', '{ Stage = "x" }'])
def test_tags_are_merged_in_every_form(tmp_path: Path, tags: str) -> None:
    file = tmp_path / "team.toml"
    file.write_text(f"tag = ['team=twins', 'stage=none']\n[deployments.dev]\ntag = {tags}\n")
    assert values(file, "dev")["tag"].items() >= {"team": "twins", "Stage": "x"}.items()
    assert "stage" not in values(file, "dev")["tag"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("deployments = 1", "deployments"),
        ("[[deployments]]\nlocation = 'x'", "deployments"),
        ("[deployments]\nlocation = 'westus2'", "location"),
        ("[deployments]\ndev = 1", "deployments.dev"),
        ("[deployments.dev]\nlocaton = 'westus2'", "location"),
        ("[deployments.dev]\nno_app = 'yes'", "no_app"),
        ("[deployments.dev.deployments]\n", "deployments.dev"),
        ("[deployments.'my dev']\n", "my dev"),
        ("[deployments.'../dev']\n", "../dev"),
        ("[deployments.'']\n", "''"),
        ("[deployments.'ü']\n", "ü"),
        ("[deployments.a_b]\n", "a_b"),
        ("[deployments.-a]\n", "-a"),
        (f"[deployments.{'a' * (LONGEST_NAME + 1)}]\n", "a" * LONGEST_NAME),
        ("[deployments.dev]\n[deployments.DEV]\n", "DEV"),
        ("[deployment.dev]\n", "deployments"),
        ("locaton = 'x'\n[deployments.dev]\n", "location"),
        ("[deployments.dev]\ntag = ['x']\n", "x"),
        ("state = 'x.state.json'\n[deployments.dev]\n", "state"),
    ],
)
def test_a_file_with_a_mistake_is_refused_whichever_deployment_is_meant(
    tmp_path: Path, content: str, named: str
) -> None:
    file = tmp_path / "team.toml"
    file.write_text(content)
    with pytest.raises(BadInput) as refused:
        gather({}, file, {}, deployment="dev")
    assert named in refused.value.what
    assert str(file) in refused.value.what


def test_the_longest_name_fits_into_default_names() -> None:
    name = "A" * LONGEST_NAME
    assert len(default_group("t", "s", name)) <= 90
    assert len(default_instance("t", "s", name)) <= 63
    assert BY_NAME["instance"].problem(default_instance("t", "s", name)) is None
    assert default_instance("t", "s", "dev") == default_instance("t", "s", "DEV") != default_instance("t", "s")
    assert default_group("t", "s", "dev") != default_group("t", "s", "north")


TEAM = ("--config", "team.toml")


@pytest.mark.parametrize("command", ["deploy", "plan", "verify", "destroy", "status", "outputs", "settings"])
def test_which_deployments_a_command_is_about(file: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def states(*words: str) -> dict[str, Place] | int:
        found = chosen(command, *words)
        return dict(found.states) if isinstance(found, Chosen) else found

    dev, north = Path("dev.state.json"), Path("north.state.json")
    assert states(*TEAM, "--deployment", "dev") == {"dev": dev}
    assert states(*TEAM, "--deployment", "dev", "--state", "x.json") == {"dev": Path("x.json")}
    assert states(*TEAM, "--deployment", "north", "--deployment", "dev") == {"dev": dev, "north": north}
    assert states(*TEAM, "--all") == {"dev": dev, "north": north, "plain": Path("plain.state.json")}
    monkeypatch.setenv("ADT_DEPLOYMENT", " north ")
    assert states(*TEAM) == {"north": north}
    assert states(*TEAM, "--deployment", "dev") == {"dev": dev}
    monkeypatch.setenv("ADT_DEPLOYMENT", "north;dev")
    assert states(*TEAM) == {"dev": dev, "north": north}
    file.rename("deploy.toml")
    assert states("--all") == {"dev": dev, "north": north, "plain": Path("plain.state.json")}


@pytest.mark.parametrize(
    "words",
    [
        [*TEAM],
        [*TEAM, "--deployment", "nroth"],
        [*TEAM, "--deployment", "DEV"],
        [*TEAM, "--deployment", "dev", "--deployment", "dev"],
        [*TEAM, "--deployment", "dev", "--all"],
        ["--deployment", "dev"],
        ["--all"],
        ["--no-config", "--all"],
        ["--config", "missing.toml", "--all"],
        ["--config", "one.toml", "--all"],
        ["--config", "one.toml", "--deployment", "dev"],
        [*TEAM, "--all", "--state", "x.state.json"],
        [*TEAM, "--all", "--instance", "factory"],
        [*TEAM, "--deployment", "dev", "--deployment", "north", "--import", "config.json"],
    ],
    ids=" ".join,
)
def test_a_choice_that_cannot_be_meant(file: Path, words: list[str]) -> None:
    (file.parent / "one.toml").write_text("location = 'westus2'")
    assert chosen("deploy", *words) == 2


@pytest.mark.parametrize(("name", "value"), [("ADT_STATE", "x.state.json"), ("ADT_INSTANCE", "factory")])
@pytest.mark.usefixtures("file")
def test_a_variable_that_is_of_one_deployment(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert chosen("deploy", *TEAM, "--all") == 2
    assert isinstance(chosen("deploy", *TEAM, "--deployment", "dev"), Chosen)


def test_a_file_without_tables_is_one_deployment(tmp_path: Path) -> None:
    (tmp_path / "deploy.toml").write_text("location = 'westus2'")
    for command in ("deploy", "destroy", "status"):
        found = chosen(command)
        assert isinstance(found, Chosen)
        assert not found.several
        assert dict(found.states) == {"": Path("deploy.state.json")}
        assert found.options["deployment"] == ()


def test_what_goes_by_the_state_file_needs_no_choice_where_that_is_named(file: Path) -> None:
    file.rename("deploy.toml")
    assert chosen("destroy") == chosen("status") == chosen("deploy", "--state", "x.state.json") == 2
    for command in ("destroy", "status", "outputs"):
        found = chosen(command, "--state", "x.state.json")
        assert isinstance(found, Chosen)
        assert found.place == Path("x.state.json")
    Path("deploy.toml").write_text("torn")  # it may name the state
    assert isinstance(chosen("destroy", "--state", "x.state.json"), Chosen)
    assert isinstance(chosen("destroy", "--no-config"), Chosen)
    assert chosen("destroy") == chosen("status") == 2
    assert chosen("deploy", "--deployment", "dev") == chosen("destroy", "--deployment", "dev") == 2


def test_a_deployment_whose_table_is_gone_is_told_of_its_state_file(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file.parent / "old.state.json").write_text("{}")
    assert chosen("destroy", *TEAM, "--deployment", "old") == 2
    assert "--state old.state.json" in capsys.readouterr().err


@pytest.mark.usefixtures("file")
def test_a_printed_command_is_about_each() -> None:
    found = chosen("plan", *TEAM, "--all", "--location", "westus2")
    assert isinstance(found, Chosen)
    each = dict(found.each())
    assert list(each) == ["dev", "north", "plain"]
    assert each["north"].options["deployment"] == ("north",)
    assert not each["north"].options["all"]
    assert each["north"].place == each["north"].options["state"] == Path("north.state.json")
    assert found.options["state"] is None


@pytest.mark.usefixtures("file")
def test_a_settings_file_is_written_of_one() -> None:
    with pytest.raises(click.UsageError):
        cli.main(["settings", *TEAM, "--all"], standalone_mode=False)


@pytest.mark.parametrize(
    "words", [["--all"], ["--deployment", "north", "--deployment", "dev"], ["--deployment", "dev"], []]
)
@pytest.mark.parametrize("command", ["deploy", "plan", "verify", "destroy"])
def test_a_printed_command_is_about_the_same_deployments_and_states(
    file: Path, command: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever their states are; a table names them, so the command doesn't. Without words a variable has chosen."""
    shared = "https://contoso.blob.core.windows.net/states/north.state.json"
    named = file.read_text().replace("[deployments.north]", f"[deployments.north]\nstate = '{shared}'")
    file.write_text(named.replace("[deployments.dev]", "[deployments.dev]\nstate = 'kept/dev.state.json'"))
    monkeypatch.setenv("ADT_DEPLOYMENT", "" if words else "dev;north")
    called = chosen(command, *TEAM, *words, "--parallel", "3")
    monkeypatch.delenv("ADT_DEPLOYMENT")
    assert isinstance(called, Chosen)
    everything = {name: value for name, value in called.options.items() if name != "state"}
    for printed in ("deploy", "plan", "verify", "destroy", "status", "outputs"):
        again = chosen(printed, *arguments_for(printed, everything if called.several else called.options))
        assert isinstance(again, Chosen)
        assert dict(again.states) == dict(called.states)
        assert again.several == called.several
        for name, one in called.each():
            own = chosen(printed, *arguments_for(printed, one.options))
            assert isinstance(own, Chosen)
            assert dict(own.states) == {name: called.states[name]}
    same = chosen(command, *arguments_for(command, everything, again=True))
    assert isinstance(same, Chosen)
    assert same.options["parallel"] == 3
    assert dict(same.states) == dict(called.states)

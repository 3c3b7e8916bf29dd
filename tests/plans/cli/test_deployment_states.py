"""Where the states of several deployments in one settings file are."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.chosen import Chosen
from cli.display import arguments_for
from cli.main import cli
from cli.stores import TRIAL, store_of, taken_by_itself
from engine.refusal import BadInput
from state.blob_address import BlobAddress
from tests.plans.cli.command_lines import chosen

BLOB = BlobAddress("contoso", "core.windows.net", "north", "deploy.state.json")


pytestmark = pytest.mark.usefixtures("alone")


@pytest.mark.parametrize("command", ["deploy", "destroy", "status", "settings"])
def test_each_deployment_has_a_state_of_its_own(command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A path is taken from the settings file's folder; a trial, a flag and a variable leave what is named."""
    (tmp_path / "at").mkdir()
    file = tmp_path / "at" / "team.toml"
    file.write_text(
        f"[deployments.dev]\nstate = 'd.json'\n[deployments.north]\nstate = '{BLOB}'\n[deployments.plain]\nstate = ''\n"
    )
    team = ("--config", str(file))
    if command != "settings":
        every = chosen(command, *team, "--all")
        assert isinstance(every, Chosen)
        assert every.states == {"dev": tmp_path / "at/d.json", "north": BLOB, "plain": Path("plain.state.json")}
    one = chosen(command, *team, "--deployment", "north")
    assert isinstance(one, Chosen)
    assert one.place == BLOB
    store = store_of(BLOB, one.options, file, "north")
    assert store.log_path == tmp_path / "north.state.log"  # another deployment's blob may have the same name
    printed = ["--config", "at/team.toml", "--deployment", "north"]
    assert arguments_for("status", one.options) == printed
    trial = chosen(command, *team, "--deployment", "north", "--local")
    assert isinstance(trial, Chosen)
    assert trial.place == TRIAL / "north.state.json"
    monkeypatch.setenv("ADT_STATE", "x.json")
    assert arguments_for("status", one.options) == [*printed, "--state", str(BLOB)]
    other = chosen(command, *team, "--deployment", "north")
    assert isinstance(other, Chosen)
    assert other.place == Path("x.json")
    assert arguments_for("status", other.options) == [*printed, "--state", "x.json"]


@pytest.mark.parametrize(
    "content",
    [
        "[deployments.dev]\nstate = 'north.state.json'\n[deployments.north]\n",
        f"[deployments.dev]\nstate = '{BLOB}'\n[deployments.north]\nstate = '{BLOB}'\n",
        "[deployments.dev]\nstate = 1\n",
        "[deployments.dev]\nstate = 'http://contoso'\n",
        "state = 'x.json'\n[deployments.dev]\n",
    ],
)
def test_states_that_cannot_be(content: str) -> None:
    Path("deploy.toml").write_text(content)
    for command in ("deploy", "status"):
        assert chosen(command, "--deployment", "dev") == 2


def test_the_lock_of_one_of_several_is_named() -> None:
    """What goes by itself elsewhere doesn't in a folder whose settings have several deployments."""
    Path("deploy.toml").write_text("[deployments.dev]\n[deployments.north]\n")
    with pytest.raises(BadInput):
        taken_by_itself()
    assert arguments_for("status", {"state": Path("deploy.state.json")}) == ["--state", "deploy.state.json"]
    assert cli.main(["state", "unlock"], standalone_mode=False) == 2

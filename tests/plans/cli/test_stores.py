"""Which state is meant: a file or a blob, by a flag, a variable or a settings file."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from cli.display import arguments_for, state_command
from cli.main import cli
from cli.same_deployment import refuse_other_storage
from cli.sources import gather
from cli.stores import DEFAULT_STATE, TRIAL, Place, named_in, place_of, store_of
from cloud.azure_clouds import Cloud
from engine.refusal import BadInput, redact
from state.blob_address import SUFFIXES, BlobAddress
from tests.plans.cli import command_lines

URL = "https://contoso.blob.core.windows.net/states/north.state.json"
BLOB = BlobAddress("contoso", "core.windows.net", "states", "north.state.json")


pytestmark = pytest.mark.usefixtures("alone")


def chosen(command: str, *words: str) -> Place | int:
    """The state that a command takes, or its exit code."""
    found = command_lines.chosen(command, *words)
    return found if isinstance(found, int) else found.place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("north.state.json", Path("north.state.json")),
        ("https.state.json", Path("https.state.json")),
        (URL, BLOB),
        (f" '{URL}'\r", BLOB),
        (URL.replace("https", "HTTPS").replace("contoso.blob", "Contoso.Blob"), BLOB),
        (
            "https://contoso.blob.core.chinacloudapi.cn/a-1/eu/n%20a.json",
            BlobAddress("contoso", "core.chinacloudapi.cn", "a-1", "eu/n a.json"),
        ),
    ],
)
def test_a_place(text: str, place: Place) -> None:
    assert place_of(text) == place
    if isinstance(place, BlobAddress):
        assert BlobAddress.parse(str(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        URL.replace("https", "http"),
        URL.replace(".net/", ".net:444/"),
        URL.replace(".blob.", ".dfs."),
        URL.replace("https://contoso.", "https://user:word@contoso."),
        URL.replace("contoso", "con-toso"),
        URL.replace("/states/", "/St/"),
        URL.replace("/states/", "/a--b/"),
        f"{URL}#part",
        "https://contoso.blob.core.windows.net/states",
        "https://contoso.blob.core.windows.net/states/",
        "https://contoso.blob.core.windows.net",
        "https://[contoso/states/x",
        "https://",
    ],
)
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        place_of(text)


@pytest.mark.parametrize("command", ["deploy", "plan", "verify", "destroy", "status", "outputs", "settings"])
def test_a_signature_is_refused_and_never_shown(command: str) -> None:
    secret = "c2lnbmF0dXJlLW9mLWEtYmxvYg"
    with pytest.raises(click.UsageError) as refused:
        cli.commands[command].make_context(command, ["--state", f"{URL}?sv=2024-11-04&sig={secret}%3D"])
    assert refused.value.exit_code == 2
    assert secret not in refused.value.format_message()
    assert secret not in redact(f"a log with {secret}%3D")


@pytest.mark.parametrize("command", ["deploy", "status", "destroy", "settings"])
def test_the_flag_counts_before_the_variable_and_that_before_the_settings(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert chosen(command) == Path(DEFAULT_STATE)
    Path("settings").mkdir()
    settings = Path("settings/team.toml")
    settings.write_text('state = "a.state.json"\ninstance = "north"\n')
    monkeypatch.setenv("ADT_CONFIG", str(settings))
    assert chosen(command) == Path("settings/a.state.json")
    monkeypatch.setenv("ADT_STATE", URL)
    assert chosen(command) == BLOB
    assert chosen(command, "--state", "b.state.json") == Path("b.state.json")
    if command != "settings":
        assert chosen(command, "--local") == TRIAL / DEFAULT_STATE


def test_the_settings_of_the_folder_name_a_state_for_commands_that_take_no_settings() -> None:
    Path("deploy.toml").write_text(f'state = "{URL}"\n')
    for command in ("status", "outputs", "destroy"):
        assert chosen(command) == BLOB
        assert chosen(command, "--local") == TRIAL / DEFAULT_STATE
    assert arguments_for("status", {"state": Path(DEFAULT_STATE)}) == ["--state", DEFAULT_STATE]
    Path("deploy.toml").write_text("state = 1\n")
    assert chosen("status") == chosen("deploy") == 2


def test_a_trial_has_no_blob() -> None:
    with pytest.raises(click.UsageError):
        chosen("deploy", "--local", "--state", URL)


@pytest.mark.parametrize("value", ["1", f'"{URL}?sig=abcdefghijk"', '["a"]', '"http://x/y/z"'])
def test_a_setting_that_cannot_be_right(value: str, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(f"state = {value}\n")
    with pytest.raises(BadInput):
        named_in(file, strict=False)


def test_a_settings_file_that_cannot_be_read_is_told_by_who_reads_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("state = \n")
    assert named_in(file, strict=False) is None
    with pytest.raises(BadInput):
        named_in(file, strict=True)


def test_the_setting_is_no_input(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(f'state = "{URL}"\ninstance = "north"\n')
    assert set(gather({}, file, {})) == {"instance"}


@pytest.mark.parametrize(
    ("flags", "suffix", "fits"),
    [
        ({}, "core.windows.net", True),
        ({}, "core.usgovcloudapi.net", True),
        ({"cloud": "public"}, "core.windows.net", True),
        ({"cloud": "public"}, "core.usgovcloudapi.net", False),
        ({"cloud": "china"}, "core.windows.net", False),
        ({}, "local.azurestack.external", False),
        ({"arm_endpoint": "https://management.local.azurestack.external"}, "local.azurestack.external", True),
    ],
)
def test_a_blob_of_another_cloud(flags: dict[str, str], suffix: str, *, fits: bool) -> None:
    place = BlobAddress("contoso", suffix, "states", "north.state.json")
    if fits:
        store = store_of(place, flags, None)
        assert store.place == place
        assert store.beside == Path.cwd() / "north.state.json"
        assert store.log_path == Path.cwd() / "north.state.log"
    else:
        with pytest.raises(BadInput):
            store_of(place, flags, None)


@pytest.mark.parametrize("name", SUFFIXES)
def test_a_deployment_in_another_cloud_than_its_state(name: str) -> None:
    cloud = Cloud(name, "", "", "", "", "", "", SUFFIXES[name])
    for other, suffix in SUFFIXES.items():
        place = BlobAddress("contoso", suffix, "states", "x")
        if other == name:
            refuse_other_storage(place, cloud)
        else:
            with pytest.raises(BadInput):
                refuse_other_storage(place, cloud)
    refuse_other_storage(Path("x"), cloud)
    refuse_other_storage(BLOB, Cloud(name, "", "", "", "", "", ""))  # as an earlier version remembered it


def test_what_is_printed_names_the_blob() -> None:
    assert arguments_for("status", {"state": BLOB}) == ["--state", URL]
    assert state_command("unlock", BLOB).endswith(f"state unlock --state {URL}")

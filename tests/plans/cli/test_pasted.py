"""What shells and editors leave around values and in files."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest

from cli.deploy_ps1 import read
from cli.sources import gather
from cloud.identifiers import pasted
from engine.input import Value
from engine.refusal import BadInput
from state.document import Belonging, StateDocument, StateRefused
from state.file_store import StateFile

SUBSCRIPTION = "1c0ffee0-0000-4000-8000-000000000001"
AROUND = ["{}\r", "{}\r\n", " {} ", '"{}"', "'{}'\r", '"{}\r"', "\u201c{}\u201d", "\ufeff{}", "{}\u00a0", "\t'\"{}\"'"]
CLEANED = {
    "subscription": SUBSCRIPTION,
    "tenant": "contoso.onmicrosoft.com",
    "resource_group": "rg-1",
    "location": "West US 2",
    "instance": "factory",
    "arm_endpoint": "https://management.local",
    "assignee": "ada@contoso.com",
    "role": "Azure Digital Twins Data Reader",
    "public_network_access": "disabled",
    "secret_days": "30",
}
KEPT = {"app_name": ' "Factory" ', "notes": "'quoted' "}


@pytest.fixture(autouse=True)
def clear(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("ADT_", "AZURE_")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("around", AROUND)
def test_what_is_pasted_around_a_value_is_taken_off(around: str) -> None:
    assert pasted(around.format("West US 2")) == "West US 2"


@pytest.mark.parametrize("around", ["{{{}}}", '"{{{}}}"\r', " {{{}}} "])
def test_an_id_in_braces_as_powershell_and_the_registry_write_it(around: str) -> None:
    assert pasted(around.format(SUBSCRIPTION)) == SUBSCRIPTION
    assert gather({"subscription": around.format(SUBSCRIPTION)}, None, {})["subscription"].value == SUBSCRIPTION
    assert pasted("{factory}") == "{factory}"


def test_blanks_that_do_not_break_become_plain() -> None:
    assert pasted("West\u00a0US\u202f2\u00a0") == "West US 2"


@pytest.mark.parametrize("text", ["", "it's", '"', "a'b'", "'a' = b", 'Contoso "Production" 1'])
def test_other_quotes_stay(text: str) -> None:
    assert pasted(text) == text


@pytest.mark.parametrize("around", AROUND[:5])
def test_from_a_flag_a_variable_and_a_settings_file_alike(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, around: str
) -> None:
    raw = {name: around.format(value) for name, value in CLEANED.items()} | KEPT
    wanted = CLEANED | KEPT

    def values(flags: dict[str, str], config: Path | None = None) -> dict[str, Value]:
        return {name: given.value for name, given in gather(flags, config, {}).items()}

    assert values(raw) == wanted
    file = tmp_path / "settings.toml"
    quoted = {name: value.replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n") for name, value in raw.items()}
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in quoted.items()), newline="\r\n")
    assert values({}, file) == wanted
    for name, value in raw.items():
        monkeypatch.setenv(f"ADT_{name.upper()}", value)
    assert values({}) == wanted


def test_in_lists_items_and_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADT_OWNER", "ada@contoso.com\r\nbob@contoso.com\r\n")
    monkeypatch.setenv("ADT_NO_APP", "true\r")
    monkeypatch.setenv("ADT_REPLY_URL", "none\r")
    monkeypatch.setenv("ADT_LOCATION", "\r")
    item = {"name": "all\r", "endpoint": '"hub"', "filter": "'a' = 'b'"}
    given = {name: found.value for name, found in gather({"route": (item,)}, None, {}).items()}
    assert given == {
        "owner": ["ada@contoso.com", "bob@contoso.com"],
        "no_app": True,
        "reply_url": [],
        "route": [{"name": "all", "endpoint": "hub", "filter": "'a' = 'b'"}],
    }


def test_what_the_state_file_remembers_is_taken_as_it_is() -> None:
    assert gather({}, None, {"notes": " 'a' "})["notes"].value == " 'a' "


def test_bytes_of_another_locale_are_utf_8_or_refused() -> None:
    given = gather({"app_name": "Zürich".encode().decode("ascii", "surrogateescape")}, None, {})
    assert given["app_name"].value == "Zürich"
    with pytest.raises(BadInput):
        gather({"app_name": "Zürich".encode("latin-1").decode("ascii", "surrogateescape")}, None, {})


def in_encoding(name: str, text: str) -> bytes:
    """The text in this encoding, with Windows line ends."""
    before, codec = {
        "utf-8": (b"", "utf-8"),
        "utf-8 with a byte order mark": (codecs.BOM_UTF8, "utf-8"),
        "utf-16 little": (codecs.BOM_UTF16_LE, "utf-16-le"),
        "utf-16 big": (codecs.BOM_UTF16_BE, "utf-16-be"),
        "latin-1": (b"", "latin-1"),
        "utf-16 unmarked": (b"", "utf-16-le"),
        "utf-32 little": (codecs.BOM_UTF32_LE, "utf-32-le"),
        "utf-32 big": (codecs.BOM_UTF32_BE, "utf-32-be"),
        "two byte order marks": (2 * codecs.BOM_UTF8, "utf-8"),
    }[name]
    return before + text.replace("\n", "\r\n").encode(codec)


SETTINGS = 'app_name = "Zürich"\ninstance = "factory"\n'
EDITORS = [
    *("utf-8", "utf-8 with a byte order mark", "two byte order marks"),
    *("utf-16 little", "utf-16 big", "utf-32 little", "utf-32 big"),
]
CONFIG = '{"display_name": "Zürich",\n "name": "factory"}'


@pytest.mark.parametrize("encoding", EDITORS)
def test_settings_and_config_json_as_editors_write_them(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(in_encoding(encoding, SETTINGS))
    assert {name: given.value for name, given in gather({}, file, {}).items()} == {
        "app_name": "Zürich", "instance": "factory",
    }  # fmt: skip
    file.write_bytes(in_encoding(encoding, CONFIG))
    assert read(file).inputs["app_name"] == "Zürich"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16 unmarked"])
def test_other_encodings_are_refused(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "settings.toml"
    for text in (SETTINGS, SETTINGS.replace("ü", "u")):
        file.write_bytes(in_encoding(encoding, text))
        if encoding == "utf-16 unmarked" or "ü" in text:
            with pytest.raises(BadInput, match="UTF-16"):
                gather({}, file, {})
    file.write_bytes(in_encoding(encoding, CONFIG))
    with pytest.raises(BadInput, match="UTF-16"):
        read(file)


def test_a_state_file_that_an_editor_saved(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "deploy.state.json")
    document = StateDocument(belongs_to=Belonging(cloud="https://a", tenant="t", subscription="s"))
    file.write(document)
    text = file.path.read_text()
    for encoding in ("utf-8 with a byte order mark", "two byte order marks"):
        file.path.write_bytes(in_encoding(encoding, text))
        assert file.read() == document
    file.write(document)  # it is not taken for somebody else's change
    for encoding, name in [
        *(("utf-16 little", "UTF-16"), ("utf-16 big", "UTF-16"), ("utf-16 unmarked", "UTF-16")),
        *(("utf-32 little", "UTF-32"), ("utf-32 big", "UTF-32")),
    ]:
        data = in_encoding(encoding, text)
        file.path.write_bytes(data)
        with pytest.raises(StateRefused, match=name):
            file.read()
        assert file.path.read_bytes() == data

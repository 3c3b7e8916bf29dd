"""Where inputs come from, and which of them counts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.sources import BY_NAME, IDENTIFYING, gather, recalled
from engine.input import FROM_STATE, Given, Input
from engine.refusal import BadInput, Refusal
from tests.plans.cli.rows import (
    FLAG,
    ITEMS,
    LIST,
    NUMBER,
    PAIRS,
    PATH,
    ROWS,
    TEXT,
    from_file,
    from_flags,
    value_of,
)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("ADT_", "AZURE_")):
            monkeypatch.delenv(name)


def test_a_flag_beats_the_environment_beats_the_settings_file_beats_an_import_beats_the_state_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('location = "file"')
    monkeypatch.setenv("ADT_LOCATION", "environment")

    def location(flag: str | None, config: Path | None, imported: Mapping[str, str], **remembered: str) -> Given:
        return gather({"location": flag}, config, remembered, imported=(imported, "config.json"))["location"]

    every = {"location": "import"}
    assert location("flag", file, every, location="state") == Given("flag", "--location")
    assert location(None, file, every, location="state") == Given("environment", "ADT_LOCATION")
    monkeypatch.setenv("ADT_LOCATION", "")
    assert location(None, file, every, location="state") == Given("file", str(file))
    assert location(None, None, every, location="state") == Given("import", "config.json", quiet=True)
    assert location(None, None, {}, location="state") == Given("state", FROM_STATE, quiet=True)
    assert gather({}, None, {}) == {}


def test_an_import_beats_the_state_file_and_not_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('instance = "factory"')
    imported = ({"instance": "old-twins", "location": "westeurope"}, "config.json")
    given = gather({}, file, {"instance": "remembered", "location": "remembered"}, imported=imported)
    assert given == {
        "instance": Given("factory", str(file)),
        "location": Given("westeurope", "config.json", quiet=True),
    }


def test_our_variable_counts_before_azures_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", "theirs")
    assert gather({}, None, {})["tenant"] == Given("theirs", "AZURE_TENANT_ID")
    monkeypatch.setenv("ADT_TENANT", "ours")
    assert gather({}, None, {})["tenant"] == Given("ours", "ADT_TENANT")


def test_a_flag_that_is_off_or_none_of_a_list_is_given_too() -> None:
    given = gather({"fast": False, "friend": ("none",), "label": ()}, None, {"fast": True, "friend": ["ada"]}, ROWS)
    assert given == {"fast": Given(False, "--fast"), "friend": Given([], "--friend")}


def test_an_empty_text_in_the_settings_file_is_not_given_and_an_empty_list_is(tmp_path: Path) -> None:
    assert from_file(tmp_path, 'instance = ""') == {}
    assert from_file(tmp_path, "owner = []")["owner"].value == []


def test_what_is_not_kept_is_not_remembered() -> None:
    assert gather({}, None, {"renew": True, "fast": True}, ROWS) == {"fast": Given(True, FROM_STATE, quiet=True)}
    assert recalled({"renew_keys": True, "unknown": 1, "location": "westus2", "secret_file": "-"}) == {
        "location": Given("westus2", FROM_STATE, quiet=True)
    }


def test_what_tells_a_deployment_from_others() -> None:
    names = {row.name for row in IDENTIFYING}
    assert names == {"subscription", "tenant", "cloud", "arm_endpoint", "resource_group", "instance"}
    assert BY_NAME["instance"].name == "instance"


def test_a_file_is_remembered_by_its_full_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert value_of(PATH, "a.txt") == str(elsewhere / "a.txt")
    assert value_of(PATH, "../a.txt") == str(tmp_path / "a.txt")
    assert value_of(PATH, str(tmp_path / "a.txt")) == str(tmp_path / "a.txt")
    assert value_of(PATH, "-") == "-"
    assert value_of(TEXT, "red") == "red"


def test_a_file_that_settings_name_is_beside_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert from_file(tmp_path, 'secret_file = "ci.secret"')["secret_file"].value == str(tmp_path / "ci.secret")
    file = tmp_path / "settings.toml"
    given = gather({"secret_file": "ci.secret"}, file, {})["secret_file"]
    assert given == Given(str(elsewhere / "ci.secret"), "--secret-file")
    remembered = gather({}, None, {"letter": str(tmp_path / "a")}, ROWS)["letter"]
    assert remembered == Given(str(tmp_path / "a"), FROM_STATE, quiet=True)


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    (folder / "a").symlink_to(folder / "b")
    assert value_of(PATH, str(tmp_path / "link" / "a")) == str(folder / "a")


@pytest.mark.parametrize(
    ("row", "flag", "words"),
    [
        (TEXT, "pink", ("Colour 'pink' (from --colour)", "red, green, blue")),
        (TEXT, "", ("Colour", "empty")),
        (TEXT, 5, ("colour (from --colour)", "text")),
        (NUMBER, True, ("days", "number")),
        (NUMBER, ["1"], ("days", "number")),
        (FLAG, "maybe", ("fast", "'maybe'", "true or false")),
        (FLAG, 1, ("fast", "true or false")),
        (FLAG, 0, ("fast", "true or false")),
        (LIST, ("dora",), ("Friend 'dora'", "ada, bob, cleo")),
        (LIST, 1, ("friend", "text")),
        (LIST, ("",), ("friend (from --friend)", "empty")),
        (LIST, ("ada", " "), ("friend", "empty")),
        (LIST, "", ("friend", "empty")),
        (PAIRS, ("",), ("label", "empty")),
        (ITEMS, ("",), ("box", "empty")),
        (PAIRS, ("a",), ("label", "'a'", "NAME=VALUE")),
        (PAIRS, (" =b",), ("label", "NAME=VALUE")),
        (PAIRS, ("c=1",), ("Label 'c'", "a, b")),
        (PAIRS, {"a": 1}, ("label", "a", "text")),
        (ITEMS, ("size=s",), ("Box", "lacks its name")),
        (ITEMS, ("name=n,size=m",), ("Box", "size 'm'", "s, l")),
        (ITEMS, ("name=n,size=",), ("size ''", "empty")),
        (ITEMS, ("name=n", "name=N"), ("N is there twice",)),
        (ITEMS, ("n",), ("box", "NAME=VALUE")),
        (ITEMS, ("nmae=n",), ("nmae", "Did you mean name?")),
        (ITEMS, ("zzzzzz=n",), ("zzzzzz", "name, dead_letter, size")),
        (ITEMS, (1,), ("[[box]]",)),
        (ITEMS, ({"name": 1},), ("name", "text")),
    ],
)
def test_a_value_that_cannot_be_right_is_bad_input(row: Input, flag: object, words: tuple[str, ...]) -> None:
    with pytest.raises(BadInput) as caught:
        from_flags(**{row.name: flag})
    assert not [word for word in words if word not in caught.value.what], caught.value.what


def test_all_that_cannot_be_right_is_told_at_once_with_where_it_comes_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('taag = "x"\nno_app = "yes"\nreply_url = ["ftp://x y"]')
    monkeypatch.setenv("ADT_LOCATION", "no where!")
    with pytest.raises(Refusal) as caught:
        gather({"instance": "a_b", "tag": ("foo",)}, file, {})
    assert caught.value.exit_code == 2
    for named in ("taag", "no_app", "'ftp://x y'", "ADT_LOCATION", "--instance", "--tag", str(file)):
        assert named in caught.value.what


def test_a_remembered_value_is_checked_too() -> None:
    with pytest.raises(BadInput, match="from the state file"):
        gather({}, None, {"colour": "pink"}, ROWS)
    with pytest.raises(BadInput, match="from the state file"):
        recalled({"cloud": "moon"})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("instance =", "is not TOML"),
        ('instnace = "x"', "Did you mean instance?"),
        ('resource-group = "x"', "Did you mean resource_group?"),
        ('zzzzzzzz = "x"', "There are: subscription"),
        ("no_app = 1", "no_app takes true or false"),
        ('no_app = "true"', "no_app takes true or false"),
        ("location = 5", "takes text in quotes"),
        ("secret_days = true", "takes a number"),
        ("[tag]\nteam = 1", "takes text in quotes"),
    ],
)
def test_a_settings_file_with_a_mistake_is_bad_input(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        from_file(tmp_path, content)
    assert words in caught.value.what
    assert str(tmp_path / "settings.toml") in caught.value.what


def test_a_settings_file_that_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be read"):
        gather({}, tmp_path / "missing.toml", {})
    (tmp_path / "settings.toml").write_bytes(b"\xff")
    with pytest.raises(BadInput, match="UTF-8"):
        gather({}, tmp_path / "settings.toml", {})

"""`settings`: what was deployed or answered, as a file that --config reads back."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.commands.settings import settings_text, write_settings
from cli.sources import BY_NAME, gather
from state.proposals import Proposals

TEXT = st.text(alphabet=st.characters(codec="utf-8"))
VALUES = {
    "text": TEXT,
    "number": st.integers(1, 600).map(str),
    "flag": st.booleans(),
    "list": st.lists(TEXT),
    "pairs": st.dictionaries(TEXT, TEXT),
    "items": st.lists(st.dictionaries(TEXT, TEXT, min_size=1)),
}
SETTINGS = st.fixed_dictionaries({}, optional={name: VALUES[row.kind] for name, row in BY_NAME.items()})
NOTHING: dict[str, Any] = {"config": None, "file": None, "overwrite": False, "local": False}


@given(SETTINGS)
def test_what_is_written_is_what_is_read(values: dict[str, Any]) -> None:
    assert tomllib.loads(settings_text(values)) == values


def test_answers_are_proposals_until_they_are_forgotten(tmp_path: Path) -> None:
    state = tmp_path / "twins.state.json"
    kept = Proposals(state)
    kept.keep("one", "location", "westus2")
    kept.keep("one", "instance", "adt")
    assert (tmp_path / "twins.answers.json").stat().st_mode & 0o777 == 0o600
    again = Proposals(state)
    assert again.answers("ONE") == {"location": "westus2", "instance": "adt"}
    assert again.answers("two") == {}
    again.keep("two", "location", "westeurope")
    assert Proposals(state).answers("two") == {"location": "westeurope"}
    assert Proposals(state).answers("one") == {}
    again.forget()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"format": 1}', b"\xff", b'{"format": "azure-digital-twins-answers", "answers": []}'],
)
def test_a_file_of_answers_that_cannot_be_used_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "twins.answers.json").write_bytes(content)
    assert Proposals(tmp_path / "twins.state.json").answers("") == {}


def test_nothing_is_kept_without_a_file(tmp_path: Path) -> None:
    Proposals(None).keep("one", "location", "westus2")
    Proposals(tmp_path / "missing" / "twins.state.json").keep("one", "location", "westus2")
    assert list(tmp_path.iterdir()) == []


def test_a_settings_file_of_answers_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, file = tmp_path / "twins.state.json", tmp_path / "twins.toml"
    assert write_settings(state, NOTHING) == 2
    assert not file.exists()
    Proposals(state).keep("one", "location", "westus2")
    options = {**NOTHING, "tag": ("team=a b",), "no_app": True, "location": "koreacentral", "renew_keys": True}
    assert write_settings(state, options) == 0
    found = {name: value.value for name, value in gather({}, file, {}).items()}
    assert found == {"subscription": "one", "location": "koreacentral", "tag": {"team": "a b"}, "no_app": True}
    before = file.read_text()
    assert write_settings(state, {**options, "no_app": False}) == 2
    assert file.read_text() == before
    assert write_settings(state, {**options, "no_app": False, "overwrite": True}) == 0
    assert file.read_text() != before
    capsys.readouterr()
    assert write_settings(state, {**options, "file": Path("-")}) == 0
    assert capsys.readouterr().out == before

"""How each kind of input is read from a flag, a variable, a settings file and the state file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.sources import gather
from engine.input import FROM_STATE, Given, Input, Value
from engine.refusal import BadInput
from tests.plans.cli.rows import (
    FLAG,
    ITEMS,
    LIST,
    NUMBER,
    PAIRS,
    ROWS,
    TEXT,
    from_file,
    from_flags,
)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("ADT_", "AZURE_")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("row", "flag", "value"),
    [
        (TEXT, "red", "red"),
        (TEXT, "Red", "red"),
        (NUMBER, "30", "30"),
        (NUMBER, 30, "30"),
        (FLAG, True, True),
        (FLAG, False, False),
        (LIST, ("ada", " bob "), ["ada", "bob"]),
        (LIST, ("none",), []),
        (PAIRS, ("a=1", " b = x=y "), {"a": "1", "b": "x=y"}),
        (PAIRS, ("a=",), {"a": ""}),
        (PAIRS, ("none",), {}),
        (ITEMS, ("name=n,size=s", "name=m"), [{"name": "n", "size": "s"}, {"name": "m"}]),
        (ITEMS, ("name=N,size=S",), [{"name": "N", "size": "s"}]),
        (
            ITEMS,
            ("name=n, with commas, dead-letter=d,dead_letter=e",),
            [{"name": "n, with commas", "dead_letter": "e"}],
        ),
    ],
)
def test_the_form_of_each_kind_in_a_flag(row: Input, flag: object, value: Value) -> None:
    given = from_flags(**{row.name: flag})[row.name]
    assert (given.value, given.source, given.quiet) == (value, row.flag, False)


@pytest.mark.parametrize(
    ("row", "text", "value"),
    [
        (TEXT, "red", "red"),
        (NUMBER, "30", "30"),
        *((FLAG, text, True) for text in ("1", "true", "Yes", "ON")),
        *((FLAG, text, False) for text in ("0", "false", "No", "OFF")),
        (LIST, "ada;bob\ncleo; ;", ["ada", "bob", "cleo"]),
        (LIST, "none", []),
        (PAIRS, "a=1;b=2", {"a": "1", "b": "2"}),
        (ITEMS, "name=n,size=s;name=m", [{"name": "n", "size": "s"}, {"name": "m"}]),
    ],
)
def test_the_form_of_each_kind_in_a_variable(
    monkeypatch: pytest.MonkeyPatch, row: Input, text: str, value: Value
) -> None:
    variable = f"ADT_{row.name.upper()}"
    monkeypatch.setenv(variable, text)
    assert from_flags()[row.name] == Given(value, variable)


def test_a_variable_of_separators_alone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADT_FRIEND", " ; ")
    with pytest.raises(BadInput, match="empty"):
        from_flags()


@pytest.mark.parametrize(
    ("content", "name", "value"),
    [
        ('location = "westus2"', "location", "westus2"),
        ("secret_days = 30", "secret_days", "30"),
        ('secret_days = "30"', "secret_days", "30"),
        ("no_app = true", "no_app", True),
        ('owner = ["ada@contoso.com", "bob@contoso.com"]', "owner", ["ada@contoso.com", "bob@contoso.com"]),
        ('owner = "ada@contoso.com"', "owner", ["ada@contoso.com"]),
        ('[tag]\nteam = "twins"', "tag", {"team": "twins"}),
        ('tag = ["team=twins"]', "tag", {"team": "twins"}),
        ('[[route]]\nname = "all"\nendpoint = "hub-1"', "route", [{"name": "all", "endpoint": "hub-1"}]),
        ('route = ["name=all,endpoint=hub-1"]', "route", [{"name": "all", "endpoint": "hub-1"}]),
    ],
)
def test_the_form_of_each_kind_in_a_settings_file(tmp_path: Path, content: str, name: str, value: Value) -> None:
    given = from_file(tmp_path, content)
    assert given == {name: Given(value, str(tmp_path / "settings.toml"))}


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (TEXT, "red"),
        (NUMBER, "30"),
        (FLAG, True),
        (LIST, ["ada"]),
        (PAIRS, {"a": "1"}),
        (ITEMS, [{"name": "n"}]),
        (ITEMS, []),
    ],
)
def test_the_form_of_each_kind_in_the_state_file(row: Input, value: Value) -> None:
    assert gather({}, None, {row.name: value}, ROWS)[row.name] == Given(value, FROM_STATE, quiet=True)


@pytest.mark.parametrize(
    ("row", "value"),
    [
        *((row, wrong) for row in (TEXT, NUMBER) for wrong in (1, True, ["a"], {"a": "b"}, None)),
        *((FLAG, wrong) for wrong in (1, "true", ["a"], {"a": "b"}, None)),
        *((LIST, wrong) for wrong in (1, "ada", [1], {"a": "b"}, None)),
        *((PAIRS, wrong) for wrong in (1, "a=b", ["a"], {"a": 1}, {1: "a"}, None)),
        *((ITEMS, wrong) for wrong in (1, "name=n", ["name=n"], [{"name": 1}], {"name": "n"}, None)),
    ],
)
def test_a_remembered_value_of_a_wrong_form_is_refused(row: Input, value: object) -> None:
    with pytest.raises(BadInput, match=rf"inputs\.{row.name}\b") as caught:
        gather({}, None, {row.name: value}, ROWS)
    assert caught.value.exit_code == 2
    assert caught.value.next


@pytest.mark.parametrize("value", ["true", '"true"'])
def test_a_field_that_can_only_be_true_may_be_the_truth_of_a_file(value: str, tmp_path: Path) -> None:
    found = from_file(tmp_path, f'[[federated_credential]]\nname = "prs"\npull_request = {value}\n')
    assert found["federated_credential"].value == [{"name": "prs", "pull_request": "true"}]


@pytest.mark.parametrize("line", ["name = true", 'name = "prs"\npull_request = false', 'name = "prs"\ntag = true'])
def test_no_other_truth_is_a_field(line: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        from_file(tmp_path, f"[[federated_credential]]\n{line}\n")

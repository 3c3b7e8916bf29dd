"""Rows of the input table, and how values are taken from what is given."""

from __future__ import annotations

import pytest

from engine.input import (
    Field,
    Given,
    Input,
    Lookup,
    OneOf,
    file_problem,
    flag_of,
    items_of,
    list_of,
    pairs_of,
    text_of,
    told,
)
from tests.plans.facts import given

ROW = Input("dead_letter", "Where events go.", "ID")


def test_a_row_gives_flag_and_variables() -> None:
    assert ROW.flag == "--dead-letter"
    assert ROW.variables == ("ADT_DEAD_LETTER",)
    assert Input("tenant", "", "ID", also=("AZURE_TENANT_ID",)).variables == ("ADT_TENANT", "AZURE_TENANT_ID")


def test_the_opposite_of_a_flag() -> None:
    assert Input("no_app", "", "", kind="flag").opposite == "--app"
    assert Input("purge", "", "", kind="flag").opposite == "--no-purge"
    assert Input("purge_no_app", "", "", kind="flag").opposite == "--no-purge-no-app"
    assert Input("nothing_kept", "", "", kind="flag").opposite == "--no-nothing-kept"


@pytest.mark.parametrize(
    ("kind", "is_flag", "is_many"),
    [
        ("text", False, False),
        ("number", False, False),
        ("flag", True, False),
        ("list", False, True),
        ("pairs", False, True),
        ("items", False, True),
    ],
)
def test_flags_are_on_or_off_and_many_can_be_repeated(kind: str, is_flag: bool, is_many: bool) -> None:
    row = Input("name", "", "", kind=kind)  # type: ignore[arg-type]
    assert (row.is_flag, row.is_many) == (is_flag, is_many)


def test_a_row_is_a_text_that_is_remembered() -> None:
    assert (ROW.kind, ROW.group, ROW.kept, ROW.also, ROW.fields) == ("text", "Options", True, (), ())
    assert not (ROW.identifies or ROW.answers or ROW.path or ROW.verbatim)
    assert ROW.problem("anything") is None
    assert Field("name", "").problem("anything") is None
    assert not (Field("name", "").required or Field("name", "").verbatim)


def test_one_of_a_few() -> None:
    problem = OneOf("public", "china")
    assert problem.choices == ("public", "china")
    assert problem("public") is None
    assert problem("china") is None
    assert "public, china" in str(problem("moon"))
    assert [problem.spelled(value) for value in ("China", "china", "Moon")] == ["china", "china", "Moon"]


@pytest.mark.parametrize("name", ["models", "./a:b/models", "C:/models", "C:\\models", "-", "https:/models"])
def test_a_file_may_have_any_name(name: str) -> None:
    assert file_problem(name) is None


@pytest.mark.parametrize("name", ["https://host/models", "HTTP://user:word@host/models", "file:///models"])
def test_a_url_is_no_file(name: str) -> None:
    assert file_problem(name)


def test_a_given_value_speaks_up_and_a_lookup_is_new() -> None:
    assert not Given("a", "--flag").quiet
    lookup = Lookup("role", "Reader")
    assert (lookup.scope, lookup.remembered, lookup.followed) == ("", False, False)


def test_a_name_in_two_settings_is_looked_up_once() -> None:
    assert len({Lookup("role", "Reader", source=source) for source in ("owner", "endpoint")}) == 1


def test_an_input_is_told_with_its_source() -> None:
    inputs = given("settings.toml", owner="ada")
    assert all(part in told(inputs, "owner") for part in ("owner", "settings.toml"))
    assert told(inputs, "other") == "other"


def test_what_is_not_given_is_none() -> None:
    for read in (text_of, flag_of, list_of, pairs_of, items_of):
        assert read({}, "name") is None
        assert read(given(other="a"), "name") is None


def test_texts() -> None:
    assert text_of(given(name="a"), "name") == "a"


def test_flags() -> None:
    assert flag_of(given(name=True), "name") is True
    assert flag_of(given(name=False), "name") is False
    assert flag_of(given(name=""), "name") is False


def test_lists_have_each_value_once() -> None:
    assert list_of(given(name=["b", "a", "b"]), "name") == ("b", "a")
    assert list_of(given(name=[]), "name") == ()
    assert list_of(given(name="ab"), "name") == ("ab",)


def test_pairs() -> None:
    pairs = {"a": "b"}
    found = pairs_of(given(name=pairs), "name")
    assert found == pairs
    assert found is not pairs
    assert pairs_of(given(name={}), "name") == {}
    assert pairs_of(given(name="a"), "name") is None


def test_items() -> None:
    items = [{"name": "a"}, {"name": "b"}]
    assert items_of(given(name=items), "name") == tuple(items)
    assert items_of(given(name=["a", "b"]), "name") == ()
    assert items_of(given(name=[]), "name") == ()
    assert items_of(given(name="a"), "name") is None

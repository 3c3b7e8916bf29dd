"""How what is owned is written, and read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.record import Kind, PriorRuns, Record

PARTS = st.lists(st.text() | st.text(alphabet=":%23A5"), max_size=4)
NONE, NAMED, PAIR = Kind("resource-group"), Kind("endpoint", 1), Kind("before", 2)


@given(PARTS)
def test_an_item_is_read_as_it_was_written(parts: list[str]) -> None:
    kind = Kind("any-kind", len(parts))
    assert kind.read(kind.item(*parts)) == tuple(parts)


@given(PARTS, PARTS)
def test_different_parts_are_different_items(first: list[str], second: list[str]) -> None:
    kinds = Kind("any-kind", len(first)), Kind("any-kind", len(second))
    assert (kinds[0].item(*first) == kinds[1].item(*second)) == (first == second) or len(first) != len(second)


def test_the_grammar() -> None:
    assert NONE.item() == "resource-group"
    assert NAMED.item("a:b%c") == "endpoint:a:b%c"
    assert PAIR.item("a:b%c", "d:e%f") == "before:a%3Ab%25c:d:e%f"
    assert Kind("three", 3).item("a:", ":b", "c:") == "three:a%3A:%3Ab:c:"


@pytest.mark.parametrize(("kind", "parts"), [(NONE, ("a",)), (NAMED, ()), (NAMED, ("a", "b")), (PAIR, ("a",))])
def test_another_number_of_parts_is_a_mistake(kind: Kind, parts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"{kind.name} has {kind.parts} parts, not {len(parts)}"):
        kind.item(*parts)


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        (NONE, "resource-group:a"),
        (NONE, "resource"),
        (NAMED, "endpoint"),
        (NAMED, "endpoints:a"),
        (NAMED, "route:a"),
        (PAIR, "before:a"),
        (PAIR, ""),
    ],
)
def test_an_item_of_another_kind_or_with_too_few_parts_is_not_read(kind: Kind, item: str) -> None:
    assert kind.read(item) is None


def test_an_empty_part_is_a_part() -> None:
    assert NAMED.read("endpoint:") == ("",)
    assert PAIR.read("before::") == ("", "")


def test_the_items_of_a_kind_are_sorted() -> None:
    items = ["endpoint:b", "route:a", "before:c:d", "endpoint:a", "endpoint"]
    assert list(NAMED.among(items).items()) == [("endpoint:a", ("a",)), ("endpoint:b", ("b",))]
    assert PAIR.among(items) == {"before:c:d": ("c", "d")}
    assert NONE.among(items) == {}
    assert list(NAMED.among(f"endpoint:{letter}" for letter in "cab")) == ["endpoint:a", "endpoint:b", "endpoint:c"]


def test_the_names_of_a_kind_are_the_first_parts() -> None:
    assert NAMED.names(["endpoint:b", "endpoint:a", "route:a"]) == {"a", "b"}
    assert PAIR.names(["before:c:d", "before:c:e"]) == {"c"}


def test_an_item_in_words() -> None:
    assert NONE.words("resource-group") == "resource group"
    assert Kind("role-assignment", 1).words("role-assignment:an-id") == "role assignment an-id"
    assert PAIR.words("before:a%3Ab:c") == "before a:b c"
    assert NAMED.words("route:a") == "endpoint"


def test_kinds_are_shown_unless_they_say_otherwise() -> None:
    assert Kind("endpoint").shown
    assert Kind("endpoint").parts == 0
    assert not Kind("sends", 3, shown=False).shown


def test_a_kind_is_beside_the_instance_and_no_setting_unless_it_says_otherwise() -> None:
    assert (Kind("endpoint").in_instance, Kind("endpoint").is_setting) == (False, False)


def test_nothing_is_recorded_at_first() -> None:
    assert Record() == Record(frozenset(), frozenset(), frozenset(), "", False)
    assert not Record().removed
    prior = PriorRuns()
    assert (prior.values, prior.owned, prior.in_progress, prior.pending) == ({}, {}, {}, {})
    assert prior.removed == frozenset()

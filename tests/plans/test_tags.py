"""Which tags are set and removed, and what carries this tool's."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from steps.shared.tags import (
    GROUP_TAG,
    MARK,
    TagChange,
    change_tags,
    describe_marks,
    is_marked,
    is_marked_group,
    is_marked_text,
    mark_text,
    mark_value,
    taken_over,
    with_mark,
)

PRESENT = {"Team": "twins", "cost": "1", "old": "x"}
OWNED = ("group-tag:cost", "group-tag:old", "tag:team")


def change(desired: Mapping[str, str] | None, *owned: str) -> TagChange:
    return change_tags(GROUP_TAG, PRESENT, desired, owned)


def test_without_a_desire_all_stay() -> None:
    assert change(None, *OWNED) == TagChange(PRESENT)
    assert TagChange(PRESENT) == TagChange(PRESENT, (), (), ())


def test_tags_as_desired_are_left_alone() -> None:
    assert change({"team": "twins", "cost": "1"}) == TagChange(PRESENT)


def test_new_tags_are_ours_and_those_of_others_stay_theirs_with_another_value() -> None:
    changed = change({"TEAM": "other", "cost": "1", "new": "2"})
    assert changed.after == {"Team": "other", "cost": "1", "old": "x", "new": "2"}
    assert (changed.owns, changed.releases) == (("group-tag:new",), ())
    assert len(changed.words) == 2


def test_what_this_tool_set_and_is_no_longer_desired_is_removed() -> None:
    changed = change({"cost": "1"}, *OWNED)
    assert changed.after == {"Team": "twins", "cost": "1"}
    assert (changed.owns, changed.releases) == ((), ("group-tag:old",))
    assert len(changed.words) == 1


def test_a_recorded_tag_that_vanished_is_released_without_a_write() -> None:
    changed = change({}, "group-tag:b", "group-tag:a")
    assert changed == TagChange(PRESENT, (), (), ("group-tag:a", "group-tag:b"))


def test_a_recorded_tag_with_another_value_than_asked_for_is_somebody_elses() -> None:
    asked = {"COST": "2", "Old": "x", "team": "apes", "vanished": "1"}
    assert taken_over(GROUP_TAG, PRESENT, asked, (*OWNED, "group-tag:vanished")) == {"group-tag:cost"}
    assert taken_over(GROUP_TAG, PRESENT, {"old": "x"}, OWNED) == frozenset()
    assert taken_over(GROUP_TAG, PRESENT, None, OWNED) == frozenset()


INSTANCE = "/subscriptions/S/resourceGroups/G/providers/Microsoft.DigitalTwins/digitalTwinsInstances/Factory"
VALUE = mark_value(INSTANCE)


def test_the_value_depends_on_the_instance_alone() -> None:
    """The first eight hexadecimal digits of SHA-256, as `printf ID | sha256sum` prints them."""
    assert VALUE == mark_value(INSTANCE.lower()) == mark_value(INSTANCE.upper()) == "9e5b77a7"
    assert mark_value(INSTANCE + "2") != VALUE


@pytest.mark.parametrize(
    ("tags", "marked", "group"),
    [
        ({MARK: VALUE}, True, True),
        ({MARK.upper(): VALUE, "created-by": "somebody"}, True, True),
        ({MARK: "0123abcd"}, False, True),
        ({MARK: "0123abcd", "created-by": MARK}, False, True),
        ({MARK: "mine"}, False, False),
        ({"created-by": MARK}, True, True),
        ({"a": "b", "Created-By": MARK}, True, True),
        ({"created-by": "somebody"}, False, False),
        ({"owner": MARK}, False, False),
        ({"a": MARK, "created-by": "zzz"}, False, False),
        ({"created-by": MARK.upper()}, False, False),
        ({}, False, False),
        (None, False, False),
    ],
)
def test_what_carries_our_tag(tags: Mapping[str, str] | None, marked: bool, group: bool) -> None:
    assert (is_marked(tags, INSTANCE), is_marked_group(tags)) == (marked, group)
    has_a_value = MARK in {name.lower() for name in tags or {}}
    assert has_a_value or f"{MARK}={VALUE}" in describe_marks(tags, INSTANCE)  # what to put back


def test_the_value_of_a_tag_that_is_not_ours_is_told() -> None:
    assert "0123abcd" in describe_marks({MARK: "0123abcd"}, INSTANCE)
    assert "somebody" in describe_marks({"created-by": "somebody"}, INSTANCE)


def test_the_tag_of_earlier_versions_gets_that_of_this_deployment_beside_it() -> None:
    former = TagChange({"created-by": MARK})
    marked = with_mark(former, INSTANCE)
    assert (marked.after, len(marked.words)) == ({"created-by": MARK, MARK: VALUE}, 1)


@pytest.mark.parametrize("tags", [{"created-by": MARK, MARK: "0123abcd"}, {"created-by": "somebody"}, {}])
def test_no_tag_of_another_deployment_is_replaced_and_nothing_of_others_is_tagged(tags: Mapping[str, str]) -> None:
    assert with_mark(TagChange(tags), INSTANCE) == TagChange(tags)


def test_what_carries_our_mark_in_its_description() -> None:
    assert is_marked_text(mark_text(INSTANCE), INSTANCE)
    assert is_marked_text(MARK, INSTANCE)  # of an earlier version
    assert not is_marked_text(mark_text(INSTANCE + "2"), INSTANCE)
    assert not is_marked_text(None, INSTANCE)

"""Which tags are set and removed, and what carries this tool's."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from steps.shared.tags import GROUP_TAG, MARK, TagChange, change_tags, is_marked

PRESENT = {"Team": "twins", "cost": "1", "old": "x"}
OWNED = ("group-tag:cost", "group-tag:old", "tag:team")


def change(desired: Mapping[str, str] | None, *owned: str) -> TagChange:
    return change_tags(GROUP_TAG, PRESENT, desired, owned)


def test_without_a_desire_all_stay() -> None:
    assert change(None, *OWNED) == TagChange(PRESENT)
    assert TagChange(PRESENT) == TagChange(PRESENT, (), (), ())


def test_tags_as_desired_are_left_alone() -> None:
    assert change({"team": "twins", "cost": "1"}) == TagChange(PRESENT)


def test_new_and_other_values_are_set_and_ours() -> None:
    changed = change({"TEAM": "other", "cost": "1", "new": "2"})
    assert changed.after == {"Team": "other", "cost": "1", "old": "x", "new": "2"}
    assert (changed.owns, changed.releases) == (("group-tag:team", "group-tag:new"), ())
    assert len(changed.words) == 2


def test_what_this_tool_set_and_is_no_longer_desired_is_removed() -> None:
    changed = change({"cost": "1"}, *OWNED)
    assert changed.after == {"Team": "twins", "cost": "1"}
    assert (changed.owns, changed.releases) == ((), ("group-tag:old",))
    assert len(changed.words) == 1


def test_a_recorded_tag_that_vanished_is_released_without_a_write() -> None:
    changed = change({}, "group-tag:b", "group-tag:a")
    assert changed == TagChange(PRESENT, (), (), ("group-tag:a", "group-tag:b"))


@pytest.mark.parametrize(
    ("tags", "marked"),
    [
        ({"created-by": MARK}, True),
        ({"a": "b", "Created-By": MARK}, True),
        ({"created-by": "somebody"}, False),
        ({"owner": MARK}, False),
        ({"zone": MARK}, False),
        ({"a": MARK, "created-by": "zzz"}, False),
        ({"created-by": MARK.upper()}, False),
        ({}, False),
        (None, False),
    ],
)
def test_what_carries_our_tag(tags: Mapping[str, str] | None, marked: bool) -> None:
    assert is_marked(tags) is marked

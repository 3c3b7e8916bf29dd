"""Signs, short forms, counts and estimates, as all screens share them."""

from __future__ import annotations

import pytest

from cli.signs import (
    SIGNS,
    SYMBOLS,
    about,
    by_number,
    clock,
    done_counts,
    estimate,
    kind_of,
    planned_counts,
    short_ids,
    sign_of,
)
from engine.change import Drift
from engine.outcome import StepLook
from engine.step import Plan
from steps.step_01_resource_group.changes import DeleteGroup
from steps.step_01_resource_group.observed import Group
from tests.plans.engine.small import SmallStep, Write, always
from tests.plans.facts import TARGET

READABLE = {"red", "green", "yellow", "cyan", "dim"}
"""What a terminal's theme makes readable on light and on dark: no colour by its value, no black or white."""
GROUP = "/subscriptions/1c0ffee0-0000-4000-8000-000000000001/resourceGroups/shared-services"
HUB = f"{GROUP}/providers/Microsoft.EventHub/namespaces/contoso-events/eventhubs/twin-events"


def write(drift: Drift) -> Write:
    found = Write(name="write")
    object.__setattr__(found, "drift", drift)
    return found


@pytest.mark.parametrize(
    ("drift", "kind", "sign"),
    [
        (Drift.MISSING, "create", "+"),
        (Drift.DIFFERS, "change", "~"),
        (Drift.NONE, "change", "~"),
        (Drift.LEFT_OVER, "delete", "-"),
        (Drift.UNDER_WAY, "wait", "…"),
    ],
)
def test_each_drift_has_a_kind_and_a_sign(drift: Drift, kind: str, sign: str) -> None:
    assert (kind_of(write(drift)), sign_of(write(drift))[0]) == (kind, sign)


def test_every_sign_is_readable_on_light_and_on_dark() -> None:
    assert {style for _, style in (*SIGNS.values(), *SYMBOLS.values())} == READABLE


@pytest.mark.parametrize(
    ("text", "short"),
    [
        (f"send to hub (at {HUB})", "send to hub (at contoso-events/twin-events in shared-services)"),
        (HUB, "contoso-events/twin-events in shared-services"),
        (f"on {GROUP}; someone", "on resource group shared-services; someone"),
        (
            f"write on {GROUP.partition('/resourceG')[0]}.",
            "write on subscription 1c0ffee0-0000-4000-8000-000000000001.",
        ),
        (
            f"{HUB}/providers/Microsoft.Authorization/roleAssignments/a1",
            "contoso-events/twin-events/a1 in shared-services",
        ),
        (f"role assignment {HUB}.", "role assignment contoso-events/twin-events in shared-services."),
        (f"https://portal.azure.com/#resource{HUB}", f"https://portal.azure.com/#resource{HUB}"),
        ("no id at all", "no id at all"),
    ],
)
def test_ids_are_shortened_to_names_but_not_in_links(text: str, short: str) -> None:
    assert short_ids(text) == short


def test_durations() -> None:
    assert [clock(seconds) for seconds in (0.44, 61, 725)] == ["0.4 s", "61 s", "12 min 5 s"]
    assert [about(seconds) for seconds in (3, 31, 50, 130)] == [
        "less than 10 s",
        "about 30 s",
        "about 1 minute",
        "about 2 minutes",
    ]


def test_counts() -> None:
    changes = [write(Drift.MISSING), write(Drift.MISSING), write(Drift.NONE), write(Drift.UNDER_WAY)]
    assert planned_counts(changes) == "2 to create, 1 to change, 0 to delete, 1 to wait for"
    assert done_counts(changes[:3]) == "2 created, 1 changed, 0 deleted"


def test_what_is_created_is_counted_as_what_is_deleted_and_nothing_twice() -> None:
    """A write counts what is recorded of it, a setting never, and one at the least."""
    both = Write(name="both", boxes=("a", "b"), deleted=("a", "b"))
    assert planned_counts([both]) == "2 to create, 0 to change, 0 to delete"
    delete, again = (Write(name=name, deleted=("a", "b")) for name in ("delete", "purge"))
    for change in (delete, again):
        object.__setattr__(change, "drift", Drift.LEFT_OVER)
    assert planned_counts([delete, again], removing=True) == "2 to delete"
    assert done_counts([delete, write(Drift.LEFT_OVER)], removing=True) == "3 deleted"
    owned = ("resource-group", "group-tag:a", "group-tag:b")
    group = DeleteGroup(target=TARGET, group=Group("g", "westus2"), leaving=frozenset(), recorded=owned)
    assert planned_counts([group], removing=True) == "1 to delete"


def test_the_estimate_is_of_the_longest_way() -> None:
    """Each write takes 2 s: a and its dependant b follow each other, c is beside them."""
    steps = [SmallStep(key, always()) for key in ("a", "b", "c")]
    plans = {
        "a": Plan((Write(name="1"),)),
        "b": Plan((Write(name="2"), Write(name="3"))),
        "c": Plan((Write(name="4"),)),
    }
    looks = {key: StepLook(plan) for key, plan in plans.items()}
    assert estimate(steps, looks, {"a": (), "b": ("a",), "c": ()}) == 6.0


def test_steps_are_listed_by_number() -> None:
    steps = [SmallStep(key, always()) for key in ("a", "b", "c")]
    for number, step in zip((2, 9, 5), steps, strict=True):
        step.number = number
    assert [step.number for step in by_number(steps)] == [2, 5, 9]
    assert [step.number for step in by_number(steps, removing=True)] == [9, 5, 2]

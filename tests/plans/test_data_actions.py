"""What a role gives of what is asked."""

from __future__ import annotations

import pytest

from cloud.data_actions import (
    READ_MODELS,
    WRITE_MODELS,
    condition_excludes,
    effect,
    gives,
    known_effect,
    may_give,
)
from cloud.identifiers import BUILT_IN_ROLES, DATA_OWNER, DATA_READER, DataPermission, Role, built_in_role
from steps.shared.role_assignments import Assigned, Assignment, place, subscription_of
from tests.plans.facts import TARGET

ALL, READ, MODELS = (
    "Microsoft.DigitalTwins/*",
    "Microsoft.DigitalTwins/digitaltwins/read",
    "Microsoft.DigitalTwins/models/*",
)
TWINS = "Microsoft.DigitalTwins/digitaltwins/*"


@pytest.mark.parametrize(
    ("actions", "excluded", "action", "given"),
    [
        ((ALL,), (), TWINS, True),
        ((ALL.upper(),), (), READ, True),
        ((READ,), (), TWINS, False),  # a part of it
        ((), (), READ, False),  # as of Owner
        (("*/read",), (), READ, True),
        ((ALL,), (MODELS,), TWINS, True),
        ((ALL,), (MODELS,), "Microsoft.DigitalTwins/models/read", False),
        ((ALL,), ("*/write",), TWINS, False),  # a part of it is excluded
        ((ALL,), ("*/write",), READ, True),
        ((ALL,), ("Microsoft.DigitalTwins/digitaltwins/r*d",), "*/digitaltwins/re*", False),
        (("Microsoft.EventHub/*",), (), "Microsoft.EventHub/namespaces/messages/send/action", True),
    ],
)
def test_what_a_role_gives(actions: tuple[str, ...], excluded: tuple[str, ...], action: str, given: bool) -> None:
    assert gives((DataPermission(actions, excluded),), action) is given


def test_what_the_asking_role_excludes_too_is_not_asked() -> None:
    permission = DataPermission((ALL,), (MODELS,))
    assert gives((permission,), ALL, exempt=("*/models/*",))
    assert not gives((permission,), ALL, exempt=("*/query/*",))
    assert gives((DataPermission(), permission), READ)  # any of a role's permissions


@pytest.mark.parametrize(
    ("condition", "excludes"),
    [
        ("", False),
        (f"((!(ActionMatches{{'{MODELS}'}})) OR (@Resource[x] StringEquals 'y'))", False),
        (f"((!(ActionMatches{{'{TWINS}'}})) OR (@Resource[x] StringEquals 'y'))", True),
        (f"(!(actionmatches {{ '{MODELS}' }}) AND !(ActionMatches{{'*/read'}}))", True),
        ("@Resource[x] StringEquals 'y'", True),
        (f"(ActionMatches{{'{MODELS}'}})", True),  # grants those alone
        (f"(!(ActionMatches{{'{MODELS}'}}) AND ActionMatches{{'*/write'}})", True),
        (f"((!(ActionMatches{{'{MODELS}'}} AND NOT SubOperationMatches{{'z'}})) OR (@Resource[x] Exists))", False),
    ],
)
def test_what_a_condition_excludes(condition: str, excludes: bool) -> None:
    assert condition_excludes(condition, READ) is excludes


def test_where_a_role_is_assigned() -> None:
    scopes = ("/", "/providers/Microsoft.Management/managementGroups/mg", TARGET.subscription_id, TARGET.group_id)
    words = [place(scope) for scope in (*scopes, TARGET.instance_id)]
    assert len(set(words)) == 5
    assert ("mg" in words[1], "twins" in words[3], words[4]) == (True, True, "factory")
    assert subscription_of(TARGET.instance_id) == TARGET.subscription_id


def test_an_assignment_is_equal_by_scope_principal_and_role_in_any_case() -> None:
    listed = Assigned(Assignment("/a", marked=True), "/s", "p", "r")
    assert listed.is_equal("/S", "P", "R")
    assert not any((listed.is_equal("/x", "p", "r"), listed.is_equal("/s", "x", "r"), listed.is_equal("/s", "p", "x")))


OWNER = (
    DataPermission(tuple(f"Microsoft.DigitalTwins/{kind}/*" for kind in ("digitaltwins", "eventroutes", "models"))),
)
READER = (
    DataPermission(
        tuple(
            f"Microsoft.DigitalTwins/{kind}/read"
            for kind in ("digitaltwins", "digitaltwins/relationships", "eventroutes", "models")
        )
    ),
)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ((), ""),
        ((DataPermission(("Microsoft.EventHub/*",)),), ""),
        (OWNER, "may read and write"),
        (READER, "may read, may not write"),
        ((DataPermission((ALL,), (MODELS,)),), "may read and write all but models"),
        ((DataPermission((ALL,), ("*/write",)),), "may read, may not write"),
        ((DataPermission((ALL,), (MODELS.replace("*", "write"),)),), "may read, may write all but models"),
        ((DataPermission((READ,)),), "may read twins, may not write"),
        ((DataPermission(("Microsoft.DigitalTwins/query/action",)),), "may not read or write"),
    ],
)
def test_what_a_role_lets_its_holder_do_in_words(data: tuple[DataPermission, ...], words: str) -> None:
    assert effect(data) == words


def test_the_roles_of_this_service_are_known_and_others_are_what_was_read_of_them() -> None:
    owner, reader = (built_in_role(f"Azure Digital Twins Data {name}") for name in ("Owner", "Reader"))
    assert owner
    assert reader
    assert (known_effect(owner), known_effect(reader)) == (effect(OWNER), effect(READER))
    assert known_effect(Role("Other", "id")) is None
    assert known_effect(Role("Other", "id", ())) == ""


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role(DATA_OWNER, BUILT_IN_ROLES[DATA_OWNER]), (True, True)),
        (Role(DATA_READER, BUILT_IN_ROLES[DATA_READER]), (True, False)),
        (Role("Unread", "id"), (True, True)),
        (Role("Nothing", "id", ()), (False, False)),
        (Role("All but writing models", "id", (DataPermission((ALL,), (WRITE_MODELS,)),)), (True, False)),
    ],
)
def test_whether_a_role_may_give_reading_and_writing_models(role: Role, may: tuple[bool, bool]) -> None:
    assert (may_give(role, READ_MODELS), may_give(role, WRITE_MODELS)) == may

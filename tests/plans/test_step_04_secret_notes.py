"""What is said of client secrets that are kept, and which secrets and files count. Names sort before and after `ci`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.refusal import BadInput
from tests.plans.applications import FILE, SECRET, password
from tests.plans.facts import record
from tests.plans.secret_facts import AS_WRITTEN, FILE_ITEM, ITEM, NONE, OWNED, PRINTED, ROTATE, keys, planned


@pytest.mark.parametrize(("days", "notes"), [(3, 1), (30, 1), (31, 0), (100, 0)])
def test_the_last_thirty_days_are_announced(days: int, notes: int) -> None:
    assert len(planned(password(days=days)).notes) == notes


def test_a_file_that_is_missing_is_told_unless_the_secret_was_only_shown() -> None:
    for owned, values, notes in ((OWNED, None, 1), (record(ITEM), {"secret_key_id": "key-1"}, 0), (record(), {}, 1)):
        plan = planned(password(), files=NONE, recorded=owned, values=values)
        assert (keys(plan), len(plan.notes)) == ([], notes)


def test_nothing_is_announced_of_a_secret_without_an_end() -> None:
    assert planned(replace(password(), ends=None)).notes == ()


@pytest.mark.parametrize(("lasts", "notes"), [(90, 1), (180, 0), (365, 1)])
def test_a_secret_of_another_length_is_kept_and_said(lasts: int, notes: int) -> None:
    plan = planned(password(lasts=lasts))
    assert (keys(plan), len(plan.notes)) == ([], notes)


@pytest.mark.parametrize("name", ["aa", "zz"])
def test_valid_secrets_of_other_names_are_told(name: str) -> None:
    owned = record(ITEM, FILE_ITEM, f"secret:{name}:2")
    other = password(2, name=name)
    assert len(planned(password(), other, recorded=owned).notes) == 1
    expired = planned(password(), password(2, name=name, days=-1), recorded=owned)
    assert (keys(expired), expired.notes) == (["remove-secret:key-2"], ())


@pytest.mark.parametrize("name", ["aa", "zz"])
def test_a_secret_of_another_name_is_not_the_desired_one(name: str) -> None:
    owned = record(f"secret:{name}:4")
    plan = planned(password(4, name=name), files=NONE, recorded=owned, values={"secret_key_id": "key-4"})
    assert keys(plan) == ["create-secret:ci:1"]
    assert keys(planned(files=NONE, recorded=owned, values={})) == ["create-secret:ci:1"]


def test_the_recorded_secret_is_the_current_one_whatever_ids_others_have() -> None:
    both = (password(1, key_id="zzz"), password(2, key_id="mmm"))
    owned = record(ITEM, FILE_ITEM, "secret:ci:2")
    values = {"secret_key_id": "mmm", "secret_file": "/state/second"}
    plan = planned(*both, recorded=owned, values=values)
    assert (plan.values["secret_key_id"], plan.values["secret_file"]) == ("mmm", "/state/second")


@pytest.mark.parametrize("recorded_id", ["a", "z"])
def test_the_file_of_another_secret_is_not_the_current_ones(recorded_id: str) -> None:
    plan = planned(password(), recorded=record(ITEM), values={"secret_key_id": recorded_id, "secret_file": FILE})
    assert plan.values["secret_file"] == ""


@pytest.mark.parametrize("number", [0, 2])
def test_each_secret_has_its_own_file(number: int) -> None:
    theirs = f"secret-file:ci:{number}:/other"
    files = replace(AS_WRITTEN, as_written={FILE: True, "/other": True})
    plan = planned(password(), recorded=record(ITEM, theirs), values={"secret_key_id": "key-1"}, files=files)
    assert plan.values["secret_file"] == ""


@pytest.mark.parametrize("other", ["/a", "/z"])
def test_only_what_is_recorded_of_the_rewritten_file_is_released(other: str) -> None:
    theirs = f"secret-file:ci:2:{other}"
    owned = record(ITEM, FILE_ITEM, "secret:ci:2", theirs)
    files = replace(AS_WRITTEN, as_written={FILE: True, other: True})
    plan = planned(password(), password(2), desired=replace(ROTATE, file=FILE), recorded=owned, files=files)
    assert [change.releases for change in plan.changes] == [(FILE_ITEM,)]


def test_a_file_is_replaced_by_a_secret_of_its_own_number() -> None:
    """The item stays recorded: what was created is owned, not released."""
    plan = planned(desired=SECRET, recorded=record(FILE_ITEM), values={}, files=AS_WRITTEN)
    (change,) = plan.changes
    assert (FILE_ITEM in change.owns, change.releases) == (True, ())


def test_files_of_expired_secrets_go_when_another_is_created() -> None:
    files = replace(AS_WRITTEN, exists=False, as_written={FILE: True})
    plan = planned(password(days=-1), desired=replace(SECRET, file="/state/new"), files=files)
    assert keys(plan) == ["create-secret:ci:2", "remove-secret:key-1", f"remove-secret-file:{FILE}"]


def test_files_of_expired_secrets_go_whichever_number_they_have() -> None:
    old = "/state/old"
    files = replace(AS_WRITTEN, as_written={FILE: True, old: True})
    owned = record(ITEM, FILE_ITEM, "secret:ci:2", f"secret-file:ci:2:{old}")
    plan = planned(password(), password(2, days=-1), recorded=owned, files=files)
    assert keys(plan) == ["remove-secret:key-2", f"remove-secret-file:{old}"]


def test_one_that_is_only_removed_is_told_from_the_current_one() -> None:
    owned = record(ITEM, FILE_ITEM, "secret:ci:2", "secret:ci:3")
    passwords = [password(number, key_id=key) for number, key in ((1, "m"), (2, "a"), (3, "z"))]
    plan = planned(*passwords, desired=None, recorded=owned, values={"secret_key_id": "m"})
    assert {change.key: getattr(change, "is_current", None) for change in plan.changes if "file" not in change.key} == {
        "remove-secret:m": True,
        "remove-secret:a": False,
        "remove-secret:z": False,
    }
    for key in ("a", "m", "z"):
        dropping = replace(OWNED, in_progress=f"drop-secret:{key}")
        (lost,) = planned(password(key_id=key), recorded=dropping, values={"secret_key_id": "m"}).first
        assert getattr(lost, "is_current", None) is (key == "m")


def test_a_file_of_someone_else_stays_but_a_secret_can_be_shown() -> None:
    files = replace(NONE, exists=True)
    with pytest.raises(BadInput):
        planned(files=files, recorded=record(), values={})
    assert keys(planned(desired=PRINTED, files=files, recorded=record(), values={})) == ["create-secret:ci:1"]


def test_secrets_are_created_only_for_an_interrupted_creation_that_left_one() -> None:
    creating_another = replace(OWNED, in_progress="create-secret:ci:2")
    assert keys(planned(password(), recorded=creating_another)) == []
    dropping = replace(OWNED, in_progress="drop-secret:key-1")
    plan = planned(password(), recorded=dropping, files=AS_WRITTEN)
    create = next(change for change in plan.changes if change.key == "create-secret:ci:2")
    assert getattr(create, "replaces_lost", None) is True


def test_an_interrupted_removal_is_no_interrupted_creation() -> None:
    (change,) = planned(files=NONE, recorded=record(in_progress="remove-secret:key-9"), values={}).changes
    assert getattr(change, "replaces_lost", None) is False

"""The plans of client secrets: interrupted, lost, expired and removed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import Drift
from engine.record import Record
from engine.refusal import BadInput
from steps.step_04_app_registration.observed import SecretFiles
from steps.step_04_app_registration.secret_plan import remove_all_secrets, remove_files
from steps.step_04_app_registration.secrets import recorded_files, secrets_of
from tests.plans.applications import CLIENT, FILE, NOW, OURS, observed, password
from tests.plans.facts import record
from tests.plans.secret_facts import (
    AS_WRITTEN,
    CREATING,
    FILE_ITEM,
    ITEM,
    NONE,
    OWNED,
    PRINTED,
    ROTATE,
    VALUES,
    keys,
    planned,
)


def test_secrets_of_other_names_are_told_and_kept() -> None:
    other, stale = password(name="old", key_id="key-old"), password(2, name="old", key_id="key-stale", days=-1)
    recorded = record(ITEM, FILE_ITEM, "secret:old:1", "secret:old:2")
    plan = planned(password(), other, stale, recorded=recorded)
    assert keys(plan) == ["remove-secret:key-stale"]
    assert (len(plan.notes), "old" in plan.notes[0]) == (1, True)
    assert planned(password(), other).notes == ()


@pytest.mark.parametrize(("days", "notes"), [(30, 1), (31, 0)])
def test_the_end_is_told_a_month_ahead(days: int, notes: int) -> None:
    assert len(planned(password(days=days)).notes) == notes


def test_another_lifetime_and_a_missing_file_are_told() -> None:
    assert len(planned(password(lasts=30)).notes) == 1
    assert len(planned(replace(password(), starts=None)).notes) == 0
    assert len(planned(password(), files=NONE).notes) == 1


def test_a_file_that_may_be_someone_elses_is_not_overwritten() -> None:
    for bad in (SecretFiles(exists=True), SecretFiles(exists=False, problem="it is a folder")):
        with pytest.raises(BadInput):
            planned(files=bad, recorded=record(), values={})
    with pytest.raises(BadInput):
        planned(password(), files=SecretFiles(problem="it is a folder"))
    assert keys(planned(files=SecretFiles(), recorded=record(), values={"secret_file": FILE})) == ["create-secret:ci:1"]
    assert keys(planned(files=SecretFiles(), recorded=record(FILE_ITEM), values={})) == ["create-secret:ci:1"]
    printed = planned(desired=PRINTED, files=SecretFiles(exists=True), recorded=record(), values={})
    assert keys(printed) == ["create-secret:ci:1"]


def test_a_secret_of_which_an_interrupted_run_lost_the_value_is_removed_first() -> None:
    plan = planned(password(), recorded=CREATING, files=NONE, values={})
    lost, create = plan.first
    assert plan.changes == ()
    assert (lost.key, lost.drift) == ("drop-secret:key-1", Drift.LEFT_OVER)
    assert (lost.owns, lost.releases) == ((FILE_ITEM,), (ITEM,))
    assert lost.az() == f"az ad app credential delete --id {CLIENT} --key-id key-1"
    assert lost.title != planned(password(), desired=None).changes[0].title
    assert (create.key, getattr(create, "replaces_lost", None)) == ("create-secret:ci:1", True)


def test_a_secret_that_an_interrupted_run_did_not_create_yet_comes_first() -> None:
    plan = planned(recorded=CREATING, files=NONE, values={})
    assert [change.key for change in plan.first] == ["create-secret:ci:1"]
    assert getattr(plan.first[0], "replaces_lost", None) is True
    assert plan.changes == ()
    fresh = planned(recorded=record(), files=NONE, values={})
    assert getattr(fresh.changes[0], "replaces_lost", None) is False


def test_a_removal_of_a_lost_secret_that_was_interrupted_is_repeated() -> None:
    dropping = Record(frozenset((FILE_ITEM,)), in_progress="drop-secret:key-1")
    plan = planned(password(), recorded=dropping, files=NONE, values={})
    assert keys(plan) == ["drop-secret:key-1", "create-secret:ci:1"]
    working = planned(password(), password(2), recorded=dropping, files=NONE, values={})
    assert keys(working) == ["drop-secret:key-1"]
    assert (working.values["secret_key_id"], working.adoptable) == ("key-2", ("secret:ci:2", ITEM))


def test_a_lost_secret_is_followed_by_another_even_where_an_older_one_works() -> None:
    creating = Record(frozenset((ITEM, FILE_ITEM)), in_progress="create-secret:ci:2")
    plan = planned(password(), password(2), recorded=creating)
    assert keys(plan) == ["drop-secret:key-2", "create-secret:ci:2"]
    assert [change.key for change in plan.first] == ["drop-secret:key-2", "create-secret:ci:2"]


def test_a_lost_secret_is_removed_where_none_is_desired() -> None:
    plan = planned(password(), desired=None, recorded=CREATING, files=NONE, values={})
    assert keys(plan) == ["drop-secret:key-1"]
    assert (plan.vanished, plan.adoptable) == ((FILE_ITEM,), (ITEM,))


def test_a_file_that_was_changed_since_is_kept() -> None:
    files = SecretFiles(as_written={FILE: False})
    plan = planned(password(), desired=None, files=files)
    assert keys(plan) == ["remove-secret:key-1"]
    assert (plan.vanished, len(plan.notes)) == ((FILE_ITEM,), 1)
    missing = planned(password(), desired=None, files=SecretFiles())
    assert (missing.vanished, missing.notes) == ((FILE_ITEM,), ())


def test_a_file_that_another_secret_still_needs_is_kept() -> None:
    recorded = record(ITEM, FILE_ITEM, "secret:ci:2", f"secret-file:ci:2:{FILE}")
    plan = planned(password(days=-1), password(2), recorded=recorded)
    assert (keys(plan), plan.vanished) == (["remove-secret:key-1"], (FILE_ITEM,))
    twice = remove_files(secrets_of(observed(files=AS_WRITTEN), recorded, {}))
    assert keys(twice) == [f"remove-secret-file:{FILE}"]
    assert (twice.vanished, twice.notes) == ((f"secret-file:ci:2:{FILE}",), ())


def test_paths_may_hold_colons_and_the_files_of_an_interrupted_change_count() -> None:
    item = "secret-file:ci:1:C:/state/ci.secret"
    assert recorded_files(Record(frozenset((item,)), pending=frozenset((FILE_ITEM, ITEM)))) == {
        item: "C:/state/ci.secret",
        FILE_ITEM: FILE,
    }


def test_temporary_files_of_killed_runs_are_removed_where_nothing_else_removes_them() -> None:
    other = "/state/old.secret"
    left = replace(AS_WRITTEN, leftovers=(FILE, other))
    kept = planned(password(), files=left)
    assert keys(kept) == [f"remove-secret-leftovers:{FILE}", f"remove-secret-leftovers:{other}"]
    change = kept.changes[0]
    assert (change.drift, change.owns, change.releases, change.az()) == (Drift.LEFT_OVER, (), (), "")
    assert keys(planned(password(), files=left, desired=ROTATE)) == [
        *("create-secret:ci:2", f"remove-secret-leftovers:{other}")
    ]
    creating = planned(files=replace(NONE, leftovers=(FILE,)), recorded=CREATING, values={})
    assert keys(creating) == ["create-secret:ci:1"]
    assert keys(planned(password(), desired=None, files=left)) == [
        *("remove-secret:key-1", f"remove-secret-file:{FILE}", f"remove-secret-leftovers:{other}")
    ]


def test_all_secrets_with_our_mark_are_removed_with_the_application() -> None:
    recorded = Record(frozenset((ITEM,)), in_progress="create-secret:ci:3")
    facts = observed(OURS, passwords=(password(), password(2), password(3)), files=SecretFiles())
    plan = remove_all_secrets(secrets_of(facts, recorded, VALUES))
    assert keys(plan) == ["drop-secret:key-3", "remove-secret:key-1", "remove-secret:key-2"]
    assert [change.az() for change in (*plan.first, *plan.changes)] == ["", "", ""]
    assert plan.adoptable == ()


def test_the_secrets_of_a_deleted_application_count() -> None:
    deleted = replace(OURS, passwords=(password(),))
    secrets = secrets_of(observed(deleted=deleted), OWNED, VALUES)
    assert ([secret.item for secret in secrets.ours], secrets.now, secrets.client_id) == ([ITEM], NOW, "")
    assert secrets_of(observed(), OWNED, {}).ours == ()

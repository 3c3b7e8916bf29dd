"""The plans of client secrets: created, kept and rotated."""

from __future__ import annotations

from dataclasses import replace

from engine.change import Drift
from steps.shared.tags import MARK
from steps.step_04_app_registration.observed import Password, SecretFiles
from tests.plans.applications import CLIENT, FILE, SECRET, password
from tests.plans.facts import record
from tests.plans.secret_facts import AS_WRITTEN, FILE_ITEM, ITEM, NONE, OWNED, PRINTED, ROTATE, keys, planned


def test_a_secret_that_works_is_enough() -> None:
    plan = planned(password())
    assert (keys(plan), plan.notes, plan.vanished, plan.adoptable) == ([], (), (), ())
    assert plan.values == {"secret_key_id": "key-1", "secret_expires": "2026-08-09T12:00:00Z", "secret_file": FILE}


def test_the_first_secret() -> None:
    plan = planned(files=NONE, recorded=record(), values={})
    (change,) = plan.changes
    assert (change.key, change.drift) == ("create-secret:ci:1", Drift.MISSING)
    assert (change.owns, change.releases, change.rights) == ((ITEM, FILE_ITEM), (), ())
    assert change.az() == (
        f"az ad app credential reset --id {CLIENT} --append --display-name 'ci ({MARK})' --end-date 2026-10-28 "
        "--output json"
    )
    assert (plan.first, plan.notes, plan.values, plan.adoptable) == ((), (), {}, ())
    assert planned(files=NONE, recorded=record(), client_id="").changes[0].az() == ""


def test_a_secret_that_is_only_shown_owns_no_file() -> None:
    plan = planned(desired=PRINTED, files=SecretFiles(), recorded=record(), values={})
    (change,) = plan.changes
    assert (change.owns, change.releases) == ((ITEM,), ())
    assert change.title != replace(change, secret=SECRET).title  # type: ignore[type-var]


def test_rotation_creates_another_beside_the_old() -> None:
    plan = planned(password(), desired=ROTATE)
    (change,) = plan.changes
    assert change.key == "create-secret:ci:2"
    assert (change.owns, change.releases) == (("secret:ci:2", f"secret-file:ci:2:{FILE}"), (FILE_ITEM,))
    assert f"--display-name 'ci ({MARK} 2)'" in change.az()
    assert (len(plan.notes), plan.vanished) == (1, ())


def test_a_secret_of_another_file_keeps_the_old_file() -> None:
    moved = replace(ROTATE, file="/state/new.secret")
    files = replace(AS_WRITTEN, exists=False)
    (change,) = planned(password(), desired=moved, files=files).changes
    assert (change.owns, change.releases) == (("secret:ci:2", "secret-file:ci:2:/state/new.secret"), ())


def test_numbers_go_on_from_the_highest_that_was_ever_used() -> None:
    gone = record("secret:ci:7", "secret:other:9")
    assert keys(planned(files=NONE, recorded=gone, values={})) == ["create-secret:ci:8"]
    foreign = password(12, name="other")
    assert keys(planned(password(3, days=-1), foreign, files=NONE, recorded=gone, values={})) == ["create-secret:ci:8"]
    assert keys(planned(password(9), desired=ROTATE, files=NONE, recorded=gone)) == ["create-secret:ci:10"]


def test_only_secrets_with_our_mark_count() -> None:
    others = [
        Password("k", name, password().ends)
        for name in ("ci", f"ci ({MARK}-x)", f"({MARK})", f"ci ({MARK}) ", f"ci ({MARK} x)")
    ]
    plan = planned(*others, files=NONE, recorded=record(), values={})
    assert (keys(plan), plan.adoptable) == (["create-secret:ci:1"], ())
    assert keys(planned(*others, desired=None, files=NONE, recorded=OWNED)) == []


def test_a_marked_secret_that_nobody_recorded_counts_and_is_recorded_again() -> None:
    plan = planned(password(), recorded=record(), values={})
    assert (keys(plan), plan.adoptable) == ([], (ITEM, FILE_ITEM))
    assert plan.values["secret_file"] == ""
    for files in (SecretFiles(hint="xyz"), SecretFiles(hint="")):
        assert planned(password(), recorded=record(), files=files, values={}).adoptable == (ITEM,)
    unhinted = planned(password(hint=""), recorded=record(), files=SecretFiles(hint=""), values={})
    assert unhinted.adoptable == (ITEM,)


def test_a_marked_secret_that_nobody_recorded_is_not_removed() -> None:
    plan = planned(password(), desired=None, recorded=record(), files=SecretFiles())
    assert (keys(plan), plan.adoptable) == ([], (ITEM,))


def test_a_recorded_secret_whose_mark_is_gone_is_not_removed() -> None:
    renamed = replace(password(), name="ci")
    assert keys(planned(renamed, desired=None, files=SecretFiles())) == []


def test_without_a_secret_ours_are_removed_with_their_files() -> None:
    plan = planned(password(), desired=None)
    secret, file = plan.changes
    assert (secret.key, secret.drift) == ("remove-secret:key-1", Drift.LEFT_OVER)
    assert (secret.owns, secret.releases) == ((), (ITEM,))
    assert secret.az() == f"az ad app credential delete --id {CLIENT} --key-id key-1"
    assert (file.key, file.drift) == (f"remove-secret-file:{FILE}", Drift.LEFT_OVER)
    assert (file.owns, file.releases, file.az()) == ((), (FILE_ITEM,), "")
    assert (plan.vanished, plan.adoptable, plan.values) == ((), (), {})
    assert planned(password(), desired=None, client_id="").changes[0].az() == ""


def test_what_outputs_prints_is_cleared_only_with_the_current_secret() -> None:
    plan = planned(password(), password(2), desired=None, recorded=record(ITEM, "secret:ci:2"), files=SecretFiles())
    assert [getattr(change, "is_current", None) for change in plan.changes] == [True, False]
    assert [change.title == plan.changes[0].title for change in plan.changes] == [True, True]


def test_an_expired_secret_is_removed_and_followed_by_another() -> None:
    plan = planned(password(days=0))
    assert keys(plan) == ["create-secret:ci:2", "remove-secret:key-1"]
    assert plan.changes[0].releases == (FILE_ITEM,)
    assert (plan.notes, plan.vanished) == ((), ())
    unrecorded = planned(password(days=0), recorded=record(), files=NONE)
    assert keys(unrecorded) == ["create-secret:ci:2"]
    endless = replace(password(), ends=None)
    assert keys(planned(endless)) == []


def test_an_expired_secret_beside_one_that_works_is_removed() -> None:
    old = "/state/old.secret"
    recorded = record(ITEM, "secret:ci:2", f"secret-file:ci:1:{old}", f"secret-file:ci:2:{FILE}")
    files = replace(AS_WRITTEN, as_written={old: True, FILE: True})
    plan = planned(password(days=-1), password(2), recorded=recorded, files=files)
    assert keys(plan) == ["remove-secret:key-1", f"remove-secret-file:{old}"]
    assert plan.values["secret_key_id"] == "key-2"
    assert plan.values["secret_file"] == FILE


def test_the_current_secret_is_the_recorded_one_or_else_the_newest() -> None:
    many = (password(2), password(1), password(3))
    recorded = record(*(f"secret:ci:{number}" for number in (1, 2, 3)))
    assert planned(*many, recorded=recorded).values["secret_key_id"] == "key-1"
    assert planned(*many, recorded=recorded).values["secret_file"] == FILE
    newest = planned(*many, recorded=recorded, values={"secret_key_id": "lost", "secret_file": FILE})
    assert (newest.values["secret_key_id"], newest.values["secret_file"]) == ("key-3", "")
    assert len(newest.notes) == 1
    assert "2026-08-09, 2026-08-09" in newest.notes[0]

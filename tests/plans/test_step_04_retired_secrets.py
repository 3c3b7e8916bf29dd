"""The plans of `--retire-secrets`: all of ours go but the current one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import Drift
from engine.refusal import BadInput
from steps.step_04_app_registration.desired import PERSONAL
from steps.step_04_app_registration.secret_changes import RemoveSecret
from steps.step_04_app_registration.secret_plan import refuse_secrets
from steps.step_04_app_registration.step import STEP
from tests.plans.applications import CLIENT, FILE, OURS, SECRET, password
from tests.plans.facts import NAMES, TARGET, given, record
from tests.plans.secret_facts import AS_WRITTEN, FILE_ITEM, ITEM, keys, planned

RETIRE = replace(SECRET, retire=True)
BOTH = replace(RETIRE, rotate=True)
OTHER = password(name="cd", key_id="cd-1", days=40)
RECORDED = record(ITEM, FILE_ITEM, "secret:ci:2", "secret:cd:1")


def test_all_recorded_ones_go_but_the_current() -> None:
    plan = planned(password(2), OTHER, password(), desired=RETIRE, recorded=RECORDED)
    assert keys(plan) == ["remove-secret:key-2", "remove-secret:cd-1"]
    assert (plan.notes, plan.values["secret_key_id"], plan.vanished) == ((), "key-1", ())
    change = plan.changes[1]
    assert (change.drift, change.releases) == (Drift.LEFT_OVER, ("secret:cd:1",))
    assert change.az() == f"az ad app credential delete --id {CLIENT} --key-id cd-1"
    assert "2026-06-10" in change.title
    assert isinstance(change, RemoveSecret)
    assert not change.is_current


def test_without_it_older_ones_stay_and_a_note_says_until_when() -> None:
    plan = planned(password(2, days=50), password(), recorded=RECORDED)
    assert keys(plan) == []
    (note,) = plan.notes
    assert "2026-06-20" in note
    assert "--retire-secrets" in note


def test_with_a_rotation_they_go_once_the_new_one_is_there() -> None:
    plan = planned(password(), password(2), desired=BOTH, recorded=RECORDED)
    assert keys(plan) == ["create-secret:ci:3", "remove-secret:key-1", "remove-secret:key-2"]
    assert (plan.notes, plan.first) == ((), ())
    moved = planned(password(), desired=replace(BOTH, file="/state/new"), files=replace(AS_WRITTEN, exists=False))
    assert keys(moved) == ["create-secret:ci:2", "remove-secret:key-1", f"remove-secret-file:{FILE}"]


def test_what_is_not_recorded_may_be_somebody_elses_and_stays() -> None:
    plan = planned(password(), password(2), desired=RETIRE)
    assert (keys(plan), len(plan.notes), plan.adoptable) == ([], 1, ("secret:ci:2",))
    again = planned(password(), password(2), desired=RETIRE, recorded=record(ITEM, FILE_ITEM, "secret:ci:2"))
    assert keys(again) == ["remove-secret:key-2"]


def test_expired_ones_go_anyway_and_once() -> None:
    plan = planned(password(), password(2, days=-1), desired=RETIRE, recorded=RECORDED)
    assert keys(plan) == ["remove-secret:key-2"]
    (change,) = plan.changes
    assert isinstance(change, RemoveSecret)
    assert (change.is_expired, change.retired) == (True, "")


def test_with_a_rotation_expired_ones_are_told_from_older_ones() -> None:
    plan = planned(password(days=-1), password(2, days=50), desired=BOTH, recorded=RECORDED)
    removals = [change for change in plan.changes if isinstance(change, RemoveSecret)]
    assert [(change.key_id, change.is_expired, change.retired) for change in removals] == [
        ("key-1", True, ""),
        ("key-2", False, "2026-06-20"),
    ]


def test_an_application_for_personal_accounts_has_no_room_for_a_third() -> None:
    passwords = (password(), password(2))
    plan = planned(*passwords, desired=BOTH, recorded=RECORDED)
    with pytest.raises(BadInput):
        refuse_secrets(replace(OURS.settings, audience=PERSONAL), passwords, plan)
    refuse_secrets(replace(OURS.settings, audience=PERSONAL), passwords[:1], plan)
    refuse_secrets(replace(OURS.settings, audience=PERSONAL), (), plan)


def test_an_application_that_has_more_than_two_is_refused_only_another() -> None:
    passwords = (password(), password(2), password(3))
    refuse_secrets(replace(OURS.settings, audience=PERSONAL), passwords, planned(*passwords))


def test_it_needs_the_name_of_what_stays_and_is_not_remembered() -> None:
    for inputs in (given(retire_secrets=True), given(retire_secrets=True, secret="none")):
        with pytest.raises(BadInput):
            STEP.desired(inputs, TARGET, NAMES)
    desired = STEP.desired(given(retire_secrets=True, secret="ci"), TARGET, NAMES)
    assert desired.secret is not None
    assert (desired.secret.retire, desired.secret.rotate) == (True, False)
    assert not [row for row in STEP.inputs if row.name == "retire_secrets" and row.kept]

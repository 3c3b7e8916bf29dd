"""The plans of the app registration: created, restored, updated, adopted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.role_names import CREATE_APPLICATION, DIRECTORY, UPDATE_APPLICATION
from engine.change import AnyChange, Drift, Right
from engine.record import Record
from engine.refusal import BadInput
from engine.step import Ask
from steps.shared.az_commands import application
from steps.shared.tags import MARK
from steps.step_04_app_registration.changes import CreateApplication, UpdateApplication
from steps.step_04_app_registration.desired import PERSONAL
from steps.step_04_app_registration.observed import FederatedCredential, Owner, SecretFiles, Settings
from steps.step_04_app_registration.recycle_bin import RestoreApplication
from steps.step_04_app_registration.settings import graph_json
from steps.step_04_app_registration.step import STEP
from tests.plans.app_registration_facts import ADOPTION, CREATION, PATH, RECORDED, URLS, VALUES, body, planned
from tests.plans.applications import (
    ADOPTED_AS_DESIRED,
    AS_DESIRED,
    CLIENT,
    DESIRED,
    FILE,
    FOREIGN,
    NAME,
    OBJECT,
    OUR_PRINCIPAL,
    OURS,
    SECRET,
    UNIQUE,
    observed,
    password,
)
from tests.plans.facts import ADA, BOB, TARGET, keys, record

WIDE = tuple(f"https://b.example/{number}" for number in range(156))

APP = application(TARGET)


def test_the_step() -> None:
    assert (STEP.number, STEP.key, STEP.needs, STEP.optional, STEP.last) == (4, "app_registration", (), False, False)
    assert sorted(kind.name for kind in STEP.kinds) == [
        *("adopted", "app-tag", "application", "before", "deleted-application", "federated", "notes", "owner"),
        *("permission", "recycled", "reply-url", "secret", "secret-file", "service-principal"),
    ]
    assert [kind.name for kind in STEP.kinds if not kind.shown] == ["recycled", "before"]


def test_a_new_application() -> None:
    plan = planned(observed())
    create, principal = plan.changes
    assert (create.key, create.drift) == ("create-application", Drift.MISSING)
    assert (create.owns, create.releases) == (("application", URLS, "permission"), ())
    assert create.rights == (Right(CREATE_APPLICATION, DIRECTORY),)
    assert create.detail == ""
    upsert, owner = create.commands()
    assert upsert.words[:-1] == (
        *("rest", "--method", "PATCH", "--url", f"{PATH}(uniqueName='{UNIQUE}')"),
        *("--headers", "Content-Type=application/json", "Prefer=create-if-missing", "--body"),
    )
    assert owner.words == ("ad", "app", "owner", "add", "--id", APP, "--owner-object-id", ADA.object_id)
    assert body(create) == graph_json(AS_DESIRED)
    assert (principal.key, principal.drift) == ("create-service-principal", Drift.MISSING)
    assert (principal.owns, principal.releases) == (("service-principal",), ())
    assert principal.rights == (Right(UPDATE_APPLICATION, DIRECTORY),)
    assert (principal.detail != "", UNIQUE in principal.az()) == (True, True)
    assert (plan.notes, plan.values, plan.ask, plan.vanished, plan.adoptable) == ((), {}, None, (), ())


def test_a_new_application_says_what_is_special_about_it() -> None:
    plain, special = planned(observed()).changes[0], planned(observed(), replace(DESIRED, tags=("plant",))).changes[0]
    assert isinstance(special, CreateApplication)
    assert (plain.detail, "plant" in special.detail) == ("", True)
    assert special.owns == ("application", URLS, "app-tag:plant", "permission")


def test_all_parts_of_a_new_application_are_planned_after_it() -> None:
    credential = FederatedCredential("gh", "https://issuer.example", "me", ("x",))
    desired = replace(DESIRED, owners=(BOB,), federated=(credential,), secret=SECRET)
    facts = observed(files=SecretFiles(exists=False, leftovers=("/other",)))
    plan = planned(facts, replace(desired), record("secret-file:ci:4:/gone"))
    assert keys(plan) == [
        *CREATION,
        *(f"add-owner:{BOB.object_id}", "write-federated:gh", "create-secret:ci:1", "remove-secret-leftovers:/other"),
    ]
    owner, federated, secret, leftovers = (change.commands() for change in plan.changes[2:])
    assert [owner[0].words[5], federated[0].words[4]] == [
        APP,
        (f"{PATH}(appId='", APP, "')/federatedIdentityCredentials(name='gh')"),
    ]
    assert (secret, leftovers) == ((), ())
    assert plan.vanished == ("secret-file:ci:4:/gone",)
    interrupted = Record(in_progress="create-secret:ci:1", pending=frozenset(("secret:ci:1",)))
    assert keys(planned(facts, desired, interrupted))[2] == "create-secret:ci:1"


def test_an_application_that_is_as_desired() -> None:
    plan = planned(observed(OURS), recorded=RECORDED)
    assert (plan.changes, plan.notes, plan.values, plan.adoptable) == ((), (), VALUES, ())
    assert (plan.reason != "", plan.skipped) == (True, False)


def test_an_application_that_differs_is_updated() -> None:
    before = replace(AS_DESIRED, name="other", web=("https://theirs.example/",))
    plan = planned(observed(replace(OURS, settings=before)), recorded=RECORDED)
    (change,) = plan.changes
    assert isinstance(change, UpdateApplication)
    assert (change.key, change.drift) == ("update-application", Drift.DIFFERS)
    assert (change.owns, change.releases) == ((), ())
    assert body(change) == graph_json(replace(before, name=NAME))
    assert "Prefer=create-if-missing" in change.az()
    assert change.is_settled(replace(before, name=NAME))
    assert change.is_settled(AS_DESIRED)
    assert not change.is_settled(before)
    assert len(plan.notes) == 1
    assert plan.values["app_name"] == "other"


def test_our_own_switches_are_not_recorded_and_an_adopted_ones_are() -> None:
    desired = replace(DESIRED, public_client=True)
    (own,) = planned(observed(OURS), desired, RECORDED).changes
    assert own.owns == ()
    (adopted,) = planned(observed(ADOPTED_AS_DESIRED), desired, ADOPTION).changes[:1]
    assert (adopted.key, adopted.owns, adopted.releases) == ("update-application", ("before:fallback:null",), ())
    changed = replace(ADOPTED_AS_DESIRED, settings=replace(ADOPTED_AS_DESIRED.settings, fallback=True))
    recorded = record("adopted", "before:fallback:false")
    (back,) = planned(observed(changed), replace(DESIRED, public_client=False), recorded).changes
    assert (back.owns, back.releases) == ((), ("before:fallback:false",))


def test_what_is_no_longer_desired_is_released() -> None:
    before = replace(AS_DESIRED, tags=(MARK, "plant"))
    recorded = record("application", "service-principal", "app-tag:plant")
    (change,) = planned(observed(replace(OURS, settings=before)), replace(DESIRED, tags=()), recorded).changes
    assert change.releases == ("app-tag:plant",)


def test_a_missing_service_principal_is_created() -> None:
    plan = planned(observed(replace(OURS, principal=None)), recorded=RECORDED)
    (change,) = plan.changes
    assert (change.key, change.detail, change.az()) == (
        "create-service-principal",
        "",
        f"az rest --method PATCH --url \"{TARGET.graph}/v1.0/servicePrincipals(appId='{CLIENT}')\" --headers "
        f'Content-Type=application/json Prefer=create-if-missing --body \'{{"tags": ["{MARK}"]}}\'',
    )
    assert "service_principal_id" not in plan.values


def test_parts_of_an_existing_application_come_after_it_and_can_be_handed_off() -> None:
    credential = FederatedCredential("gh", "https://issuer.example", "me", ("x",))
    desired = replace(DESIRED, owners=(BOB,), federated=(credential,), secret=SECRET)
    facts = observed(replace(OURS, settings=Settings(), principal=None), files=SecretFiles(exists=False))
    plan = planned(replace(facts, owners=(Owner(ADA.object_id, ADA.label),)), desired, RECORDED)
    assert keys(plan) == [
        *("update-application", "create-service-principal"),
        *(f"add-owner:{BOB.object_id}", "write-federated:gh", "create-secret:ci:1"),
    ]
    assert all(change.az() for change in plan.changes)
    assert plan.notes == ()
    interrupted = Record(owned=RECORDED.owned, in_progress="create-secret:ci:1")
    assert keys(planned(facts, desired, interrupted))[0] == "create-secret:ci:1"


def test_the_creator_of_an_adopted_application_is_told_as_another_owner() -> None:
    owners = (Owner(ADA.object_id, ADA.label), Owner(BOB.object_id, BOB.label))
    facts = replace(observed(ADOPTED_AS_DESIRED), owners=owners)
    plan = planned(facts, replace(DESIRED, owners=(BOB,)), ADOPTION)
    assert any(ADA.label in note for note in plan.notes)


def test_the_current_secret_is_among_the_values() -> None:
    facts = observed(OURS, passwords=(password(),), files=SecretFiles(hint="abc"))
    plan = planned(facts, replace(DESIRED, secret=SECRET), RECORDED)
    assert plan.values == {
        **VALUES,
        "secret_key_id": "key-1",
        "secret_expires": "2026-08-09T12:00:00Z",
        "secret_file": "",
    }
    assert plan.adoptable == ("secret:ci:1", f"secret-file:ci:1:{FILE}")


def test_marks_that_nobody_recorded_are_recorded_again() -> None:
    assert planned(observed(OURS)).adoptable == ("application",)
    assert planned(observed(replace(ADOPTED_AS_DESIRED, principal=OUR_PRINCIPAL))).adoptable == (
        *("adopted", "service-principal"),
    )
    assert planned(observed(ADOPTED_AS_DESIRED)).adoptable == ("adopted",)
    unmarked = replace(OURS, settings=replace(AS_DESIRED, tags=()), principal=None)
    assert planned(observed(unmarked)).adoptable == ()


def test_a_deleted_application_is_restored_with_what_others_added() -> None:
    deleted = replace(OURS, settings=replace(AS_DESIRED, web=("https://theirs.example/",), public=()))
    plan = planned(observed(deleted=deleted))
    restore, create, principal = plan.changes
    assert isinstance(restore, RestoreApplication)
    assert (restore.key, restore.drift) == ("restore-application", Drift.MISSING)
    assert (restore.owns, restore.releases) == ((), ("deleted-application",))
    assert restore.az() == f"az rest --method POST --url {TARGET.graph}/v1.0/directory/deletedItems/{OBJECT}/restore"
    assert [create.key, principal.key] == CREATION
    assert create.owns == ("application", URLS)
    assert body(create) == graph_json(replace(deleted.settings, public=("http://localhost",)))
    assert len(plan.notes) == 1
    renamed = replace(deleted, settings=replace(AS_DESIRED, name="old"))
    assert planned(observed(deleted=renamed)).changes[1].detail
    assert planned(observed(deleted=replace(deleted, settings=AS_DESIRED))).changes[1].detail == ""


def test_an_application_that_destroy_deleted_begins_anew() -> None:
    deleted = replace(OURS, settings=replace(AS_DESIRED, web=("https://theirs.example/",)))
    plan = planned(observed(deleted=deleted, namesakes=(FOREIGN,)), recorded=record("deleted-application"))
    assert keys(plan) == ["restore-application", *CREATION]
    assert body(plan.changes[1]) == graph_json(AS_DESIRED)
    assert (plan.notes, plan.ask) == ((), None)


def test_the_only_namesake_can_be_adopted() -> None:
    plan = planned(observed(namesakes=(FOREIGN,)))
    assert keys(plan) == CREATION
    assert isinstance(plan.ask, Ask)
    assert (plan.ask.answer, plan.ask.required, CLIENT in plan.ask.about[0]) == ("adopt_app", False, True)
    assert (len(plan.notes), CLIENT in plan.notes[0]) == (1, True)
    declined = planned(observed(namesakes=(FOREIGN,)), answers={"adopt_app": False})
    assert (keys(declined), declined.ask, len(declined.notes)) == (CREATION, None, 1)


def test_namesakes_that_cannot_be_adopted_are_only_told() -> None:
    managed = replace(FOREIGN, settings=replace(FOREIGN.settings, tags=("managed-by:x",)))
    for namesakes in ((managed,), (FOREIGN, managed)):
        plan = planned(observed(namesakes=namesakes))
        assert (keys(plan), plan.ask, len(plan.notes)) == (CREATION, None, 1)
    single, two = (planned(observed(namesakes=(FOREIGN,) * number)).notes[0] for number in (1, 2))
    assert ("--adopt-app" in single, "--adopt-app" in two) == (True, False)


def test_an_application_for_personal_accounts_has_fewer_urls_and_secrets() -> None:
    personal = replace(DESIRED, audience=PERSONAL)
    urls = tuple(f"https://a.example/{number}" for number in range(100))
    assert planned(observed(), replace(personal, web_reply_urls=urls[:-1])).changes
    for desired in (replace(personal, web_reply_urls=urls), replace(DESIRED, web_reply_urls=(*urls, *WIDE))):
        with pytest.raises(BadInput):
            planned(observed(), desired)
    rotating = replace(personal, secret=replace(SECRET, rotate=True))
    new = SecretFiles(exists=False)
    one, two = ((password(1),), (password(1), password(2)))
    recorded = record("application", "secret:ci:1", "secret:ci:2")
    assert planned(observed(OURS, passwords=one, files=new), rotating, recorded).changes
    with pytest.raises(BadInput):
        planned(observed(OURS, passwords=two, files=new), rotating, recorded)
    assert planned(observed(OURS, passwords=two, files=new), replace(rotating, audience=None), recorded).changes


def service(change: AnyChange) -> object:
    """The reference that a change writes; None where it writes none."""
    written = body(change)
    assert isinstance(written, dict)
    return written.get("serviceManagementReference")


def test_the_service_management_reference_is_written_changed_and_cleared() -> None:
    create = planned(observed(), replace(DESIRED, service="s-1")).changes[0]
    assert (service(create), create.detail != "") == ("s-1", True)
    assert service(planned(observed()).changes[0]) is None
    has = observed(replace(OURS, settings=replace(AS_DESIRED, service="s-1")))
    (change,) = planned(has, replace(DESIRED, service="s-2"), RECORDED).changes
    assert (change.key, service(change)) == ("update-application", "s-2")
    (cleared,) = planned(has, replace(DESIRED, service=""), RECORDED).changes
    assert service(cleared) == ""
    for unchanged in (None, "s-1"):
        assert planned(has, replace(DESIRED, service=unchanged), RECORDED).changes == ()
    assert planned(observed(OURS), replace(DESIRED, service=""), RECORDED).changes == ()
    adopted = planned(observed(ADOPTED_AS_DESIRED), replace(DESIRED, service="s-1"), ADOPTION).changes[0]
    assert "before:service:null" in adopted.owns

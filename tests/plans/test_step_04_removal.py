"""The plans of the app registration: what is left out, released and removed."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from engine.change import Drift
from engine.refusal import BadInput, Refusal
from steps.shared.applications import ServicePrincipal
from steps.step_04_app_registration.changes import ReleaseApplication
from steps.step_04_app_registration.desired import PERSONAL
from steps.step_04_app_registration.observed import FederatedCredential, Owner, SecretFiles
from steps.step_04_app_registration.settings import graph_json
from tests.plans.app_registration_facts import (
    ADOPTED,
    ADOPTED_ALL,
    ADOPTION,
    PATH,
    PRINCIPAL,
    PRINCIPAL_ID,
    RECORDED,
    URLS,
    VALUES,
    body,
    planned,
    removed,
)
from tests.plans.applications import (
    ADOPTED_AS_DESIRED,
    AS_DESIRED,
    CLIENT,
    DESIRED,
    FILE,
    FOREIGN,
    NAME,
    OBJECT,
    OURS,
    TAG,
    observed,
    password,
)
from tests.plans.facts import ADA, BOB, TARGET, keys, record

PURGES = ["purge-service-principal", "purge-application"]
RECYCLED = f"recycled:{OBJECT}:{PRINCIPAL_ID}"


def test_an_application_is_adopted() -> None:
    plan = planned(observed(FOREIGN))
    (adopt,) = plan.changes
    assert (adopt.key, adopt.drift) == ("adopt-application", Drift.DIFFERS)
    assert (adopt.owns, adopt.releases) == (("adopted", URLS, "permission"), ())
    assert shlex.split(adopt.az())[:-1] == [
        *("az", "rest", "--method", "PATCH", "--url", f"{PATH}/{OBJECT}"),
        *("--headers", "Content-Type=application/json", "--body"),
    ]
    assert body(adopt) == graph_json(ADOPTED_AS_DESIRED.settings)
    assert plan.adoptable == ()
    assert adopt.title != replace(adopt, client_id="x").title  # type: ignore[type-var]
    named = planned(observed(replace(FOREIGN, unique_name="template")))
    assert len(named.notes) == len(plan.notes) + 1


def test_an_application_that_someone_else_manages_is_refused_until_it_is_adopted() -> None:
    managed = replace(FOREIGN.settings, notes="managed by the platform team")
    with pytest.raises(Refusal):
        planned(observed(replace(FOREIGN, settings=managed)))
    adopted = replace(managed, tags=("theirs", TAG))
    assert keys(planned(observed(replace(FOREIGN, settings=adopted)))) == ["update-application"]


def test_an_adopted_application_that_is_as_desired() -> None:
    plan = planned(observed(ADOPTED_AS_DESIRED), recorded=ADOPTION)
    assert (plan.changes, plan.adoptable) == ((), ())
    assert plan.reason != planned(observed(replace(OURS, settings=ADOPTED_AS_DESIRED.settings))).reason


def test_reply_urls_that_entra_id_refuses_are_refused_before_anything_is_planned() -> None:
    with pytest.raises(BadInput):
        planned(observed(), replace(DESIRED, web_reply_urls=("http://localhost",)))
    with pytest.raises(BadInput):
        planned(observed(OURS), replace(DESIRED, audience=PERSONAL, web_reply_urls=("https://*.example/",)))


def test_an_application_that_is_left_out_stays() -> None:
    left_out = replace(DESIRED, left_out=True)
    for facts in (None, observed(OURS)):
        plan = planned(facts, left_out, RECORDED, VALUES)
        assert (plan.changes, plan.skipped, len(plan.notes)) == ((), True, 1)
    adopted = planned(None, left_out, ADOPTION, VALUES)
    assert (NAME in adopted.notes[0], CLIENT in adopted.notes[0], adopted.notes != plan.notes) == (True, True, True)
    assert planned(None, left_out, record("deleted-application")).notes == ()


def test_destroy_deletes_our_application_with_its_secrets() -> None:
    facts = observed(OURS, passwords=(password(),), files=SecretFiles(as_written={FILE: True}))
    files = (f"secret-file:ci:1:{FILE}",)
    recorded = record("application", "service-principal", "secret:ci:1", *files)
    plan = removed(facts, recorded)
    assert keys(plan) == ["remove-secret:key-1", f"remove-secret-file:{FILE}", "delete-application"]
    delete = plan.changes[-1]
    assert (delete.drift, delete.owns) == (Drift.LEFT_OVER, ("deleted-application", RECYCLED))
    assert delete.releases == ("application", "secret:ci:1", "service-principal")
    assert delete.az() == f"az ad app delete --id {OBJECT}"
    assert (plan.vanished, plan.adoptable, plan.skipped) == ((), (), False)
    consented = removed(facts, replace(recorded, owned_by_any=recorded.owned | {"consent"})).changes[-1]
    assert consented.releases == (*delete.releases, "consent")
    interrupted = replace(recorded, in_progress="create-secret:ci:1")
    assert keys(removed(facts, interrupted))[0] == "drop-secret:key-1"
    missing = removed(observed(OURS), recorded)
    assert (keys(missing), missing.vanished) == (["delete-application"], files)


def test_destroy_tells_of_the_recycle_bin_unless_it_purges() -> None:
    told, untold = (removed(observed(OURS), purge=purge).notes for purge in (False, True))
    assert len(told) == len(untold) + 1


def test_destroy_with_purge_deletes_it_from_the_recycle_bin_too() -> None:
    plan = removed(observed(OURS), purge=True)
    assert keys(plan) == ["delete-application", *PURGES]
    principal, purge = plan.changes[1:]
    assert (purge.drift, purge.owns) == (Drift.LEFT_OVER, ())
    assert purge.releases == ("deleted-application", RECYCLED, "application")
    assert (principal.drift, principal.owns, principal.releases) == (Drift.LEFT_OVER, (), ("service-principal",))
    assert principal.az().endswith(f"/directory/deletedItems/{PRINCIPAL_ID}")
    assert keys(removed(observed(replace(OURS, principal=None)), purge=True))[1:] == ["purge-application"]
    assert purge.az() == f"az rest --method DELETE --url {TARGET.graph}/v1.0/directory/deletedItems/{OBJECT}"


@pytest.mark.parametrize("owned", ["application", "deleted-application"])
def test_destroy_purges_what_is_already_in_the_recycle_bin(owned: str) -> None:
    facts = observed(deleted=OURS, files=SecretFiles(as_written={FILE: True}))
    recorded = record(owned, f"secret-file:ci:1:{FILE}")
    assert keys(removed(facts, recorded)) == [f"remove-secret-file:{FILE}"]
    assert keys(removed(facts, recorded, purge=True)) == [*PURGES, f"remove-secret-file:{FILE}"]
    assert keys(removed(facts, record("adopted"), purge=True)) == []
    assert keys(removed(observed(), recorded, purge=True)) == []
    changed = removed(observed(files=SecretFiles(as_written={FILE: False})), recorded)
    assert (changed.changes, changed.vanished, len(changed.notes)) == ((), (f"secret-file:ci:1:{FILE}",), 1)
    assert changed.reason


def test_destroy_keeps_an_application_that_is_not_recorded() -> None:
    plan = removed(observed(OURS, passwords=(password(),)), record("service-principal"))
    assert (plan.changes, plan.adoptable, plan.skipped) == ((), ("application",), False)
    assert plan.reason


def test_destroy_keeps_a_recorded_application_whose_mark_is_gone() -> None:
    unmarked = replace(OURS, settings=replace(AS_DESIRED, tags=()))
    plan = removed(observed(unmarked), record("application"))
    assert (plan.changes, plan.adoptable) == ((), ("service-principal",))
    assert removed(observed(replace(unmarked, principal=None)), purge=True).changes == ()


def test_destroy_without_an_application() -> None:
    assert removed(None).skipped
    plan = removed(observed())
    assert (plan.changes, plan.skipped, plan.reason != removed(None).reason) == ((), False, True)


def test_destroy_deletes_an_application_that_is_left_out() -> None:
    assert keys(removed(observed(OURS), desired=replace(DESIRED, left_out=True))) == ["delete-application"]


def test_destroy_releases_an_adopted_application() -> None:
    credential = FederatedCredential("gh", "https://issuer.example", "me", ("x",))
    facts = observed(ADOPTED, passwords=(password(),), files=SecretFiles(as_written={FILE: True}))
    owners = (Owner(BOB.object_id, BOB.label), Owner(ADA.object_id, ADA.label))
    plan = removed(replace(facts, federated=(credential,), owners=owners), ADOPTED_ALL, purge=True)
    assert keys(plan) == [
        *("remove-secret:key-1", f"remove-secret-file:{FILE}", "remove-federated:gh"),
        *(f"remove-owner:{BOB.object_id}", "delete-service-principal", "release-application"),
    ]
    assert [change.az() for change in plan.changes[:-1]] == [""] * 5
    principal, release = plan.changes[-2:]
    assert (principal.drift, principal.owns, principal.releases) == (Drift.LEFT_OVER, (), ("service-principal",))
    assert isinstance(release, ReleaseApplication)
    assert (release.drift, release.owns) == (Drift.LEFT_OVER, ())
    assert release.releases == tuple(sorted(ADOPTED_ALL.owned - {f"secret-file:ci:1:{FILE}"}))
    after = replace(FOREIGN.settings, audience="AzureADMyOrg")
    assert body(release) == graph_json(after)
    assert f"{PATH}/{OBJECT} " in release.az()
    assert (release.is_settled(after), release.is_settled(ADOPTED.settings)) == (True, False)
    assert (len(plan.notes), plan.adoptable, plan.vanished) == (2, (), ())


def test_destroy_releases_what_little_was_added() -> None:
    plan = removed(observed(ADOPTED), record("adopted", "secret-file:ci:1:/gone"))
    (release,) = plan.changes
    assert body(release) == graph_json(replace(ADOPTED.settings, tags=("theirs",)))
    assert release.title != removed(observed(ADOPTED), ADOPTION).changes[0].title
    assert (plan.adoptable, plan.vanished) == (("service-principal",), ("secret-file:ci:1:/gone",))
    marked = observed(ADOPTED, passwords=(password(),))
    assert removed(marked, ADOPTION).adoptable == ("service-principal", "secret:ci:1")


@pytest.mark.parametrize("principal", [None, ServicePrincipal(PRINCIPAL_ID)])
def test_destroy_keeps_a_service_principal_that_has_not_our_mark(principal: ServicePrincipal | None) -> None:
    facts = observed(replace(ADOPTED, principal=principal))
    assert keys(removed(facts, record("adopted", "service-principal"))) == ["release-application"]


def test_destroy_does_not_touch_an_application_that_is_not_recorded_as_adopted() -> None:
    unrecorded = removed(observed(ADOPTED), RECORDED)
    assert (unrecorded.changes, unrecorded.adoptable) == ((), ("adopted",))
    untagged = removed(observed(replace(FOREIGN, principal=PRINCIPAL)), record("adopted"))
    assert (untagged.changes, untagged.adoptable) == ((), ("service-principal",))
    assert unrecorded.reason


def test_an_interrupted_lost_secret_of_an_adopted_application_is_removed_first() -> None:
    facts = observed(ADOPTED, passwords=(password(),))
    recorded = replace(record("adopted"), in_progress="create-secret:ci:1")
    assert keys(removed(facts, recorded)) == ["drop-secret:key-1", "release-application"]

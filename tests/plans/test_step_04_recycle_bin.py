"""The plans of a deleted application: found in the recycle bin, or only recorded where nobody may look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.role_names import CREATE_PRINCIPAL, DIRECTORY
from engine.change import Drift, Right
from engine.context import Removal
from steps.step_04_app_registration.desired import MULTIPLE, PERSONAL
from steps.step_04_app_registration.observed import BinView
from steps.step_04_app_registration.recycle_bin import Ids, PurgeApplication, RestoreApplication, ids_in_bin
from steps.step_04_app_registration.settings import graph_json
from steps.step_04_app_registration.step import STEP
from tests.plans.app_registration_facts import CREATION, PRINCIPAL_ID, RECORDED, VALUES, body, planned, removed
from tests.plans.applications import AS_DESIRED, DESIRED, OBJECT, OURS, UNIQUE, observed
from tests.plans.facts import NOTHING_RECORDED, TARGET, keys, record

RECYCLED = f"recycled:{OBJECT}:{PRINCIPAL_ID}"
DESTROYED = record("deleted-application", RECYCLED)
RESTORATION = ["restore-application", "create-application", "restore-service-principal", "create-service-principal"]
PURGES = ["purge-service-principal", "purge-application"]
BIN = f"{TARGET.graph}/v1.0/directory/deletedItems"


def test_what_is_found_is_restored_with_its_recorded_service_principal() -> None:
    plan = planned(observed(deleted=OURS), recorded=DESTROYED)
    assert keys(plan) == RESTORATION
    restore, _create, principal, _upsert = plan.changes
    assert isinstance(restore, RestoreApplication)
    assert (restore.is_seen, restore.releases) == (True, ("deleted-application", RECYCLED))
    assert (principal.drift, principal.owns, principal.releases) == (Drift.MISSING, ("service-principal",), ())
    by_others = planned(observed(deleted=OURS), recorded=RECORDED, values=VALUES)
    assert (keys(by_others), by_others.notes) == (RESTORATION, ())
    unknown = planned(observed(deleted=OURS), recorded=record("deleted-application"))
    assert keys(unknown) == ["restore-application", *CREATION]
    assert ids_in_bin(observed(deleted=OURS), DESTROYED, {}) == Ids(
        OBJECT, PRINCIPAL_ID, ("deleted-application", RECYCLED)
    )


@pytest.mark.parametrize("another", ["00", "another"])
def test_another_application_has_another_service_principal(another: str) -> None:
    plan = planned(observed(deleted=replace(OURS, object_id=another)), recorded=DESTROYED)
    assert keys(plan) == ["restore-application", *CREATION]


@pytest.mark.parametrize("view", ["owned", "nothing"])
def test_what_may_not_be_seen_is_restored_by_its_recorded_id(view: BinView) -> None:
    plan = planned(observed(bin_view=view), recorded=DESTROYED)
    assert keys(plan) == RESTORATION
    restore, create = plan.changes[:2]
    assert isinstance(restore, RestoreApplication)
    assert (restore.is_seen, restore.az()) == (False, f"az rest --method POST --url {BIN}/{OBJECT}/restore")
    assert create.az().startswith("for id in $(az rest ")
    assert UNIQUE in create.az().splitlines()[0]
    assert body(create) == graph_json(AS_DESIRED)
    assert plan.notes == ()
    seen = planned(observed(deleted=OURS), recorded=DESTROYED).changes[0]
    assert restore.title != seen.title
    by_others = planned(observed(bin_view=view), recorded=RECORDED, values=VALUES)
    assert (keys(by_others), len(by_others.notes)) == (RESTORATION, 1)


def test_nothing_is_restored_where_nothing_is_known() -> None:
    assert keys(planned(observed(bin_view="owned"))) == CREATION
    assert keys(planned(observed(), recorded=DESTROYED)) == CREATION  # it was purged
    assert ids_in_bin(observed(), NOTHING_RECORDED, {}) == Ids(released=("deleted-application",))


def test_a_service_principal_that_was_deleted_alone_is_restored() -> None:
    plan = planned(observed(replace(OURS, principal=None)), recorded=RECORDED, values=VALUES)
    assert keys(plan) == RESTORATION[2:]


def test_what_is_there_again_is_no_longer_recorded_as_deleted() -> None:
    assert planned(observed(OURS), recorded=DESTROYED).vanished == ("deleted-application", RECYCLED)
    assert planned(observed(OURS), recorded=RECORDED).vanished == ()


@pytest.mark.parametrize("view", ["owned", "nothing"])
def test_purging_goes_by_the_recorded_ids(view: BinView) -> None:
    plan = removed(observed(bin_view=view), DESTROYED, purge=True)
    assert keys(plan) == PURGES
    assert plan.changes[1].releases == ("deleted-application", RECYCLED, "application")
    assert keys(removed(observed(bin_view=view), DESTROYED)) == []


def test_purging_without_an_id_is_refused_where_nobody_may_look() -> None:
    recorded, nothing = record("deleted-application"), observed(bin_view="nothing")
    assert STEP.remove(observed(bin_view="owned"), DESIRED, recorded, {}, Removal(purge=True)).changes == ()
    (purge,) = STEP.remove(nothing, DESIRED, recorded, {}, Removal(purge=True)).changes
    assert isinstance(purge, PurgeApplication)
    assert purge.object_id == ""
    assert purge.az().startswith("for id in $(az rest ")
    assert f'--method DELETE --url "{BIN}/$id"' in purge.az()
    assert keys(removed(nothing, record("adopted"), purge=True)) == []


@pytest.mark.parametrize("audience", [MULTIPLE, PERSONAL])
def test_the_service_principal_of_a_multi_tenant_application_needs_an_administrator(audience: str) -> None:
    create = planned(observed(), replace(DESIRED, audience=audience)).changes[1]
    assert create.rights == (Right(CREATE_PRINCIPAL, DIRECTORY),)

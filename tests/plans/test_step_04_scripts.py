"""The commands of a script that come right after the application is created: the directory may not know it yet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.change import AnyChange
from engine.script import posix
from steps.step_04_app_registration.federation import plan_federated
from steps.step_04_app_registration.observed import FederatedCredential, Registration
from steps.step_04_app_registration.owners import plan_owners
from tests.plans.app_registration_facts import ADOPTED, URLS, planned
from tests.plans.applications import CLIENT, DESIRED, OURS, observed
from tests.plans.facts import ADA, BOB, TARGET, keys, record

MAIN = FederatedCredential("main", "https://issuer.example", "repo:main", ("api://x",))
EVERYTHING = record("application", "adopted", "service-principal", URLS, "permission")


def is_repeated(change: AnyChange) -> bool:
    """Whether a script repeats the last command until the directory has replicated."""
    return posix(change.commands(), is_script=True)[-1].startswith("patiently ")


def test_a_service_principal_is_created_once_the_application_is_known_everywhere() -> None:
    assert is_repeated(planned(observed()).changes[1])
    (missing,) = planned(observed(replace(OURS, principal=None))).changes
    assert is_repeated(missing)


def test_the_creator_of_an_application_is_made_its_owner_once_it_is_known_everywhere() -> None:
    assert is_repeated(planned(observed(), replace(DESIRED, signed_in=ADA.object_id)).changes[0])


def test_an_owner_of_an_application_that_exists_is_added_at_once() -> None:
    (new,) = plan_owners((), (), (BOB,), target=TARGET).changes
    (known,) = plan_owners((), (), (BOB,), client_id=CLIENT).changes
    assert (is_repeated(new), is_repeated(known)) == (True, False)


def test_a_federated_credential_of_an_application_that_exists_is_written_at_once() -> None:
    (new,) = plan_federated((), (), (MAIN,), is_adopted=False, target=TARGET).changes
    (known,) = plan_federated((), (), (MAIN,), is_adopted=False, client_id=CLIENT).changes
    assert (is_repeated(new), is_repeated(known)) == (True, False)


@pytest.mark.parametrize("found", [OURS, ADOPTED])
def test_an_application_that_exists_is_named_by_its_client_id(found: Registration) -> None:
    """An adopted application has no `uniqueName` by which it could be looked up."""
    plan = planned(observed(found), replace(DESIRED, owners=(BOB,), federated=(MAIN,)), EVERYTHING)
    assert keys(plan) == [f"add-owner:{BOB.object_id}", "write-federated:main"]
    assert [f"--id {CLIENT} " in change.az() for change in plan.changes] == [True, True]

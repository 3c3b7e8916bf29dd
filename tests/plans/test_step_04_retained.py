"""What `destroy` tells of that is recorded as ours, and whose mark is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.record import Record
from steps.shared.applications import ServicePrincipal
from steps.step_04_app_registration.observed import Registration
from tests.plans.app_registration_facts import ADOPTED, PRINCIPAL_ID, removed
from tests.plans.applications import AS_DESIRED, CLIENT, FOREIGN, NAME, OURS, observed
from tests.plans.facts import record

UNMARKED = replace(OURS, settings=replace(AS_DESIRED, tags=()))
RECORDED_PRINCIPAL = record("adopted", "service-principal")


@pytest.mark.parametrize(
    ("found", "recorded", "name"),
    [(UNMARKED, record("application"), NAME), (FOREIGN, record("adopted"), FOREIGN.settings.name)],
)
def test_an_application_that_is_kept_as_its_tag_is_gone(found: Registration, recorded: Record, name: str) -> None:
    plan = removed(observed(found), recorded)
    (told,) = plan.retained
    assert plan.changes == ()
    assert (name in told, CLIENT in told) == (True, True)


@pytest.mark.parametrize("found", [UNMARKED, OURS, FOREIGN, ADOPTED])
def test_an_application_that_was_never_ours_is_kept_without_a_word(found: Registration) -> None:
    plan = removed(observed(found), record())
    assert (plan.changes, plan.retained) == ((), ())


def test_a_service_principal_of_an_adopted_application_that_is_kept_as_its_tag_is_gone() -> None:
    plan = removed(observed(replace(ADOPTED, principal=ServicePrincipal(PRINCIPAL_ID))), RECORDED_PRINCIPAL)
    (told,) = plan.retained
    assert ADOPTED.settings.name in told


def test_a_service_principal_that_does_not_exist_any_more_is_not_kept() -> None:
    assert removed(observed(replace(ADOPTED, principal=None)), RECORDED_PRINCIPAL).retained == ()

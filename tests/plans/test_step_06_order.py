"""Roles on destinations: every endpoint is looked at, and former assignments alone are something to remove."""

from __future__ import annotations

import pytest

from engine.refusal import Refusal
from steps.shared.role_assignments import Assignment
from steps.step_06_destination_roles.step import DestinationRoles
from tests.plans.destination_facts import KEYED, TO_HUB, desired
from tests.plans.test_step_06_destination_roles import HUB_ID, HUB_ITEM, observed, plan, remove


def test_an_identity_is_missed_also_behind_an_endpoint_without_one() -> None:
    with pytest.raises(Refusal):
        plan(DestinationRoles({}, {}, ()), desired(KEYED, TO_HUB))


def test_former_assignments_alone_are_removed() -> None:
    plan = remove(observed(Assignment(HUB_ID, True)), desired(TO_HUB), HUB_ITEM)
    assert (len(plan.changes), plan.skipped) == (1, False)

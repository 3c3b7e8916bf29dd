"""Where a deployment is: what names it, and the names proposed for it."""

from __future__ import annotations

import hashlib

import pytest

from steps.shared import target
from steps.shared import target as rules


def test_a_deployment_is_told_from_others_by_its_subscription_tenant_and_cloud() -> None:
    assert [row.name for row in target.INPUTS if row.identifies] == ["subscription", "tenant", "cloud", "arm_endpoint"]


def test_subscription_and_tenant_are_also_read_from_azures_own_variables() -> None:
    also = {row.name: row.also for row in target.INPUTS}
    assert also["subscription"] == ("AZURE_SUBSCRIPTION_ID",)
    assert also["tenant"] == ("AZURE_TENANT_ID",)


def test_the_proposed_names_are_those_of_earlier_runs() -> None:
    """They never change: a run without a state file finds by them what an earlier one created."""
    digits = hashlib.sha256(b"tenant/subscription").hexdigest()[:8]
    assert target.default_group("Tenant", "Subscription") == f"digital-twins-{digits}"
    assert target.default_instance("tenant", "SUBSCRIPTION") == f"adt-{digits}"


def test_how_slow_az_is_on_one_machine_is_not_remembered_for_others() -> None:
    assert [row.name for row in target.INPUTS if not row.kept] == ["az_timeout"]


@pytest.mark.parametrize(("value", "fine"), [("1", True), ("600", True), ("0", False), ("601", False), ("1.5", False)])
def test_seconds_are_whole_and_bounded(value: str, fine: bool) -> None:
    assert (rules.seconds_problem(value) is None) == fine

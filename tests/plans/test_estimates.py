"""How long writes take, for the estimate of a plan: within what was recorded of Azure where something was."""

from __future__ import annotations

import pytest

from engine.change import AnyChange
from steps.step_01_resource_group.changes import DeleteGroup
from steps.step_01_resource_group.observed import Group
from steps.step_02_instance.changes import CreateInstance, DeleteInstance, RegisterProvider
from steps.step_02_instance.settings import SettingsChange
from steps.step_05_consent_hints.changes import CreateApiPrincipal
from steps.step_07_endpoints.changes import SetEndpoint
from steps.step_11_private_endpoint.changes import ZONE, CreateZone, DeleteResource
from tests.plans.facts import TARGET
from tests.plans.instance_facts import MARKED
from tests.plans.routing_facts import HUB

GROUP = DeleteGroup(target=TARGET, group=Group("g", "westus2"), leaving=frozenset(), recorded=())


@pytest.mark.parametrize(
    ("change", "least", "most"),
    [
        (GROUP, 60, 185),
        (RegisterProvider(target=TARGET), 5, 300),
        (CreateInstance(target=TARGET, location="westus2", settings=SettingsChange()), 9, 99),
        (DeleteInstance(target=TARGET, instance=MARKED, recorded=()), 39, 39),
        (SetEndpoint(instance_id=TARGET.instance_id, endpoint=HUB), 4.4, 6.4),
        (CreateApiPrincipal(target=TARGET), 1, 5),
        (CreateZone(target=TARGET, id="zone"), 1, 60),
        (DeleteResource(kind=ZONE, id="zone"), 1, 60),
    ],
    ids=lambda value: getattr(value, "key", str(value)),
)
def test_what_takes_long_is_estimated_by_what_was_recorded(change: AnyChange, least: float, most: float) -> None:
    assert least <= change.seconds <= most

"""Instances, and what step 2 plans for them."""

from __future__ import annotations

from dataclasses import replace

from steps.shared.instance import INSTANCE, Instance
from steps.shared.tags import mark_tags
from steps.step_02_instance.inputs import DesiredInstance
from steps.step_02_instance.observed import ObservedInstance, Provider, UserIdentity
from tests.plans.facts import TARGET, record

ITEM, OURS = INSTANCE.item(), mark_tags(TARGET.instance_id)
RECORDED = record(ITEM)
DESIRED = DesiredInstance(target=TARGET)
FOREIGN = Instance(
    "Succeeded", "westus2", "Factory", TARGET.instance_id, "factory.example", access="Enabled", tags={"owner": "them"}
)
MARKED = replace(FOREIGN, tags=OURS)
READY = Provider("Registered", ("westeurope", "westus2"))
ONE = f"{TARGET.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/One"
TWO = ONE[:-3] + "Two"
WRITE = "Microsoft.DigitalTwins/digitalTwinsInstances/write"
FREE = ObservedInstance(provider=READY)


def identity(identifier: str = ONE, *, marked: bool = True, principal: str = "p1") -> dict[str, UserIdentity]:
    return {identifier.lower(): UserIdentity(identifier, principal, OURS if marked else {})}

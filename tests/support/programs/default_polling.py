"""Creates an instance and deletes its group, polling as the SDKs do by default; prints how many seconds each took."""

from __future__ import annotations

import json
import sys
from time import monotonic

from azure.identity import DefaultAzureCredential
from azure.mgmt.digitaltwins import AzureDigitalTwinsManagementClient
from azure.mgmt.digitaltwins.models import DigitalTwinsDescription
from azure.mgmt.resource.resources import ResourceManagementClient

from emulator import seed


def main(group: str, name: str) -> None:
    credential, subscription = DefaultAzureCredential(), seed.REGISTERED_SUBSCRIPTION
    resources = ResourceManagementClient(credential, subscription)
    twins = AzureDigitalTwinsManagementClient(credential, subscription)
    resources.resource_groups.create_or_update(group, {"location": "westus2"})
    begun = monotonic()
    made = twins.digital_twins.begin_create_or_update(group, name, DigitalTwinsDescription(location="westus2")).result()
    assert made.host_name, made.provisioning_state
    instance = monotonic() - begun
    begun = monotonic()
    resources.resource_groups.begin_delete(group).result()
    print(json.dumps({"instance": instance, "group": monotonic() - begun}))


if __name__ == "__main__":
    main(*sys.argv[1:])

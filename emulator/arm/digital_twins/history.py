"""Data history connections of an instance to Azure Data Explorer.

Their databases and event hubs are not emulated: a connection works while the instance has the
identity. One that is being created can be deleted, as the live tests of the azure-iot extension of az do.
"""

from __future__ import annotations

from emulator.arm.core.shape import ANY, Shape
from emulator.arm.digital_twins import children
from emulator.arm.digital_twins.child_operations import Collection, refused, serve
from emulator.arm.digital_twins.endpoints import IDENTITY, reference
from emulator.messages import Json
from emulator.world import World

_REQUIRED = (
    "adxDatabaseName",
    "adxEndpointUri",
    "adxResourceId",
    "eventHubEndpointUri",
    "eventHubEntityPath",
    "eventHubNamespaceResourceId",
)
_OPTIONAL = (
    "adxRelationshipLifecycleEventsTableName",
    "adxTableName",
    "adxTwinLifecycleEventsTableName",
    "eventHubConsumerGroup",
)
_SHAPE = Shape(
    "TimeSeriesDatabaseConnection",
    {
        **dict.fromkeys(("id", "name", "type", "systemData"), ANY),
        "properties": Shape(
            "AzureDataExplorerConnectionProperties",
            {
                **dict.fromkeys((*_REQUIRED, *_OPTIONAL), str),
                "recordPropertyAndItemRemovals": ANY,
                "provisioningState": ANY,
                "connectionType": ("AzureDataExplorer",),
                "identity": IDENTITY,
            },
            required=("connectionType", *_REQUIRED),
        ),
    },
    required=("properties",),
)


def _make(_: World, instance: Json, found: Json | None, asked: Json) -> tuple[Json, str | None]:  # noqa: ARG001
    if not asked["eventHubEndpointUri"].startswith("sb://"):
        raise refused("The 'eventHubEndpointUri' must include the protocol 'sb://'.")
    removals = str(asked.get("recordPropertyAndItemRemovals") or "false").lower() == "true"
    return {
        "connectionType": asked["connectionType"],
        "identity": reference(instance, asked.get("identity") or {"type": "SystemAssigned"}),
        **{name: asked.get(name) for name in (*_REQUIRED, *_OPTIONAL)},
        "eventHubConsumerGroup": asked.get("eventHubConsumerGroup") or "$Default",
        "adxTableName": asked.get("adxTableName") or "AdtPropertyEvents",
        "recordPropertyAndItemRemovals": removals,
    }, None


serve(Collection(children.CONNECTIONS, "timeSeriesDatabaseConnection", _SHAPE, _make, deletes_when_idle=False))

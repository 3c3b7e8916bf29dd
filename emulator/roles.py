"""The built-in roles that clients of the emulator use, with their published actions, and a custom role."""

from __future__ import annotations

from dataclasses import dataclass

from emulator import seed

USER_ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
RBAC_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
DATA_OWNER = "bcd981a7-7f74-457b-83e1-cceb9e632ffe"
DATA_READER = "d57506d4-4c8d-48b1-8587-93c323f6a5a3"
EVENT_HUBS_SENDER = "2b629674-e913-4c01-ae53-ef4638d8f975"
SERVICE_BUS_SENDER = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"


@dataclass(frozen=True)
class Role:
    """A role with its actions and the actions that it excludes."""

    id: str
    name: str
    description: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    assignable_scopes: tuple[str, ...] = ("/",)

    @property
    def kind(self) -> str:
        """The type of the role: built-in roles can be assigned everywhere, custom ones never at the root."""
        return "BuiltInRole" if self.assignable_scopes == ("/",) else "CustomRole"

    def permission(self) -> dict[str, list[str]]:
        """Return the role's permission in the shape of Microsoft.Authorization."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": list(self.data_actions),
            "notDataActions": list(self.not_data_actions),
        }


_BLOBS = "Microsoft.Storage/storageAccounts/blobServices"

# Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
BUILT_IN = {
    role.id: role
    for role in (
        Role(
            seed.OWNER,
            "Owner",
            "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
            actions=("*",),
        ),
        Role(
            seed.CONTRIBUTOR,
            "Contributor",
            "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC, manage "
            "assignments in Azure Blueprints, or share image galleries.",
            actions=("*",),
            not_actions=(
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write",
                "Microsoft.Blueprint/blueprintAssignments/delete",
                "Microsoft.Compute/galleries/share/action",
                "Microsoft.Purview/consents/write",
                "Microsoft.Purview/consents/delete",
                "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
                "Microsoft.Subscription/cancel/action",
                "Microsoft.Subscription/enable/action",
            ),
        ),
        Role(
            seed.READER,
            "Reader",
            "View all resources, but does not allow you to make any changes.",
            actions=("*/read",),
        ),
        Role(
            USER_ACCESS_ADMINISTRATOR,
            "User Access Administrator",
            "Lets you manage user access to Azure resources.",
            actions=("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"),
        ),
        Role(
            RBAC_ADMINISTRATOR,
            "Role Based Access Control Administrator",
            "Manage access to Azure resources by assigning roles using Azure RBAC. This role does not allow you to "
            "manage "
            "access using other ways, such as Azure Policy.",
            actions=(
                "Microsoft.Authorization/roleAssignments/write",
                "Microsoft.Authorization/roleAssignments/delete",
                "*/read",
                "Microsoft.Support/*",
            ),
        ),
        Role(
            DATA_OWNER,
            "Azure Digital Twins Data Owner",
            "Full access role for Digital Twins data-plane",
            data_actions=(
                "Microsoft.DigitalTwins/digitaltwins/*",
                "Microsoft.DigitalTwins/digitaltwins/commands/*",
                "Microsoft.DigitalTwins/digitaltwins/relationships/*",
                "Microsoft.DigitalTwins/eventroutes/*",
                "Microsoft.DigitalTwins/jobs/*",
                "Microsoft.DigitalTwins/models/*",
                "Microsoft.DigitalTwins/query/*",
            ),
        ),
        Role(
            DATA_READER,
            "Azure Digital Twins Data Reader",
            "Read-only role for Digital Twins data-plane properties",
            data_actions=(
                "Microsoft.DigitalTwins/digitaltwins/read",
                "Microsoft.DigitalTwins/digitaltwins/relationships/read",
                "Microsoft.DigitalTwins/eventroutes/read",
                "Microsoft.DigitalTwins/jobs/import/read",
                "Microsoft.DigitalTwins/jobs/imports/read",
                "Microsoft.DigitalTwins/jobs/deletions/read",
                "Microsoft.DigitalTwins/models/read",
                "Microsoft.DigitalTwins/query/action",
            ),
        ),
        Role(
            EVENT_HUBS_SENDER,
            "Azure Event Hubs Data Sender",
            "Allows send access to Azure Event Hubs resources.",
            actions=("Microsoft.EventHub/*/eventhubs/read",),
            data_actions=("Microsoft.EventHub/*/send/action",),
        ),
        Role(
            "f526a384-b230-433a-b45c-95f59c4a2dec",
            "Azure Event Hubs Data Owner",
            "Allows for full access to Azure Event Hubs resources.",
            actions=("Microsoft.EventHub/*",),
            data_actions=("Microsoft.EventHub/*",),
        ),
        Role(
            SERVICE_BUS_SENDER,
            "Azure Service Bus Data Sender",
            "Allows for send access to Azure Service Bus resources.",
            actions=(
                "Microsoft.ServiceBus/*/queues/read",
                "Microsoft.ServiceBus/*/topics/read",
                "Microsoft.ServiceBus/*/topics/subscriptions/read",
            ),
            data_actions=("Microsoft.ServiceBus/*/send/action",),
        ),
        Role(
            BLOB_CONTRIBUTOR,
            "Storage Blob Data Contributor",
            "Allows for read, write and delete access to Azure Storage blob containers and data",
            actions=(
                f"{_BLOBS}/containers/delete",
                f"{_BLOBS}/containers/read",
                f"{_BLOBS}/containers/write",
                f"{_BLOBS}/generateUserDelegationKey/action",
            ),
            data_actions=(
                f"{_BLOBS}/containers/blobs/delete",
                f"{_BLOBS}/containers/blobs/read",
                f"{_BLOBS}/containers/blobs/write",
                f"{_BLOBS}/containers/blobs/move/action",
                f"{_BLOBS}/containers/blobs/add/action",
            ),
        ),
        Role(
            NETWORK_CONTRIBUTOR,
            "Network Contributor",
            "Lets you manage networks, but not access to them.",
            actions=(
                "Microsoft.Authorization/*/read",
                "Microsoft.Insights/alertRules/*",
                "Microsoft.Network/*",
                "Microsoft.ResourceHealth/availabilityStatuses/read",
                "Microsoft.Resources/deployments/*",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
                "Microsoft.Support/*",
            ),
        ),
    )
}

_CUSTOM = Role(
    seed.CUSTOM_ROLE,
    "Contoso Event Sender",
    "Sends to the event hubs and topics that the company shares.",
    data_actions=("Microsoft.EventHub/*/send/action", "Microsoft.ServiceBus/*/send/action"),
    assignable_scopes=(f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/resourceGroups/{seed.OTHER_GROUP[0]}",),
)

_CUSTOM_TWINS = Role(
    seed.CUSTOM_TWINS_ROLE,
    "Contoso Twins without Models",
    "Everything in instances but their models.",
    data_actions=("Microsoft.DigitalTwins/*",),
    not_data_actions=("Microsoft.DigitalTwins/models/*",),
    assignable_scopes=(f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}",),
)

ROLES = {**BUILT_IN, **{role.id: role for role in (_CUSTOM, _CUSTOM_TWINS)}}

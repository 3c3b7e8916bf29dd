"""The content of a new world. Ids are the same in every world; secrets are generated for each."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from emulator.messages import Json
from emulator.store import Store

TENANT = "7a1f0c52-3b7e-4d09-9d0f-5e6b2a9c1d10"
TENANT_NAME = "Contoso"
TENANT_DOMAIN = "contoso.onmicrosoft.com"
HOME_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of personal Microsoft accounts, as Microsoft publishes it."""

REGISTERED_SUBSCRIPTION = "1c0ffee0-0000-4000-8000-000000000001"
UNREGISTERED_SUBSCRIPTION = "1c0ffee0-0000-4000-8000-000000000002"
SUBSCRIPTIONS = {REGISTERED_SUBSCRIPTION: "Contoso Production", UNREGISTERED_SUBSCRIPTION: "Contoso Sandbox"}

DIGITAL_TWINS_APP = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
DIGITAL_TWINS_SCOPE = "4589bd03-58cb-4e6c-b17f-b580e39652f8"
GRAPH_APP = "00000003-0000-0000-c000-000000000000"
TWINS_GROUP = "a9000000-0000-4000-8000-000000000001"
TWINS_GROUP_NAME = "Twin Engineers"
"""A security group, as roles are assigned to in teams."""
AZURE_CLI_APP = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
"""The client of tokens that users get, at the Cloud Shell endpoint or with a password."""

TAKEN_INSTANCE = ("westus2", "contoso-twins")
"""Region and name of another customer's instance."""
HAND_MADE_APP_NAME = "Azure Digital Twins"
OTHER_GROUP = ("shared-services", "northeurope")
"""Name and region of a group that exists from the start."""

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CUSTOM_ROLE = "c0570000-0000-4000-8000-000000000001"
CUSTOM_TWINS_ROLE = "c0570000-0000-4000-8000-000000000002"


@dataclass(frozen=True)
class User:
    """A user who can sign in. `directory` is their role in Entra ID."""

    name: str
    object_id: str
    display_name: str
    principal_name: str
    mail: str
    role: str
    directory: str
    """`administrator` (may consent for the tenant), `member` (may register applications), `guest` (may not)."""
    home_tenant: str = TENANT
    eligible: str = ""
    """A role that they could activate in both subscriptions."""


USERS = {
    user.name: user
    for user in (
        User(
            "owner", "a0000000-0000-4000-8000-000000000001", "Olivia Owner",
            f"olivia@{TENANT_DOMAIN}", "olivia@contoso.com", OWNER, "administrator",
        ),
        User(
            "contributor", "a0000000-0000-4000-8000-000000000002", "Carlos Contributor",
            f"carlos@{TENANT_DOMAIN}", "carlos@contoso.com", CONTRIBUTOR, "member",
        ),
        User(
            "reader", "a0000000-0000-4000-8000-000000000003", "Rita Reader",
            f"rita@{TENANT_DOMAIN}", "rita@contoso.com", READER, "member",
        ),
        User(
            "guest", "a0000000-0000-4000-8000-000000000004", "Gustav Guest",
            f"gustav_fabrikam.com#EXT#@{TENANT_DOMAIN}", "gustav@fabrikam.com", OWNER, "guest",
            home_tenant="f0000000-0000-4000-8000-00000000000f",
        ),
        User(
            "msa", "a0000000-0000-4000-8000-000000000005", "Mona Personal",
            f"mona_outlook.com#EXT#@{TENANT_DOMAIN}", "mona@outlook.com", OWNER, "administrator",
            home_tenant=HOME_TENANT,
        ),
        User(
            "eligible", "a0000000-0000-4000-8000-000000000006", "Ellis Eligible",
            f"ellis@{TENANT_DOMAIN}", "ellis@contoso.com", READER, "member", eligible=OWNER,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Automation:
    """A service principal with a client secret, as a pipeline would use."""

    name: str
    app_id: str
    application_object_id: str
    object_id: str
    """Of the service principal: what role assignments and the `oid` claim name."""
    role: str
    graph_roles: tuple[str, ...]


AUTOMATIONS = {
    automation.name: automation
    for automation in (
        Automation(
            "owner-sp",
            "b0000000-0000-4000-8000-000000000001",
            "b1000000-0000-4000-8000-000000000001",
            "b2000000-0000-4000-8000-000000000001",
            OWNER,
            ("Application.ReadWrite.All", "Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All"),
        ),
        Automation(
            "contributor-sp",
            "b0000000-0000-4000-8000-000000000002",
            "b1000000-0000-4000-8000-000000000002",
            "b2000000-0000-4000-8000-000000000002",
            CONTRIBUTOR,
            (),
        ),
    )
}
SEEDED_AT = "2024-01-15T09:00:00Z"


def seed(store: Store) -> None:
    """Fill an empty world; leave a filled world alone."""
    if store.get("world", "seeded"):
        return
    for subscription, name in SUBSCRIPTIONS.items():
        store.put("subscription", subscription, subscription_body(subscription, name))
        state = "Registered" if subscription == REGISTERED_SUBSCRIPTION else "NotRegistered"
        store.put("provider", f"{subscription}/Microsoft.DigitalTwins", {"registrationState": state})
        assign_all(store, subscription)
    for user in USERS.values():
        store.put("user", user.object_id, _user(user))
        store.put(
            "password", user.principal_name, {"objectId": user.object_id, "password": f"A{secrets.token_urlsafe(18)}"}
        )
    for automation in AUTOMATIONS.values():
        _automation(store, automation)
    store.put("group", TWINS_GROUP, _group())
    _obstacles(store)
    store.put("world", "seeded", {"version": 1})


def automation_secret(store: Store, name: str) -> str:
    """Return the client secret of an `Automation` in this world."""
    record = store.get("automationSecret", AUTOMATIONS[name].app_id)
    assert record is not None, f"{name} is seeded with a secret"  # noqa: S101 - an invariant of seed()
    return str(record["secret"])


def subscription_body(subscription: str, name: str) -> Json:
    """Return a subscription as Resource Manager has it."""
    return {
        "id": f"/subscriptions/{subscription}",
        "subscriptionId": subscription,
        "tenantId": TENANT,
        "displayName": name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
        "authorizationSource": "RoleBased",
    }


def assign_all(store: Store, subscription: str) -> None:
    """Give everybody who can sign in their role in the subscription."""
    people: list[User | Automation] = [*USERS.values(), *AUTOMATIONS.values()]
    for one in people:
        kind = "User" if isinstance(one, User) else "ServicePrincipal"
        assign(store, subscription, one.object_id, kind, one.role)


def assign(store: Store, subscription: str, principal: str, kind: str, role: str) -> None:
    """Give a principal of this kind a role in the subscription."""
    scope = f"/subscriptions/{subscription}"
    of_two = f"c{subscription[-1]}{principal[:2]}{principal[4:]}"
    name = of_two if subscription in SUBSCRIPTIONS else f"{subscription[-4:]}{principal[:2]}{principal[6:]}"
    identifier = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    body = {
        "id": identifier,
        "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "scope": scope,
            "roleDefinitionId": f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "principalId": principal,
            "principalType": kind,
            "createdOn": SEEDED_AT,
            "updatedOn": SEEDED_AT,
            "createdBy": USERS["owner"].object_id,
            "updatedBy": USERS["owner"].object_id,
        },
    }
    store.put("roleAssignment", identifier, body)


def _user(user: User) -> Json:
    given, _, family = user.display_name.partition(" ")
    return {
        "id": user.object_id,
        "displayName": user.display_name,
        "givenName": given,
        "surname": family,
        "mail": user.mail,
        "userPrincipalName": user.principal_name,
        "userType": "Guest" if user.directory == "guest" else "Member",
        "otherMails": [user.mail] if user.home_tenant != TENANT else [],
        "accountEnabled": True,
    }


def _group() -> Json:
    return {
        "id": TWINS_GROUP,
        "createdDateTime": SEEDED_AT,
        "displayName": TWINS_GROUP_NAME,
        "mailNickname": "twin-engineers",
        "securityEnabled": True,
    }


def _automation(store: Store, automation: Automation) -> None:
    secret = f"A{secrets.token_urlsafe(30)}"
    credential = {
        "keyId": f"d{automation.application_object_id[1:]}",
        "displayName": "pipeline",
        "hint": secret[:3],
        "startDateTime": SEEDED_AT,
        "endDateTime": "2099-12-31T00:00:00Z",
    }
    store.put("application", automation.application_object_id, application(automation, credential))
    store.put("servicePrincipal", automation.object_id, service_principal(automation))
    store.put("automationSecret", automation.app_id, {"secret": secret})
    store.put("clientSecret", f"{automation.app_id}/{credential['keyId']}", {"secret": secret})


def application(automation: Automation, credential: Json) -> Json:
    """Return the registration of `automation`."""
    return {
        "id": automation.application_object_id,
        "appId": automation.app_id,
        "displayName": automation.name,
        "signInAudience": "AzureADMyOrg",
        "createdDateTime": SEEDED_AT,
        "passwordCredentials": [credential],
    }


def service_principal(automation: Automation) -> Json:
    """Return the service principal of `automation`."""
    return {
        "id": automation.object_id,
        "appId": automation.app_id,
        "displayName": automation.name,
        "servicePrincipalType": "Application",
        "accountEnabled": True,
        "appOwnerOrganizationId": TENANT,
    }


def _obstacles(store: Store) -> None:
    region, name = TAKEN_INSTANCE
    store.put("foreignInstance", f"{region}/{name}", {"name": name})
    group, location = OTHER_GROUP
    identifier = f"/subscriptions/{REGISTERED_SUBSCRIPTION}/resourceGroups/{group}"
    store.put(
        "resourceGroup",
        identifier,
        {
            "id": identifier,
            "name": group,
            "type": "Microsoft.Resources/resourceGroups",
            "location": location,
            "tags": {},
            "properties": {"provisioningState": "Succeeded"},
        },
    )
    store.put(
        "application",
        "e0000000-0000-4000-8000-000000000001",
        {
            "id": "e0000000-0000-4000-8000-000000000001",
            "appId": "e1000000-0000-4000-8000-000000000001",
            "displayName": HAND_MADE_APP_NAME,
            "signInAudience": "AzureADMyOrg",
            "createdDateTime": SEEDED_AT,
            "publicClient": {"redirectUris": ["http://localhost"]},
            "passwordCredentials": [],
        },
    )

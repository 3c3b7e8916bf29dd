"""What to add to Azure's own words, by its error code. The codes, with their sources: docs/azure-errors.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from cloud.answers import Answer
from cloud.sign_in_advice import az_login, scope_of
from engine.refusal import Refusal

LASTING = (
    "Azure will refuse this until what it names above has changed: correct that, or ask who is responsible for it."
)
"""What helps where a code is unknown and the status says that the request was at fault."""
PASSING = (408, 423, 425, 429)
"""Statuses below 500 after which a repeat may help."""
PASSING_CODES = frozenset(
    (
        "AnotherOperationInProgress",
        "Conflict",
        "Directory_ConcurrencyViolation",
        "PrincipalNotFound",
        "ResourceGroupBeingDeleted",
        "RetryableError",
        "TooManyRequests",
    )
)
"""Codes, of 409 mostly, that name a state which passes."""

Advise = Callable[[Refusal, Answer], None]


_NEW_ASSIGNMENT = re.compile(r"/providers/Microsoft\.Authorization/roleAssignments/[0-9a-f-]{36}$", re.IGNORECASE)
"""What Azure puts behind the scope that a role was to be assigned at: a name of our own making."""


def _needs_rights(refusal: Refusal, answer: Answer) -> None:
    """Name permission, scope and who, where the text says no more than that; else keep Azure's words."""
    refusal.exit_code = 3
    refusal.next = "Ask an owner to do this, or to give you a role that may."
    # Source: microsoft/AzureTRE#4278; "Examples to delegate Azure role assignment management with conditions".
    if re.search(r"(?i)\bABAC\b|\bcondition", answer.message):
        refusal.next = (
            "Your right to do this is limited by a condition. Ask whoever gave it to you to allow, for role "
            "assignments, the role and the type of principal that this step names (a user, a service principal or a "
            "group), or to make this assignment."
        )
        return
    found = re.search(
        r"object id '([^']+)' does not have authorization to perform action '([^']+)' over scope '([^']+)'",
        answer.message,
    )
    if found:
        who, action, scope = found.groups()
        scope = _NEW_ASSIGNMENT.sub("", scope)
        refusal.why = f"AuthorizationFailed: the permission {action} is missing on {scope} for object id {who}."
    if "refresh your credentials" in answer.message:
        login = az_login(answer.presented.tenant, afresh=True)
        refusal.next += " If the role was given or activated minutes ago, wait some minutes" + (
            "." if answer.presented.is_app else f", or refresh the sign-in: {login}"
        )


def _needs_directory_rights(refusal: Refusal, _answer: Answer) -> None:
    refusal.exit_code = 3
    refusal.next = (
        "An administrator who may register applications (Application Developer or Application Administrator in Entra "
        "ID) can do this; or skip the app registration with --no-app."
    )


def _policy(refusal: Refusal, answer: Answer) -> None:
    names = [str(name) for detail in answer.details for name in _policy_names(detail)]
    if names:
        refusal.why = f"The policy {', '.join(dict.fromkeys(names))} forbids it. {refusal.why}"
    refusal.next = "Choose values that the policy allows, or ask its owner for an exemption."


def _policy_names(detail: Mapping[str, Any]) -> list[str]:
    info = detail.get("info") or {}
    found = [info.get("policyDefinitionDisplayName") or info.get("policyAssignmentName")] if info else []
    nested = [name for inner in detail.get("additionalInfo", ()) for name in _policy_names(inner)]
    return [name for name in [*found, *nested] if name]


def _tenant(refusal: Refusal, answer: Answer) -> None:
    found = re.search(r"must match the tenant 'https?://[^/']+/([^/']+)/?'", answer.message)
    refusal.what = "The sign-in is for another tenant than the subscription's."
    refusal.next = f"Sign in to the subscription's tenant: {az_login(found[1] if found else 'TENANT_ID')}"


def sign_in_again(refusal: Refusal, answer: Answer) -> None:
    """Say how to sign in anew, by whose token was refused."""
    refusal.what = f"{refusal.what} The sign-in was not accepted."
    if answer.presented.is_app:
        refusal.next = (
            "Check the service principal or managed identity: it may be disabled or deleted, or of another tenant."
        )
        return
    scope = scope_of(answer.presented) if answer.presented.audience else ""
    refusal.next = f"Sign in again: {az_login(answer.presented.tenant, scope, afresh=True)}"


def _audience(refusal: Refusal, _answer: Answer) -> None:
    refusal.what = f"{refusal.what} This Cloud Shell issues no token for it."
    refusal.next = f"Run {az_login()}."


def _says(next_step: str, exit_code: int = 1) -> Advise:
    """Return what sets the next step, and the exit code."""

    def advise(refusal: Refusal, _answer: Answer) -> None:
        refusal.next, refusal.exit_code = next_step, exit_code

    return advise


_OTHER_REGION = _says("Choose another region with --location: one that the subscription may deploy to.", 2)
_CORRECT = _says("Correct the input that Azure names.", 2)
_VISIBLE = _says(
    "az account list --output table shows the subscriptions of this sign-in. Is it signed in to the right tenant?", 2
)
_DISABLED = _says("Enable the subscription in the portal (Subscriptions), or choose another with --subscription.")
_LOCK = _says("Have the lock removed (az lock list shows it), or choose another resource group.")
_LIMIT = _says(
    "The limit that Azure names is reached: delete what is no longer needed, ask for a higher limit in the portal "
    "(Quotas), or choose another region or subscription."
)
_ABSENT = _says("What Azure names doesn't exist, or you may not see it: correct the name, or create it first.", 2)

_REGISTER = _says(
    "The subscription isn't registered for what Azure names. An owner can do that: "
    "az provider register --namespace NAMESPACE --wait"
)

KNOWN: Mapping[str, Advise] = {
    "AuthorizationFailed": _needs_rights,
    "LinkedAuthorizationFailed": _needs_rights,
    "Authorization_RequestDenied": _needs_directory_rights,
    "DenyAssignmentAuthorizationFailed": _says(
        "A deny assignment forbids it, also to owners: the group is managed by an application, a deployment stack or a "
        "blueprint. Choose another resource group with --resource-group, or ask whoever manages this one."
    ),
    "RequestDisallowedByPolicy": _policy,
    "RequestDisallowedByAzure": _OTHER_REGION,
    "ScopeLocked": _LOCK,
    "ReadOnlyDisabledSubscription": _DISABLED,
    "DisallowedOperation": _DISABLED,
    "AccountIsDisabled": _says("The account or what it needs is disabled: its owner or administrator can enable it."),
    "InvalidAuthenticationTokenTenant": _tenant,
    "SubscriptionNotFound": _VISIBLE,
    "InvalidSubscriptionId": _VISIBLE,
    "AudienceNotSupported": _audience,
    "CredentialInvalidLifetimeAsPerAppPolicy": _says(
        "The tenant's policy bounds the lifetime of client secrets: choose a shorter one with --secret-days.", 2
    ),
    "CredentialTypeNotAllowedAsPerAppPolicy": _says(
        "The tenant's policy forbids client secrets. Use --federated-credential with --secret none, or ask an "
        "administrator for an exemption.",
        2,
    ),
    "LocationNotAvailableForResourceType": _OTHER_REGION,
    "LocationNotAvailableForResourceGroup": _OTHER_REGION,
    "InvalidLocation": _OTHER_REGION,
    "InvalidResourceGroupLocation": _says(
        "The group exists in another region: name that with --location, or another group with --resource-group.", 2
    ),
    "InvalidResourceLocation": _says(
        "A resource of this name exists in another region: name that with --location, or choose another name.", 2
    ),
    "RoleAssignmentScopeNotAssignableToRoleDefinition": _CORRECT,
    "EventRouteFilterInvalid": _CORRECT,
    "InvalidResourceGroup": _CORRECT,
    "LocationRequired": _CORRECT,
    "RoleAssignmentLimitExceeded": _says(
        "The subscription has as many role assignments as it may (4,000): have some deleted, for example those of "
        "identities that no longer exist, or assign roles to groups instead; or choose another subscription."
    ),
    "Directory_QuotaExceeded": _says(
        "You have created as many objects in the directory as one may (250 without an administrator's role), and "
        "deleted ones count for 30 days: delete applications for good (destroy --purge, or the portal's Deleted "
        "applications), or have an administrator register it; or skip it with --no-app."
    ),
    "Directory_ResourceSizeExceeded": _says(
        "The application has as many values as one may have: remove reply URLs, secrets or tags that aren't needed."
    ),
    "QuotaExceeded": _LIMIT,
    "SubscriptionIsOverQuotaForSku": _LIMIT,
    "ResourceGroupQuotaExceeded": _LIMIT,
    "SkuNotAvailable": _OTHER_REGION,
    "MissingSubscriptionRegistration": _REGISTER,
    "SubscriptionNotRegistered": _REGISTER,
    "ParentResourceNotFound": _ABSENT,
    "ResourceGroupNotFound": _ABSENT,
    "ResourceNotFound": _ABSENT,
    "InvalidPrincipalId": _CORRECT,
    "UnmatchedPrincipalType": _CORRECT,
    # Azure/azure-cli#30717, microsoft-foundry/foundry-agent-webapp#3: on creation and on update.
    "ServiceTreeValueMissing": _says(
        "Name the service that the registration belongs to with --service-management-reference ID.", 2
    ),
}  # fmt: skip
"""What to add, by Azure's error code."""

"""The directory's objects as served: stored documents plus defaults."""

from __future__ import annotations

import copy
from typing import Any

from emulator import seed
from emulator.messages import Json

_NO_INFO = {
    "logoUrl": None,
    "marketingUrl": None,
    "privacyStatementUrl": None,
    "supportUrl": None,
    "termsOfServiceUrl": None,
}
_NO_PUBLISHER = {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None}

APPLICATION_DEFAULTS: Json = {
    "deletedDateTime": None,
    "applicationTemplateId": None,
    "disabledByMicrosoftStatus": None,
    "createdByAppId": None,
    "description": None,
    "groupMembershipClaims": None,
    "identifierUris": [],
    "isDeviceOnlyAuthSupported": None,
    "isDisabled": None,
    "isFallbackPublicClient": None,
    "nativeAuthenticationApisEnabled": None,
    "notes": None,
    "publisherDomain": seed.TENANT_DOMAIN,
    "serviceManagementReference": None,
    "signInAudience": "AzureADMyOrg",
    "tags": [],
    "tokenEncryptionKeyId": None,
    "uniqueName": None,
    "samlMetadataUrl": None,
    "defaultRedirectUri": None,
    "certification": None,
    "optionalClaims": None,
    "requestSignatureVerification": None,
    "addIns": [],
    "api": {
        "acceptMappedClaims": None,
        "knownClientApplications": [],
        "requestedAccessTokenVersion": None,
        "oauth2PermissionScopes": [],
        "preAuthorizedApplications": [],
    },
    "appRoles": [],
    "info": _NO_INFO,
    "keyCredentials": [],
    "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
    "passwordCredentials": [],
    "publicClient": {"redirectUris": []},
    "requiredResourceAccess": [],
    "servicePrincipalLockConfiguration": None,
    "spa": {"redirectUris": []},
    "verifiedPublisher": _NO_PUBLISHER,
    "web": {
        "homePageUrl": None,
        "logoutUrl": None,
        "redirectUris": [],
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        "redirectUriSettings": [],
    },
}

SERVICE_PRINCIPAL_DEFAULTS: Json = {
    "deletedDateTime": None,
    "accountEnabled": True,
    "alternativeNames": [],
    "appDescription": None,
    "applicationTemplateId": None,
    "appRoleAssignmentRequired": False,
    "createdByAppId": None,
    "description": None,
    "disabledByMicrosoftStatus": None,
    "homepage": None,
    "isDisabled": None,
    "loginUrl": None,
    "logoutUrl": None,
    "notes": None,
    "notificationEmailAddresses": [],
    "preferredSingleSignOnMode": None,
    "preferredTokenSigningKeyThumbprint": None,
    "replyUrls": [],
    "servicePrincipalType": "Application",
    "signInAudience": "AzureADMyOrg",
    "tags": [],
    "tokenEncryptionKeyId": None,
    "samlSingleSignOnSettings": None,
    "addIns": [],
    "appRoles": [],
    "info": _NO_INFO,
    "keyCredentials": [],
    "oauth2PermissionScopes": [],
    "passwordCredentials": [],
    "resourceSpecificApplicationPermissions": [],
    "verifiedPublisher": _NO_PUBLISHER,
}

_USER_DEFAULTS: Json = {
    "businessPhones": [],
    "jobTitle": None,
    "mobilePhone": None,
    "officeLocation": None,
    "preferredLanguage": None,
    "otherMails": [],
    "accountEnabled": True,
    "createdDateTime": seed.SEEDED_AT,
    "deletedDateTime": None,
    "proxyAddresses": [],
    "department": None,
    "companyName": None,
    "externalUserState": None,
}

_GROUP_DEFAULTS: Json = {
    "deletedDateTime": None,
    "description": None,
    "groupTypes": [],
    "isAssignableToRole": None,
    "mail": None,
    "mailEnabled": False,
    "membershipRule": None,
    "proxyAddresses": [],
    "securityEnabled": True,
    "visibility": None,
}

USER_BY_DEFAULT = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
"""The properties of a user without `$select`."""

_DEFAULTS: dict[str, Json] = {
    "application": APPLICATION_DEFAULTS,
    "deletedApplication": APPLICATION_DEFAULTS,
    "servicePrincipal": SERVICE_PRINCIPAL_DEFAULTS,
    "deletedServicePrincipal": SERVICE_PRINCIPAL_DEFAULTS,
    "user": _USER_DEFAULTS,
    "group": _GROUP_DEFAULTS,
}

TYPES = {
    "application": "application",
    "deletedApplication": "application",
    "servicePrincipal": "servicePrincipal",
    "deletedServicePrincipal": "servicePrincipal",
    "federatedIdentityCredential": "federatedIdentityCredential",
    "appRoleAssignment": "appRoleAssignment",
    "user": "user",
    "group": "group",
    "grant": "oAuth2PermissionGrant",
    "organization": "organization",
}
"""Graph's type of each kind of document."""


def served(kind: str, body: Json, *, keys: bool = False) -> Json:
    """Return a stored document as it is served: with defaults, without private fields, and keys only with `keys`."""
    public = {name: value for name, value in body.items() if not name.startswith("_")}
    if not keys and "keyCredentials" in public:
        public["keyCredentials"] = [{**part, "key": None} for part in public["keyCredentials"]]
    if kind in ("servicePrincipal", "deletedServicePrincipal"):
        public.setdefault("appDisplayName", public.get("displayName"))
        public.setdefault("servicePrincipalNames", [public["appId"]])
    return merged(_DEFAULTS.get(kind, {}), public)


def merged(before: Json, changes: Json) -> Json:
    """Return `before` with `changes` merged in as by PATCH: complex properties keep what a change does not name."""
    after = copy.deepcopy(before)
    for name, value in changes.items():
        old: Any = after.get(name)
        after[name] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return after


def with_defaults(defaults: Json, settings: Json) -> Json:
    """Return the settings of a request with defaults in place of null."""
    return {name: defaults.get(name) if value is None else value for name, value in settings.items()}

"""The properties of Graph's objects that requests may set or select."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ObjectType:
    """A type: its name in Graph's messages, and its properties.

    A property's type is "string", "bool", "int", "guid" or "time" (null allowed), another `ObjectType`, or a list of
    one of them.
    """

    name: str
    properties: Mapping[str, Any]
    read_only: frozenset[str] = frozenset()


def _type(name: str, **properties: Any) -> ObjectType:
    return ObjectType(name, properties)


_KEY_VALUE = _type("KeyValue", key="string", value="string")
_ADD_IN = _type("AddIn", id="guid", type="string", properties=[_KEY_VALUE])
_SCOPE = _type(
    "PermissionScope",
    adminConsentDescription="string",
    adminConsentDisplayName="string",
    id="guid",
    isEnabled="bool",
    origin="string",
    type="string",
    userConsentDescription="string",
    userConsentDisplayName="string",
    value="string",
)
_APP_ROLE = _type(
    "AppRole",
    allowedMemberTypes=["string"],
    description="string",
    displayName="string",
    id="guid",
    isEnabled="bool",
    origin="string",
    value="string",
)
_CLAIM = ObjectType(
    "OptionalClaim",
    {"additionalProperties": ["string"], "essential": "bool", "name": "string", "source": "string"},
)
PASSWORD = _type(
    "PasswordCredential",
    customKeyIdentifier="string",
    displayName="string",
    endDateTime="time",
    hint="string",
    keyId="guid",
    secretText="string",
    startDateTime="time",
)
_KEY = _type(
    "KeyCredential",
    customKeyIdentifier="string",
    displayName="string",
    endDateTime="time",
    key="string",
    keyId="guid",
    startDateTime="time",
    type="string",
    usage="string",
)
_INFO = _type(
    "InformationalUrl",
    logoUrl="string",
    marketingUrl="string",
    privacyStatementUrl="string",
    supportUrl="string",
    termsOfServiceUrl="string",
)
_PUBLISHER = _type("VerifiedPublisher", addedDateTime="time", displayName="string", verifiedPublisherId="string")
_RESOURCE_ACCESS = _type("ResourceAccess", id="guid", type="string")

APPLICATION = ObjectType(
    "Application",
    {
        "addIns": [_ADD_IN],
        "api": _type(
            "ApiApplication",
            acceptMappedClaims="bool",
            knownClientApplications=["guid"],
            oauth2PermissionScopes=[_SCOPE],
            preAuthorizedApplications=[
                _type("PreAuthorizedApplication", appId="guid", delegatedPermissionIds=["string"])
            ],
            requestedAccessTokenVersion="int",
        ),
        "appId": "string",
        "appRoles": [_APP_ROLE],
        "applicationTemplateId": "string",
        "authenticationBehaviors": _type(
            "AuthenticationBehaviors",
            blockAzureADGraphAccess="bool",
            removeUnverifiedEmailClaim="bool",
            requireClientServicePrincipal="bool",
        ),
        "certification": "string",
        "createdByAppId": "string",
        "createdDateTime": "time",
        "defaultRedirectUri": "string",
        "deletedDateTime": "time",
        "description": "string",
        "disabledByMicrosoftStatus": "string",
        "displayName": "string",
        "groupMembershipClaims": "string",
        "id": "guid",
        "identifierUris": ["string"],
        "info": _INFO,
        "isDeviceOnlyAuthSupported": "bool",
        "isDisabled": "bool",
        "isFallbackPublicClient": "bool",
        "keyCredentials": [_KEY],
        "managerApplications": ["guid"],
        "nativeAuthenticationApisEnabled": "string",
        "notes": "string",
        "oauth2RequirePostResponse": "bool",
        "optionalClaims": _type("OptionalClaims", accessToken=[_CLAIM], idToken=[_CLAIM], saml2Token=[_CLAIM]),
        "parentalControlSettings": _type(
            "ParentalControlSettings", countriesBlockedForMinors=["string"], legalAgeGroupRule="string"
        ),
        "passwordCredentials": [PASSWORD],
        "publicClient": _type("PublicClientApplication", redirectUris=["string"]),
        "publisherDomain": "string",
        "requestSignatureVerification": _type(
            "RequestSignatureVerification", allowedWeakAlgorithms="string", isSignedRequestRequired="bool"
        ),
        "requiredResourceAccess": [
            _type("RequiredResourceAccess", resourceAppId="string", resourceAccess=[_RESOURCE_ACCESS])
        ],
        "samlMetadataUrl": "string",
        "serviceManagementReference": "string",
        "servicePrincipalLockConfiguration": _type(
            "ServicePrincipalLockConfiguration",
            allProperties="bool",
            credentialsWithUsageSign="bool",
            credentialsWithUsageVerify="bool",
            isEnabled="bool",
            tokenEncryptionKeyId="bool",
        ),
        "signInAudience": "string",
        "spa": _type("SpaApplication", redirectUris=["string"]),
        "tags": ["string"],
        "tokenEncryptionKeyId": "guid",
        "uniqueName": "string",
        "verifiedPublisher": _PUBLISHER,
        "web": _type(
            "WebApplication",
            homePageUrl="string",
            implicitGrantSettings=_type(
                "ImplicitGrantSettings", enableAccessTokenIssuance="bool", enableIdTokenIssuance="bool"
            ),
            logoutUrl="string",
            redirectUris=["string"],
            redirectUriSettings=[_type("RedirectUriSettings", index="int", uri="string")],
        ),
    },
    frozenset(
        {
            "appId",
            "applicationTemplateId",
            "certification",
            "createdByAppId",
            "createdDateTime",
            "deletedDateTime",
            "disabledByMicrosoftStatus",
            "id",
            "publisherDomain",
            "verifiedPublisher",
        }
    ),
)

SERVICE_PRINCIPAL = ObjectType(
    "ServicePrincipal",
    {
        "accountEnabled": "bool",
        "addIns": [_ADD_IN],
        "alternativeNames": ["string"],
        "appDescription": "string",
        "appDisplayName": "string",
        "appId": "guid",
        "appOwnerOrganizationId": "guid",
        "appRoleAssignmentRequired": "bool",
        "appRoles": [_APP_ROLE],
        "applicationTemplateId": "string",
        "createdByAppId": "string",
        "deletedDateTime": "time",
        "description": "string",
        "disabledByMicrosoftStatus": "string",
        "displayName": "string",
        "homepage": "string",
        "id": "guid",
        "info": _INFO,
        "isDisabled": "bool",
        "keyCredentials": [_KEY],
        "loginUrl": "string",
        "logoutUrl": "string",
        "notes": "string",
        "notificationEmailAddresses": ["string"],
        "oauth2PermissionScopes": [_SCOPE],
        "passwordCredentials": [PASSWORD],
        "preferredSingleSignOnMode": "string",
        "preferredTokenSigningKeyThumbprint": "string",
        "replyUrls": ["string"],
        "resourceSpecificApplicationPermissions": ["string"],
        "samlSingleSignOnSettings": _type("SamlSingleSignOnSettings", relayState="string"),
        "servicePrincipalNames": ["string"],
        "servicePrincipalType": "string",
        "signInAudience": "string",
        "tags": ["string"],
        "tokenEncryptionKeyId": "guid",
        "verifiedPublisher": _PUBLISHER,
    },
    frozenset(
        {
            "appDescription",
            "appDisplayName",
            "appOwnerOrganizationId",
            "applicationTemplateId",
            "createdByAppId",
            "deletedDateTime",
            "disabledByMicrosoftStatus",
            "id",
            "resourceSpecificApplicationPermissions",
            "signInAudience",
            "verifiedPublisher",
        }
    ),
)

GRANT = ObjectType(
    "OAuth2PermissionGrant",
    {
        "clientId": "string",
        "consentType": "string",
        "id": "string",
        "principalId": "string",
        "resourceId": "string",
        "scope": "string",
    },
    frozenset({"id"}),
)

FEDERATED = ObjectType(
    "FederatedIdentityCredential",
    {
        "audiences": ["string"],
        "description": "string",
        "id": "string",
        "issuer": "string",
        "name": "string",
        "subject": "string",
    },
    frozenset({"id"}),
)

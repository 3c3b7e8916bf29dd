"""The properties of Graph's objects that requests may set or select."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """A type: its name in Graph's messages, and its properties.

    A property's type is "string", "bool", "int", "guid" or "time" (null allowed), another `Shape`, or a list of
    one of them.
    """

    name: str
    properties: Mapping[str, Any]
    read_only: frozenset[str] = frozenset()


def _shape(name: str, **properties: Any) -> Shape:
    return Shape(name, properties)


_KEY_VALUE = _shape("KeyValue", key="string", value="string")
_ADD_IN = _shape("AddIn", id="guid", type="string", properties=[_KEY_VALUE])
_SCOPE = _shape(
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
_APP_ROLE = _shape(
    "AppRole",
    allowedMemberTypes=["string"],
    description="string",
    displayName="string",
    id="guid",
    isEnabled="bool",
    origin="string",
    value="string",
)
_CLAIM = Shape(
    "OptionalClaim",
    {"additionalProperties": ["string"], "essential": "bool", "name": "string", "source": "string"},
)
PASSWORD = _shape(
    "PasswordCredential",
    customKeyIdentifier="string",
    displayName="string",
    endDateTime="time",
    hint="string",
    keyId="guid",
    secretText="string",
    startDateTime="time",
)
_KEY = _shape(
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
_INFO = _shape(
    "InformationalUrl",
    logoUrl="string",
    marketingUrl="string",
    privacyStatementUrl="string",
    supportUrl="string",
    termsOfServiceUrl="string",
)
_PUBLISHER = _shape("VerifiedPublisher", addedDateTime="time", displayName="string", verifiedPublisherId="string")
_RESOURCE_ACCESS = _shape("ResourceAccess", id="guid", type="string")

APPLICATION = Shape(
    "Application",
    {
        "addIns": [_ADD_IN],
        "api": _shape(
            "ApiApplication",
            acceptMappedClaims="bool",
            knownClientApplications=["guid"],
            oauth2PermissionScopes=[_SCOPE],
            preAuthorizedApplications=[
                _shape("PreAuthorizedApplication", appId="guid", delegatedPermissionIds=["string"])
            ],
            requestedAccessTokenVersion="int",
        ),
        "appId": "string",
        "appRoles": [_APP_ROLE],
        "applicationTemplateId": "string",
        "authenticationBehaviors": _shape(
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
        "optionalClaims": _shape("OptionalClaims", accessToken=[_CLAIM], idToken=[_CLAIM], saml2Token=[_CLAIM]),
        "parentalControlSettings": _shape(
            "ParentalControlSettings", countriesBlockedForMinors=["string"], legalAgeGroupRule="string"
        ),
        "passwordCredentials": [PASSWORD],
        "publicClient": _shape("PublicClientApplication", redirectUris=["string"]),
        "publisherDomain": "string",
        "requestSignatureVerification": _shape(
            "RequestSignatureVerification", allowedWeakAlgorithms="string", isSignedRequestRequired="bool"
        ),
        "requiredResourceAccess": [
            _shape("RequiredResourceAccess", resourceAppId="string", resourceAccess=[_RESOURCE_ACCESS])
        ],
        "samlMetadataUrl": "string",
        "serviceManagementReference": "string",
        "servicePrincipalLockConfiguration": _shape(
            "ServicePrincipalLockConfiguration",
            allProperties="bool",
            credentialsWithUsageSign="bool",
            credentialsWithUsageVerify="bool",
            isEnabled="bool",
            tokenEncryptionKeyId="bool",
        ),
        "signInAudience": "string",
        "spa": _shape("SpaApplication", redirectUris=["string"]),
        "tags": ["string"],
        "tokenEncryptionKeyId": "guid",
        "uniqueName": "string",
        "verifiedPublisher": _PUBLISHER,
        "web": _shape(
            "WebApplication",
            homePageUrl="string",
            implicitGrantSettings=_shape(
                "ImplicitGrantSettings", enableAccessTokenIssuance="bool", enableIdTokenIssuance="bool"
            ),
            logoutUrl="string",
            redirectUris=["string"],
            redirectUriSettings=[_shape("RedirectUriSettings", index="int", uri="string")],
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

SERVICE_PRINCIPAL = Shape(
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
        "samlSingleSignOnSettings": _shape("SamlSingleSignOnSettings", relayState="string"),
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
            "servicePrincipalType",
            "signInAudience",
            "verifiedPublisher",
        }
    ),
)

GRANT = Shape(
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

FEDERATED = Shape(
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

"""Step 5: consent hints. Only looks whether the tenant has consented, and says what an administrator can do if not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from kiota_abstractions.api_error import APIError

from steps.model import DIGITAL_TWINS, Change, Context, NeedsYou, Plan, Step, Values
from steps.wanted import Wanted

SCOPE = "Read.Write"
RESOURCE = "https://digitaltwins.azure.net"


@dataclass(frozen=True)
class Observed:
    """What is known of consent."""

    client_id: str = ""
    """"" while there is no application yet."""
    consented: bool = False
    unreadable: bool = False
    """The signed-in identity may not read grants."""
    login: str = ""
    portal: str = ""


async def observe(context: Context) -> Observed:
    """Read the grants to our service principal."""
    client_id, principal = context.values.get("client_id", ""), context.values.get("service_principal_id", "")
    cloud = context.azure.cloud
    if not context.wanted.app or not client_id:
        return Observed()
    try:
        consented = await _consented(context, principal)
    except APIError as error:
        if error.response_status_code != 403:
            raise
        return Observed(client_id, unreadable=True, login=cloud.login, portal=cloud.portal)
    return Observed(client_id, consented, login=cloud.login, portal=cloud.portal)


async def _consented(context: Context, principal: str) -> bool:
    graph = context.azure.graph
    if not principal:
        return False
    try:
        service = await graph.service_principals_with_app_id(DIGITAL_TWINS).get()
    except APIError as error:
        if error.response_status_code != 404:
            raise
        return False  # nobody in the tenant has used Digital Twins yet, so nobody has consented
    resource = service and service.id
    configuration: Any = graph.oauth2_permission_grants.Oauth2PermissionGrantsRequestBuilderGetRequestConfiguration(
        query_parameters=graph.oauth2_permission_grants.Oauth2PermissionGrantsRequestBuilderGetQueryParameters(
            filter=f"clientId eq '{principal}'"
        )
    )
    page = await graph.oauth2_permission_grants.get(configuration)
    return any(
        grant.resource_id == resource
        and grant.consent_type == "AllPrincipals"
        and SCOPE.lower() in (grant.scope or "").lower().split()
        for grant in ((page and page.value) or ())
    )


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Never a change: consent is a person's to give."""
    if not wanted.app:
        return Plan(reason="not wanted (--no-app)", skipped=True)
    if not observed.client_id:
        return Plan(reason="consent is looked at once the application exists")
    if observed.consented:
        return Plan(reason="an administrator has consented for the tenant")
    what = (
        "Whether the tenant has consented can't be seen with this sign-in. If it has not, an administrator can:"
        if observed.unreadable
        else "Nobody has consented for the tenant yet: each person is asked at the first sign-in, if the tenant allows "
        "that. To settle it for everybody, an administrator can:"
    )
    redirect = (wanted.app.reply_urls or wanted.app.web_reply_urls or wanted.app.spa_reply_urls or ("",))[0]
    query = urlencode(
        {"client_id": observed.client_id, "scope": f"{RESOURCE}/{SCOPE}", "redirect_uri": redirect},
        quote_via=quote,
    )
    return Plan(
        reason="consent has not been seen" if observed.unreadable else "nobody has consented for the tenant",
        needs_you=NeedsYou(
            what,
            (
                ("open", f"{observed.login}/{wanted.tenant}/v2.0/adminconsent?{query}"),
                (
                    "or in the portal",
                    f"{observed.portal}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/CallAnAPI"
                    f"/appId/{observed.client_id}",
                ),
                ("or run", f"az ad app permission admin-consent --id {observed.client_id}"),
            ),
        ),
    )


async def apply(change: Change, context: Context) -> Values:
    """Never called: plan makes no changes."""
    raise NotImplementedError(change.key, context.wanted.instance)


STEP = Step(5, "consent_hints", "Consent hints", ("app_registration",), observe, plan, apply, last=True)

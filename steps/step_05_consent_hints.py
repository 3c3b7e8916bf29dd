"""Step 5: consent for the tenant. Grants it when asked to, else looks, and says what an administrator can do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from kiota_abstractions.api_error import APIError

from cloud.applications import create_principal, principal
from cloud.consent import Grant, consent, grants_of, withdraw
from cloud.endpoints import audience
from cloud.rights import CONSENT, DIRECTORY
from steps.model import DIGITAL_TWINS, Change, Context, NeedsYou, Plan, Right, Step, Values
from steps.wanted import Wanted

if TYPE_CHECKING:
    from msgraph.graph_service_client import GraphServiceClient

SCOPE = "Read.Write"
MADE = "consent"
_RIGHTS = (Right(CONSENT, DIRECTORY),)


@dataclass(frozen=True)
class Observed:
    """What is known of consent."""

    client_id: str = ""
    """"" while there is no application yet."""
    consented: bool = False
    unknown: bool = False
    """There is no service principal of Digital Twins, as nobody in the tenant has used the service yet."""
    unreadable: bool = False
    """The signed-in identity may not read grants."""
    made: bool = False
    """The consent is recorded as ours."""
    api: str = DIGITAL_TWINS
    """What a scope of Digital Twins begins with: its audience, where the instance tells it."""
    login: str = ""
    portal: str = ""


async def observe(context: Context) -> Observed:
    """Read the grants to our service principal, and, to consent, whether the tenant knows Digital Twins."""
    client_id, client = context.values.get("client_id", ""), context.values.get("service_principal_id", "")
    app, cloud, made = context.wanted.app, context.azure.cloud, MADE in context.made
    host = context.values.get("host_name")
    api = audience(host) if host else DIGITAL_TWINS
    seen = Observed(client_id, made=made, api=api, login=cloud.login, portal=cloud.portal)
    if not app or not (client or app.grant_consent):
        return seen
    graph = context.azure.graph
    try:
        (resource, _tags), grants = await asyncio.gather(
            principal(graph, DIGITAL_TWINS, sure=True), _readable(graph, client)
        )
    except APIError as error:
        if error.response_status_code != 403:
            raise
        return replace(seen, unreadable=True)
    if resource and grants is None:
        return replace(seen, unreadable=True)
    consented = any(grant.resource == resource and grant.has(SCOPE) for grant in grants or ())
    return replace(seen, consented=consented, unknown=not resource)


async def _readable(graph: GraphServiceClient, client: str) -> tuple[Grant, ...] | None:
    """Return what was consented to for a service principal, if there is one; None where that may not be seen."""
    if not client:
        return ()
    try:
        return await grants_of(graph, client)
    except APIError as error:
        if error.response_status_code != 403:
            raise
        return None


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Consent where that is asked for, and take back what was; otherwise consent is a person's to give."""
    if not wanted.app:
        return Plan(reason="not wanted (--no-app)", skipped=True)
    if observed.consented and observed.made and not wanted.app.grant_consent:
        return Plan((_withdrawal(observed),))
    if observed.consented:
        return Plan(reason="an administrator has consented for the tenant")
    if wanted.app.grant_consent:
        return _granting(observed)
    if not observed.client_id:
        return Plan(reason="consent is looked at once the application exists")
    return Plan(
        reason="consent has not been seen" if observed.unreadable else "nobody has consented for the tenant",
        needs_you=_hints(observed, wanted),
    )


def _granting(observed: Observed) -> Plan:
    body = {"client_id": observed.client_id}
    title = f"consent to Digital Twins {SCOPE} for the tenant"
    grant = Change("grant-consent", title, body=body, makes=(MADE,), rights=_RIGHTS)
    if not observed.unknown:
        return Plan((grant,))
    title = "let the tenant know Digital Twins: create its service principal"
    return Plan((Change("create-digital-twins-principal", title, body=body), grant))


def _withdrawal(observed: Observed) -> Change:
    title = f"take back the consent to Digital Twins {SCOPE} for the tenant"
    return Change("withdraw-consent", title, body={"client_id": observed.client_id}, unmakes=(MADE,), rights=_RIGHTS)


def _hints(observed: Observed, wanted: Wanted) -> NeedsYou:
    what = (
        "Whether the tenant has consented can't be seen with this sign-in. If it has not, an administrator can:"
        if observed.unreadable
        else "Nobody has consented for the tenant yet: each person is asked at the first sign-in, if the tenant allows "
        "that. To settle it for everybody, an administrator can:"
    )
    app = wanted.app
    urls = (*app.reply_urls, *(app.web_reply_urls or ()), *(app.spa_reply_urls or ())) if app else ()
    query = urlencode(
        {"client_id": observed.client_id, "scope": f"{observed.api}/{SCOPE}", "redirect_uri": urls[0] if urls else ""},
        quote_via=quote,
    )
    blade = f"{observed.portal}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/CallAnAPI"
    portal = (("or in the portal", f"{blade}/appId/{observed.client_id}"),) if observed.portal else ()
    return NeedsYou(
        what,
        (
            ("open", f"{observed.login}/{wanted.tenant}/v2.0/adminconsent?{query}"),
            *portal,
            ("or run", _command(observed.client_id)),
        ),
    )


def _command(client_id: str) -> str:
    return f"az ad app permission admin-consent --id {client_id}"


def remove(observed: Observed, wanted: Wanted) -> Plan:
    """Take our consent back from an adopted application. That to our own goes with it."""
    adopted = wanted.app and (wanted.app.app_id or wanted.answers.get("adopt_app"))
    if observed.made and observed.consented and adopted:
        return Plan((_withdrawal(observed),))
    return Plan(reason="it goes with the application" if observed.consented else "nothing to remove", skipped=True)


async def apply(change: Change, context: Context) -> Values:
    """Consent, make what that needs, or take the consent back."""
    graph, progress = context.azure.graph, context.progress
    if change.key == "create-digital-twins-principal":
        await create_principal(graph, DIGITAL_TWINS, (), progress, bound=0)
        return {}
    resource, _tags = await principal(graph, DIGITAL_TWINS, sure=False)
    write = consent if change.key == "grant-consent" else withdraw
    await write(graph, context.values["service_principal_id"], resource, SCOPE, progress)
    return {}


def hand_off(change: Change, _wanted: Wanted) -> str:
    """Return the command by which an administrator consents, or has the tenant know Digital Twins."""
    client_id = change.body["client_id"]
    if change.key == "create-digital-twins-principal":
        return f"az ad sp create --id {DIGITAL_TWINS}"
    return _command(client_id) if client_id and change.key != "withdraw-consent" else ""


STEP = Step(
    5,
    "consent_hints",
    "Consent hints",
    ("app_registration",),
    observe,
    plan,
    apply,
    hand_off,
    remove,
    last=True,
)

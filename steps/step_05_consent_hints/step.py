"""Step 5: consent for the tenant. Grants it when asked to, else looks, and says what an administrator can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from cloud.azure_clouds import DATA_PLANE
from engine.context import Context, Removal, Target
from engine.input import Given
from engine.record import Record, Values
from engine.step import NeedsYou, Plan, Step
from steps.shared.applications import ADOPTED, APPLICATION, CONSENT
from steps.shared.digital_twins_api import READ_WRITE_SCOPE
from steps.shared.names import Names
from steps.step_05_consent_hints.changes import (
    CreateApiPrincipal,
    GrantConsent,
    RevokeConsent,
    consent_command,
)
from steps.step_05_consent_hints.inputs import INPUTS, DesiredConsent, desired_consent
from steps.step_05_consent_hints.observed import ObservedConsent

if TYPE_CHECKING:
    from cloud.clients import Azure


LATER = NeedsYou(
    "An administrator can consent for everybody once the application exists. Without that, each person is asked at the "
    "first sign-in, if the tenant allows it."
)
"""What is foreseen before there is anything to consent to."""


class ConsentStep(Step["Azure", Names, DesiredConsent, ObservedConsent]):
    """Consents to the application's permission for everybody, or says how an administrator can."""

    number, key, title = 5, "consent_hints", "Consent hints"
    needs = ("app_registration",)
    inputs = INPUTS
    kinds = (CONSENT,)
    last = True

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredConsent:
        del names
        return desired_consent(given, target)

    async def observe(self, context: Context[Azure], desired: DesiredConsent) -> ObservedConsent:
        """Read the grants to our service principal, and whether the tenant knows the Digital Twins API."""
        from steps.step_05_consent_hints.azure import observe

        client = context.values.get("service_principal_id", "")
        is_recorded = bool({APPLICATION.item(), ADOPTED.item()} & context.record.owned_by_any)
        is_needed = not desired.left_out or (context.removal is not None and is_recorded)
        return await observe(context, client) if is_needed and (client or desired.is_granted) else ObservedConsent()

    def plan(
        self,
        observed: ObservedConsent,
        desired: DesiredConsent,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Consent where that is desired, and revoke what was; otherwise consent is an administrator's to give."""
        del answers
        if desired.left_out:
            return Plan(reason="not desired (--no-app)", skipped=True)
        client_id = values.get("client_id", "")
        if observed.is_granted:
            revokes = CONSENT.item() in record.owned and not desired.is_granted
            return Plan((RevokeConsent(),)) if revokes else Plan(reason="an administrator has consented for the tenant")
        if desired.is_granted:
            principal = () if observed.has_api else (CreateApiPrincipal(target=desired.target),)
            return Plan((*principal, GrantConsent(client_id=client_id, target=desired.target)))
        if not client_id:
            return Plan(reason="consent for the tenant, once the application exists", needs_you=LATER)
        reason = "nobody has consented for the tenant" if observed.is_readable else "consent can't be read"
        return Plan(reason=reason, needs_you=_hints(observed, desired, values))

    def remove(
        self, observed: ObservedConsent, desired: DesiredConsent, record: Record, values: Values, removal: Removal
    ) -> Plan:
        """Revoke our consent to an adopted application. The consent to our own is deleted with it."""
        del desired, values, removal
        if observed.is_granted and CONSENT.item() in record.owned and ADOPTED.item() in record.owned_by_any:
            return Plan((RevokeConsent(),))
        if observed.is_granted:
            return Plan(reason="it is deleted with the application", skipped=True)
        vanished = (CONSENT.item(),) if observed.is_readable and CONSENT.item() in record.owned else ()
        return Plan(reason="nothing to remove", skipped=True, vanished=vanished)


def _hints(observed: ObservedConsent, desired: DesiredConsent, values: Values) -> NeedsYou:
    target, client_id = desired.target, values["client_id"]
    what = (
        "Nobody has consented for the tenant yet: each person is asked at the first sign-in, if the tenant allows "
        "that. An administrator can consent for everybody:"
        if observed.is_readable
        else "This sign-in can't read whether the tenant has consented. Where it has not, an administrator can:"
    )
    query = urlencode(
        {"client_id": client_id, "scope": f"{DATA_PLANE}/{READ_WRITE_SCOPE}", "redirect_uri": desired.reply_url},
        quote_via=quote,
    )
    blade = f"{target.portal}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/CallAnAPI"
    portal = (("or in the portal", f"{blade}/appId/{client_id}"),) if target.portal else ()
    return NeedsYou(
        what,
        (
            ("open", f"{target.login}/{target.tenant}/v2.0/adminconsent?{query}"),
            *portal,
            ("or run", consent_command(client_id)),
        ),
    )


STEP = ConsentStep()

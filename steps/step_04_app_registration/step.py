"""Step 4: the app registration. May create or complete the application and its service principal, and only ours.

Ours is the application whose `uniqueName` derives from the instance: display names are not unique, and two runs that
search by one create two applications. Or it is one that was adopted, which a tag of this instance's own tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.change import AnyChange
from engine.context import Context, Removal, Target
from engine.input import Given, Lookup, Value
from engine.record import Record, Values
from engine.step import Ask, Plan, Step
from steps.shared.applications import ADOPTED, APPLICATION
from steps.shared.names import Names
from steps.step_04_app_registration import desired as desired_state
from steps.step_04_app_registration.adoption import adoption_tag, is_adoptable, refuse_adoption, tag_of
from steps.step_04_app_registration.changes import (
    AdoptApplication,
    CreateApplication,
    CreateServicePrincipal,
    UpdateApplication,
)
from steps.step_04_app_registration.desired import SINGLE, DesiredApplication
from steps.step_04_app_registration.federation import FEDERATED, plan_federated
from steps.step_04_app_registration.inputs import INPUTS
from steps.step_04_app_registration.observed import ObservedApplication, Registration, Settings
from steps.step_04_app_registration.owners import OWNER, plan_owners
from steps.step_04_app_registration.ownership import marked_only
from steps.step_04_app_registration.partial_plan import PartialPlan, joined
from steps.step_04_app_registration.recycle_bin import (
    DELETED,
    PRINCIPAL,
    RECYCLED,
    Ids,
    RestoreApplication,
    RestoreServicePrincipal,
    ids_in_bin,
)
from steps.step_04_app_registration.removal import plan_removal
from steps.step_04_app_registration.secret_changes import SECRET, SECRET_FILE
from steps.step_04_app_registration.secret_plan import plan_secrets, refuse_secrets
from steps.step_04_app_registration.secrets import secrets_of
from steps.step_04_app_registration.settings import (
    APP_TAG,
    NOTES,
    PERMISSION,
    REPLY_URL,
    Rules,
    kept_notes,
    target_settings,
)
from steps.step_04_app_registration.switches import BEFORE
from steps.step_04_app_registration.url_rules import refuse_urls

if TYPE_CHECKING:
    from cloud.clients import Azure


class ApplicationStep(Step["Azure", Names, DesiredApplication, "ObservedApplication | None"]):
    """Registers an application with the permission for Digital Twins, or adopts one; gives it credentials and owners.

    What is observed is None where the registration is left out, and nothing was asked.
    """

    number, key, title = 4, "app_registration", "App registration"
    inputs = INPUTS
    kinds = (
        *(APPLICATION, ADOPTED, PRINCIPAL, DELETED, RECYCLED),
        *(PERMISSION, NOTES, REPLY_URL, APP_TAG, BEFORE),
        *(OWNER, FEDERATED, SECRET, SECRET_FILE),
    )

    def lookups(self, given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
        del target
        return desired_state.lookups(given)

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredApplication:
        return desired_state.desired_application(given, target, names)

    def settled(self, desired: DesiredApplication) -> Mapping[str, Value]:
        if desired.left_out:
            return {"no_app": True}
        return {"no_app": False, "app_name": desired.name, "reply_url": list(desired.reply_urls)}

    async def observe(self, context: Context[Azure], desired: DesiredApplication) -> ObservedApplication | None:
        """Find our application. Where it is left out, only `destroy` looks, and only for one that is recorded."""
        from steps.step_04_app_registration.azure_observe import observe

        is_removed = context.removal is not None and bool(context.record.owned or context.record.pending)
        return await observe(context, desired) if is_removed or not desired.left_out else None

    def plan(
        self,
        observed: ObservedApplication | None,
        desired: DesiredApplication,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Create what is missing; complete what is incomplete. Others' reply URLs, permissions and tags are kept."""
        if observed is None or desired.left_out:
            return _left_out(record, values)
        found = observed.existing
        rules = Rules(desired, record.owned, tag_of(found, desired.target.instance_id))
        # What this tool deleted begins anew; what someone else deleted is restored with what others added to it.
        base = found or (None if DELETED.item() in record.owned else observed.deleted)
        before = base.settings if base else Settings()
        after = target_settings(before, rules)
        refuse_urls(after)
        parts = _parts(observed, desired, record, values)
        refuse_secrets(after, observed.passwords if base else (), parts)
        notes = (*kept_notes(before, rules), *parts.notes) if base else parts.notes
        parts = replace(parts, notes=notes)
        ids = ids_in_bin(observed, record, values)
        if found is None:
            create = CreateApplication(
                target=desired.target,
                before=before,
                after=after,
                rules=rules,
                is_restored=base is not None,
                bin_view=observed.bin_view,
            )
            return _create(observed, desired, create, parts, answers, ids=ids)
        return _complete(found, after, rules, parts, ids)

    def remove(
        self,
        observed: ObservedApplication | None,
        desired: DesiredApplication,
        record: Record,
        values: Values,
        removal: Removal,
    ) -> Plan:
        """Delete our own application, with `removal.purge` from the recycle bin too; release an adopted one.

        Its secrets are removed first: the next deployment restores the application with all that it has then.
        """
        if observed is None:
            return Plan(reason="there is none", skipped=True)
        return plan_removal(observed, desired, record, values, purge=removal.purge)


def _left_out(record: Record, values: Values) -> Plan:
    verbs = {ADOPTED.item(): "adopted", APPLICATION.item(): "created"}
    verb = next((verb for item, verb in verbs.items() if item in record.owned), "")
    notes = (
        f"The application {values.get('app_name')} ({values.get('client_id')}), which this tool {verb}, is left as it "
        "is. --app includes it again; `destroy` deletes it, or releases one that was adopted.",
    )
    return Plan(reason="not desired (--no-app)", skipped=True, notes=notes if verb else ())


def _parts(observed: ObservedApplication, desired: DesiredApplication, record: Record, values: Values) -> PartialPlan:
    """Plan what the application has beside its settings: owners, federated credentials and secrets."""
    is_adopted, owned = bool(tag_of(observed.existing, desired.target.instance_id)), record.owned
    client_id = observed.existing.client_id if observed.existing else ""
    creator, target = "" if is_adopted else desired.signed_in, desired.target
    return joined(
        plan_owners(observed.owners, owned, desired.owners, creator=creator, client_id=client_id, target=target),
        plan_federated(
            observed.federated, owned, desired.federated, is_adopted=is_adopted, client_id=client_id, target=target
        ),
        plan_secrets(secrets_of(observed, record, values, client_id), desired.secret),
    )


def _create(
    observed: ObservedApplication,
    desired: DesiredApplication,
    create: CreateApplication,
    parts: PartialPlan,
    answers: Mapping[str, bool],
    *,
    ids: Ids,
) -> Plan:
    """Create our application, or restore it; where others have its name, ask whether to adopt the only one."""
    principal = _principal_changes(create.rules, create.after, "", ids if ids.application else Ids())
    changes: tuple[AnyChange, ...] = (create, *principal, *parts.first, *parts.changes)
    plan = Plan(changes, notes=parts.notes, values=parts.values, vanished=parts.vanished, adoptable=parts.adoptable)
    name, others = create.after.name, observed.namesakes
    if ids.application:
        is_seen = observed.deleted is not None
        restore = RestoreApplication(target=desired.target, name=name, ids=ids, is_seen=is_seen)
        is_ours = is_seen or DELETED.item() in create.rules.owned
        unseen = "What others added to the deleted application can't be read in the recycle bin, and is replaced."
        return replace(plan, changes=(restore, *changes), notes=(*plan.notes, *(() if is_ours else (unseen,))))
    if not others:
        return plan
    ask, is_only = None, len(others) == 1
    if is_only and "adopt_app" not in answers and is_adoptable(others[0], adoption_tag(desired.target.instance_id)):
        about = f"It is {others[0].client_id}. Without a yes, another application of that name is created."
        ask = Ask("adopt_app", f"There is an application called {name} already. Adopt it?", (about,))
    theirs = ", ".join(other.client_id for other in others)
    number = "another application is" if is_only else f"{len(others)} other applications are"
    how = "--adopt-app adopts it instead" if is_only else "--app-id ID adopts one of them instead"
    return replace(plan, ask=ask, notes=(*plan.notes, f"In this tenant {number} called {name} ({theirs}); {how}."))


def _complete(found: Registration, after: Settings, rules: Rules, parts: PartialPlan, ids: Ids) -> Plan:
    """Complete an application that exists: ours, one that was adopted, or one that is to be adopted."""
    before, target, is_adopted = found.settings, rules.desired.target, bool(rules.adoption_tag)
    object_id = found.object_id if is_adopted else ""
    changes: list[AnyChange] = []
    if before == after:
        pass
    elif is_adopted and rules.adoption_tag not in before.tags:
        refuse_adoption(found, rules.adoption_tag)
        adopt = AdoptApplication(
            target=target, before=before, after=after, rules=rules, object_id=object_id, client_id=found.client_id
        )
        changes.append(adopt)
    else:
        update = UpdateApplication(target=target, before=before, after=after, rules=rules, object_id=object_id)
        changes.append(update)
    if found.principal is None:
        changes += _principal_changes(rules, after, found.client_id, ids)
    notes = parts.notes
    if is_adopted and found.unique_name:
        notes += (f"Its uniqueName, {found.unique_name}, was set by others: a template may change it back.",)
    return Plan(
        (*parts.first, *changes, *parts.changes),
        f"application {before.name} is {'adopted' if is_adopted else 'registered'}",
        notes,
        {**_values(found), **parts.values},
        vanished=(*parts.vanished, *(item for item in ids.released if item in rules.owned)),
        adoptable=(*marked_only(found, rules.adoption_tag, Record(owned=rules.owned)), *parts.adoptable),
    )


def _principal_changes(rules: Rules, after: Settings, client_id: str, ids: Ids) -> tuple[AnyChange, ...]:
    """Create the service principal; restore it first where a recorded one may be in the recycle bin."""
    target = rules.desired.target
    is_multi_tenant = after.audience != SINGLE
    create = CreateServicePrincipal(target=target, client_id=client_id, is_multi_tenant=is_multi_tenant)
    return (RestoreServicePrincipal(target=target, object_id=ids.principal), create) if ids.principal else (create,)


def _values(found: Registration) -> Values:
    known = {
        "app_name": found.settings.name,
        "client_id": found.client_id,
        "application_object_id": found.object_id,
        "service_principal_id": found.principal.id if found.principal else "",
    }
    return {name: value for name, value in known.items() if value}


STEP = ApplicationStep()

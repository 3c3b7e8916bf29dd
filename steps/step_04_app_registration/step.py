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
from steps.shared.tags import MARK
from steps.step_04_app_registration import desired as desired_state
from steps.step_04_app_registration.adoption import adoption_tag, is_adoptable, refuse_adoption
from steps.step_04_app_registration.changes import (
    PRINCIPAL,
    AdoptApplication,
    CreateApplication,
    CreateServicePrincipal,
    DeleteServicePrincipal,
    ReleaseApplication,
    UpdateApplication,
)
from steps.step_04_app_registration.desired import DesiredApplication
from steps.step_04_app_registration.federation import FEDERATED, plan_federated
from steps.step_04_app_registration.inputs import INPUTS
from steps.step_04_app_registration.observed import ObservedApplication, Registration, Settings
from steps.step_04_app_registration.owners import OWNER, plan_owners
from steps.step_04_app_registration.partial_plan import PartialPlan, joined
from steps.step_04_app_registration.recycle_bin import (
    DELETED,
    DeleteApplication,
    PurgeApplication,
    RestoreApplication,
)
from steps.step_04_app_registration.secret_changes import SECRET, SECRET_FILE
from steps.step_04_app_registration.secret_plan import plan_secrets, remove_all_secrets, remove_files
from steps.step_04_app_registration.secrets import recorded_files, secrets_of
from steps.step_04_app_registration.settings import (
    APP_TAG,
    NOTES,
    PERMISSION,
    REPLY_URL,
    Rules,
    kept_notes,
    released_settings,
    target_settings,
)
from steps.step_04_app_registration.switches import BEFORE, restored_switches, what_stays
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
        *(APPLICATION, ADOPTED, PRINCIPAL, DELETED),
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
        rules, found = Rules(desired, record.owned, observed.adoption_tag), observed.existing
        # What this tool deleted begins anew; what someone else deleted is restored with what others added to it.
        base = found or (None if DELETED.item() in record.owned else observed.deleted)
        before = base.settings if base else Settings()
        after = target_settings(before, rules)
        refuse_urls(after)
        parts = _parts(observed, desired, record, values)
        notes = (*kept_notes(before, rules), *parts.notes) if base else parts.notes
        parts = replace(parts, notes=notes)
        if found is None:
            create = CreateApplication(
                target=desired.target, before=before, after=after, rules=rules, is_restored=base is not None
            )
            return _create(observed, desired, create, parts, answers)
        return _complete(observed, found, after, rules, parts)

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
        found, secrets, target = observed.existing, secrets_of(observed, record, values), desired.target
        if found is None:
            files, deleted = remove_files(secrets), observed.deleted
            is_ours = bool({APPLICATION.item(), DELETED.item()} & record.owned)
            purge = (PurgeApplication(target=target, object_id=deleted.object_id),) if deleted else ()
            return Plan(
                (*(purge if removal.purge and is_ours else ()), *files.changes),
                "there is no application",
                files.notes,
                vanished=files.vanished,
            )
        if observed.adoption_tag:
            return _release(observed, found, Rules(desired, record.owned, observed.adoption_tag), record, values)
        name = found.settings.name
        if APPLICATION.item() not in record.owned or MARK not in found.settings.tags:
            reason = f"application {name} is not recorded as created by this tool: kept"
            return Plan(reason=reason, adoptable=_unrecorded(observed, found, record))
        rest = remove_all_secrets(secrets)
        delete = DeleteApplication(name=name, object_id=found.object_id, released=_all_but_files(record))
        purges = (PurgeApplication(target=target, object_id=found.object_id),) if removal.purge else ()
        return Plan((*rest.first, *rest.changes, delete, *purges), notes=rest.notes, vanished=rest.vanished)


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
    is_adopted, owned = bool(observed.adoption_tag), record.owned
    client_id = observed.existing.client_id if observed.existing else ""
    creator = "" if is_adopted else desired.signed_in
    return joined(
        plan_owners(observed.owners, owned, desired.owners, creator=creator, client_id=client_id),
        plan_federated(observed.federated, owned, desired.federated, is_adopted=is_adopted, client_id=client_id),
        plan_secrets(secrets_of(observed, record, values, client_id), desired.secret),
    )


def _create(
    observed: ObservedApplication,
    desired: DesiredApplication,
    create: CreateApplication,
    parts: PartialPlan,
    answers: Mapping[str, bool],
) -> Plan:
    """Create our application, or restore it; where others have its name, ask whether to adopt the only one."""
    changes: tuple[AnyChange, ...] = (create, CreateServicePrincipal(client_id=""), *parts.first, *parts.changes)
    plan = Plan(changes, notes=parts.notes, values=parts.values, vanished=parts.vanished, adoptable=parts.adoptable)
    name, others = create.after.name, observed.namesakes
    if observed.deleted:
        restore = RestoreApplication(target=desired.target, name=name, object_id=observed.deleted.object_id)
        return replace(plan, changes=(restore, *changes))
    if not others:
        return plan
    ask, is_only = None, len(others) == 1
    if is_only and "adopt_app" not in answers and is_adoptable(others[0], adoption_tag(desired.target.instance_id)):
        about = f"It is {others[0].client_id}. Without a yes, another application of that name is created."
        ask = Ask("adopt_app", f"There is an application called {name} already. Adopt it?", (about,))
    ids = ", ".join(other.client_id for other in others)
    number = "another application is" if is_only else f"{len(others)} other applications are"
    how = "--adopt-app adopts it instead" if is_only else "--app-id ID adopts one of them instead"
    return replace(plan, ask=ask, notes=(*plan.notes, f"In this tenant {number} called {name} ({ids}); {how}."))


def _complete(
    observed: ObservedApplication, found: Registration, after: Settings, rules: Rules, parts: PartialPlan
) -> Plan:
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
        changes.append(CreateServicePrincipal(client_id=found.client_id))
    notes = parts.notes
    if is_adopted and found.unique_name:
        notes += (f"Its uniqueName, {found.unique_name}, was set by others: a template may change it back.",)
    return Plan(
        (*parts.first, *changes, *parts.changes),
        f"application {before.name} is {'adopted' if is_adopted else 'registered'}",
        notes,
        {**_values(found), **parts.values},
        vanished=parts.vanished,
        adoptable=(*_unrecorded(observed, found, Record(owned=rules.owned)), *parts.adoptable),
    )


def _values(found: Registration) -> Values:
    known = {
        "app_name": found.settings.name,
        "client_id": found.client_id,
        "application_object_id": found.object_id,
        "service_principal_id": found.principal.id if found.principal else "",
    }
    return {name: value for name, value in known.items() if value}


def _release(observed: ObservedApplication, found: Registration, rules: Rules, record: Record, values: Values) -> Plan:
    """Remove what this tool added to an adopted application."""
    settings, name = found.settings, found.settings.name
    unrecorded = _unrecorded(observed, found, record)
    if ADOPTED.item() not in record.owned or rules.adoption_tag not in settings.tags:
        return Plan(reason=f"application {name} is not recorded as adopted by this tool: kept", adoptable=unrecorded)
    parts = (
        plan_secrets(secrets_of(observed, record, values), None),
        plan_federated(observed.federated, record.owned, (), is_adopted=True),
        plan_owners(observed.owners, record.owned, ()),
    )
    changes: list[AnyChange] = [change for part in parts for change in (*part.first, *part.changes)]
    if found.principal and PRINCIPAL.item() in record.owned and MARK in found.principal.tags:
        changes.append(DeleteServicePrincipal(name=name, object_id=found.principal.id))
    after = restored_switches(released_settings(settings, rules), rules)
    release = ReleaseApplication(
        target=rules.desired.target,
        before=settings,
        after=after,
        rules=rules,
        object_id=found.object_id,
        released=_all_but_files(record),
    )
    rest = joined(*parts)
    return Plan(
        (*changes, release),
        notes=(*rest.notes, what_stays(settings, after, rules)),
        vanished=rest.vanished,
        adoptable=(*unrecorded, *rest.adoptable),
    )


def _unrecorded(observed: ObservedApplication, found: Registration, record: Record) -> tuple[str, ...]:
    """Return what our marks say that this tool created or adopted, and isn't recorded."""
    kind = ADOPTED if observed.adoption_tag else APPLICATION
    marks = {
        kind.item(): (observed.adoption_tag or MARK) in found.settings.tags,
        PRINCIPAL.item(): found.principal is not None and MARK in found.principal.tags,
    }
    return tuple(item for item, is_marked in marks.items() if is_marked and item not in record.owned)


def _all_but_files(record: Record) -> tuple[str, ...]:
    """Return what is removed with the application: all but the files of secrets, each of which has its own removal."""
    return tuple(item for item in sorted(record.owned) if item not in recorded_files(record))


STEP = ApplicationStep()

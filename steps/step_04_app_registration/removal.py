"""What `destroy` does with the application. Pure."""

from __future__ import annotations

from engine.change import AnyChange
from engine.record import Record, Values
from engine.step import Plan
from steps.shared.applications import ADOPTED, APPLICATION, CONSENT
from steps.shared.tags import MARK
from steps.step_04_app_registration.adoption import tag_of
from steps.step_04_app_registration.changes import DeleteServicePrincipal, ReleaseApplication
from steps.step_04_app_registration.desired import DesiredApplication
from steps.step_04_app_registration.federation import plan_federated
from steps.step_04_app_registration.observed import ObservedApplication, Registration
from steps.step_04_app_registration.owners import plan_owners
from steps.step_04_app_registration.ownership import has_marked_principal, marked_only, retained
from steps.step_04_app_registration.partial_plan import joined
from steps.step_04_app_registration.recycle_bin import (
    DELETED,
    PRINCIPAL,
    DeleteApplication,
    Ids,
    ids_in_bin,
    purges,
)
from steps.step_04_app_registration.secret_plan import plan_secrets, remove_all_secrets, remove_files
from steps.step_04_app_registration.secrets import recorded_files, secrets_of
from steps.step_04_app_registration.settings import Rules, released_settings
from steps.step_04_app_registration.switches import restored_switches, what_stays

IN_THE_BIN = (
    "The directory keeps the deleted application in its recycle bin for 30 days, and deploy restores it from there. "
    "With --purge it is deleted for good."
)
"""Source: https://learn.microsoft.com/entra/identity/enterprise-apps/delete-recover-faq"""


def plan_removal(
    observed: ObservedApplication, desired: DesiredApplication, record: Record, values: Values, *, purge: bool
) -> Plan:
    """Delete our application, or release an adopted one. What isn't recorded and marked as ours is kept."""
    found, secrets, target = observed.existing, secrets_of(observed, record, values), desired.target
    if found is None:
        files, ids = remove_files(secrets), ids_in_bin(observed, record, values)
        is_ours = bool({APPLICATION.item(), DELETED.item()} & record.owned)
        is_there = bool(ids.application) or observed.bin_view == "nothing"
        return Plan(
            (*(purges(target, ids) if purge and is_ours and is_there else ()), *files.changes),
            "there is no application",
            files.notes,
            vanished=files.vanished,
        )
    tag = tag_of(found, target.instance_id)
    if tag:
        return _release(observed, found, Rules(desired, record.owned, tag), record, values)
    name = found.settings.name
    if APPLICATION.item() not in record.owned or MARK not in found.settings.tags:
        reason = f"application {name} is not recorded as created by this tool: kept"
        return Plan(
            reason=reason,
            adoptable=marked_only(found, tag, record),
            retained=retained(found, record, APPLICATION.item(), MARK),
        )
    rest = remove_all_secrets(secrets)
    consent = {CONSENT.item()} & record.owned_by_any
    principal = found.principal.id if found.principal else ""
    delete = DeleteApplication(
        name=name,
        object_id=found.object_id,
        principal_id=principal,
        released=(*_all_but_files(record), *sorted(consent)),
    )
    purged = purges(target, Ids(found.object_id, principal, delete.owns)) if purge else ()
    notes = rest.notes if purge else (*rest.notes, IN_THE_BIN)
    return Plan((*rest.first, *rest.changes, delete, *purged), notes=notes, vanished=rest.vanished)


def _release(observed: ObservedApplication, found: Registration, rules: Rules, record: Record, values: Values) -> Plan:
    """Remove what this tool added to an adopted application."""
    settings, name = found.settings, found.settings.name
    known = marked_only(found, rules.adoption_tag, record)
    if ADOPTED.item() not in record.owned or rules.adoption_tag not in settings.tags:
        return Plan(
            reason=f"application {name} is not recorded as adopted by this tool: kept",
            adoptable=known,
            retained=retained(found, record, ADOPTED.item(), rules.adoption_tag),
        )
    parts = (
        plan_secrets(secrets_of(observed, record, values), None),
        plan_federated(observed.federated, record.owned, (), is_adopted=True),
        plan_owners(observed.owners, record.owned, ()),
    )
    changes: list[AnyChange] = [change for part in parts for change in (*part.first, *part.changes)]
    kept: tuple[str, ...] = ()
    if found.principal and PRINCIPAL.item() in record.owned:
        if has_marked_principal(found):
            changes.append(DeleteServicePrincipal(name=name, object_id=found.principal.id))
        else:
            kept = (f"The service principal of {name}: its tag {MARK} is gone.",)
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
        adoptable=(*known, *rest.adoptable),
        retained=kept,
    )


def _all_but_files(record: Record) -> tuple[str, ...]:
    """Return what is removed with the application: all but the files of secrets, each of which has its own removal."""
    return tuple(item for item in sorted(record.owned) if item not in recorded_files(record))

"""Step 4: the app registration. May create or complete the application and its service principal, and only ours.

Ours is the application whose `uniqueName` derives from the instance: display names are not unique, and two runs that
search by one make two applications. Or it is one that was adopted, which a tag of this instance's own tells.
"""

from __future__ import annotations

from dataclasses import replace

from cloud.applications import Registration, Settings
from cloud.errors import Refusal
from steps import credentials, secrets
from steps.application import (
    ADOPTED,
    APPLICATION,
    AUDIENCE,
    Rules,
    adoption_mark,
    differences,
    kept,
    makes,
    merged,
    refuse_adoption,
    refuse_urls,
    released,
)
from steps.application_seen import Observed, left_out, look
from steps.application_switches import stays, switched, switched_back
from steps.application_writes import apply, hand_off
from steps.model import MARK, Ask, Change, Context, Plan, Step, Values
from steps.wanted import Wanted

PRINCIPAL, DELETED = "service-principal", "deleted-application"
"""What is recorded as made, beside the application's parts."""


async def observe(context: Context) -> Observed:
    """Find our application, and read its service principal and what else is wanted or recorded of it."""
    return await look(context, context.wanted.app) if context.wanted.app else left_out(context)


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Create what is missing; complete what is incomplete. Foreign reply URLs, permissions and tags are kept."""
    app = wanted.app
    if not app or observed.secrets is None:
        how = "is left as it is. --app sees to it again; `destroy` takes it away, or releases one that was adopted."
        left = (f"The application {observed.stays} {how}",) if observed.stays else ()
        return Plan(reason="not wanted (--no-app)", skipped=True, notes=left)
    rules = Rules(app, observed.made, observed.adopted)
    found = observed.found
    # What this tool destroyed begins anew; what somebody else deleted comes back with what others added to it.
    there = found or (None if DELETED in observed.made else observed.deleted)
    present = there.settings if there else Settings()
    refuse_urls(present, rules)
    owners = credentials.plan_owners(observed.owners, observed.made, app.owners, observed.creator)
    federated = credentials.plan_federated(observed.federated, observed.made, app.federated, own=not observed.adopted)
    passwords = secrets.plan_secrets(observed.secrets, app.secret)
    parts = (owners, federated, passwords)
    beside = [change for part in parts for change in part.changes]
    notes = tuple(note for part in parts for note in part.notes)
    target = merged(present, rules)
    object_id = found.object_id if found and observed.adopted else ""
    body = {"target": target, "rules": rules, "object_id": object_id, "graph": observed.graph}
    if not found:
        create = Change("create-application", f"register application {app.name}", body=body)
        notes = (*kept(present, rules), *notes) if there else notes
        created = _create(observed, wanted, present if there else None, create, (*passwords.first, *beside), notes)
        return replace(created, values=passwords.values, gone=passwords.gone, unrecorded=passwords.unrecorded)
    changes: list[Change] = []
    if present != target:
        adopts = bool(observed.adopted) and observed.adopted not in present.tags
        if adopts:
            refuse_adoption(found, observed.adopted)
        what = (
            f"{'adopt' if adopts else 'correct'} application {present.name}{f' ({found.client_id})' if adopts else ''}"
        )
        things, gone = makes(present, target)
        before, back = switched(present, target, observed.made) if observed.adopted else ((), ())
        changes.append(
            Change(
                "adopt-application" if adopts else "update-application",
                f"{what}: {', '.join(differences(present, target))}",
                body=body,
                makes=((ADOPTED,) if adopts else ()) + things + before,
                unmakes=gone + back,
            )
        )
    if not found.service_principal_id:
        changes.append(_principal("create its service principal", fresh=False))
    reason = f"application {present.name} is {'adopted' if observed.adopted else 'registered'}"
    notes = (*kept(present, rules), *notes)
    if observed.adopted and found.unique_name:
        notes = (*notes, f"Its uniqueName, {found.unique_name}, is somebody's: a template may set it back.")
    unrecorded = (*_unrecorded(observed, found), *passwords.unrecorded)
    changes = [replace(one, body={**one.body, "app": found.client_id}) for one in (*passwords.first, *changes, *beside)]
    return Plan(
        tuple(changes),
        reason,
        notes,
        {**_values(found), **passwords.values},
        gone=passwords.gone,
        unrecorded=unrecorded,
    )


def _principal(title: str, *, fresh: bool) -> Change:
    detail = "client id known after apply" if fresh else ""
    return Change("create-service-principal", title, detail, {"fresh": fresh}, (PRINCIPAL,))


def _create(  # noqa: PLR0917 - what there is, and what the plan consists of
    observed: Observed,
    wanted: Wanted,
    present: Settings | None,
    create: Change,
    beside: tuple[Change, ...],
    notes: tuple[str, ...],
) -> Plan:
    name = create.body["target"].name
    things, gone = makes(present or Settings(), create.body["target"])
    more = differences(present or Settings(name=name, audience=AUDIENCE), create.body["target"])
    create = replace(
        create,
        detail="; ".join(
            one for one in more if not one.startswith(("mark it", "ask for", "add reply URL http://localhost"))
        ),
        makes=(APPLICATION, *things),
        unmakes=gone,
    )
    changes = (create, _principal("create its service principal", fresh=True), *beside)
    if observed.deleted:
        title = f"restore application {name}, which was deleted, from the recycle bin"
        body = {"id": observed.deleted.object_id, "graph": observed.graph}
        restore = Change("restore-application", title, body=body, unmakes=(DELETED,))
        return Plan((restore, *changes), notes=notes)
    ask = None
    others = observed.namesakes
    if len(others) == 1 and "adopt_app" not in wanted.answers and _adoptable(others[0], wanted):
        about = f"It is {others[0].client_id}. Without a yes, another application of that name is made."
        ask = Ask("adopt_app", f"There is an application called {name} already. Adopt it?", (about,))
    if others:
        ids = ", ".join(one.client_id for one in others)
        there = "another application is" if len(others) == 1 else f"{len(others)} other applications are"
        how = "--adopt-app adopts it instead" if len(others) == 1 else "--app-id ID adopts one of them instead"
        notes = (*notes, f"In this tenant {there} called {name} ({ids}); {how}.")
    return Plan(changes, notes=notes, ask=ask)


def _adoptable(found: Registration, wanted: Wanted) -> bool:
    try:
        refuse_adoption(found, adoption_mark(wanted.instance_id))
    except Refusal:
        return False
    return True


def _values(found: Registration) -> Values:
    known = {
        "app_name": found.settings.name,
        "client_id": found.client_id,
        "application_object_id": found.object_id,
        "service_principal_id": found.service_principal_id,
    }
    return {key: value for key, value in known.items() if value}


def remove(observed: Observed, wanted: Wanted) -> Plan:
    """Delete our own application, and from the recycle bin too when that is wanted; release an adopted one.

    Its secrets are removed first: the next deployment restores the application with all that it has then.
    """
    app, found = wanted.app, observed.found
    purges = bool(wanted.answers.get("purge"))
    if not app or observed.secrets is None:
        return Plan(reason="there is none", skipped=True)
    rest = secrets.plan_files(observed.secrets)
    if found is None:
        bin_too = purges and {APPLICATION, DELETED} & observed.made
        purge = (_purge(observed.deleted.object_id, observed.graph),) if observed.deleted and bin_too else ()
        return Plan((*purge, *rest.changes), "there is no application", rest.notes, gone=rest.gone)
    if observed.adopted:
        return _release(observed, found, Rules(app, observed.made, observed.adopted))
    if APPLICATION not in observed.made or MARK not in found.settings.tags:
        reason = f"application {found.settings.name} is not recorded as made here: kept"
        return Plan(reason=reason, unrecorded=_unrecorded(observed, found))
    rest = secrets.plan_secrets(secrets.with_labelled(observed.secrets), None)
    delete = Change(
        "delete-application",
        f"delete application {found.settings.name} with its service principal",
        body={"id": found.object_id},
        makes=(DELETED,),
        unmakes=_but_files(observed.made),
    )
    purge = (_purge(found.object_id, observed.graph),) if purges else ()
    return Plan((*rest.first, *rest.changes, delete, *purge), notes=rest.notes, gone=rest.gone)


def _unrecorded(observed: Observed, found: Registration) -> tuple[str, ...]:
    """Return what our marks say that we made or adopted, and isn't recorded."""
    marks = {
        ADOPTED if observed.adopted else APPLICATION: (observed.adopted or MARK) in found.settings.tags,
        PRINCIPAL: MARK in found.principal_tags,
    }
    return tuple(one for one, marked in marks.items() if marked and one not in observed.made)


def _but_files(made: frozenset[str]) -> tuple[str, ...]:
    """Return what goes with the application: all but the files of secrets, each of which is a removal of its own."""
    return tuple(one for one in sorted(made) if one not in secrets.files(made))


def _purge(object_id: str, graph: str) -> Change:
    title = "delete it from the recycle bin too"
    return Change("purge-application", title, body={"id": object_id, "graph": graph}, unmakes=(DELETED, APPLICATION))


def _release(observed: Observed, found: Registration, rules: Rules) -> Plan:
    assert observed.secrets is not None  # noqa: S101 - remove has looked
    name = found.settings.name
    unrecorded = _unrecorded(observed, found)
    if ADOPTED not in observed.made or rules.adopted not in found.settings.tags:
        return Plan(reason=f"application {name} is not recorded as adopted here: kept", unrecorded=unrecorded)
    parts = (
        secrets.plan_secrets(observed.secrets, None),
        credentials.plan_federated(observed.federated, observed.made, (), own=False),
        credentials.plan_owners(observed.owners, observed.made, ()),
    )
    changes = [change for part in parts for change in (*part.first, *part.changes)]
    if PRINCIPAL in observed.made and MARK in found.principal_tags:
        title = f"delete the service principal made for application {name}"
        changes.append(
            Change("delete-service-principal", title, body={"id": found.service_principal_id}, unmakes=(PRINCIPAL,))
        )
    target = switched_back(released(found.settings, rules), rules)
    done = [words for words in differences(found.settings, target) if words != "mark it as ours"]
    title = ": ".join((f"release application {name}, which was adopted", *([", ".join(done)] if done else [])))
    body = {"target": target, "rules": None, "object_id": found.object_id, "graph": observed.graph}
    changes.append(Change("release-application", title, body=body, unmakes=_but_files(observed.made)))
    notes = tuple(note for part in parts for note in part.notes)
    gone = tuple(one for part in parts for one in part.gone)
    unrecorded += tuple(one for part in parts for one in part.unrecorded)
    notes = (*notes, stays(found.settings, target, rules))
    return Plan(tuple(changes), notes=notes, gone=gone, unrecorded=unrecorded)


STEP = Step(4, "app_registration", "App registration", (), observe, plan, apply, hand_off, remove)

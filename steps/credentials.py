"""What is planned beside a registration's own settings: client secrets, federated credentials, owners. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cloud.application_links import Federated, Owner
from cloud.applications import Password
from cloud.client_secrets import PRINTED
from cloud.errors import Refusal
from cloud.lookups import Principal
from steps.model import MARK, Change, Values
from steps.wanted import FederatedCredential, Secret

WARN_DAYS = 30
MOST_FEDERATED = 20
"""Of one application. Source: "federatedIdentityCredential resource type" in the Microsoft Graph reference."""

_LABEL = re.compile(rf"(?P<name>.+) \({MARK}(?: (?P<number>\d+))?\)")


@dataclass(frozen=True)
class Parts:
    """A part of the step's plan."""

    first: tuple[Change, ...] = ()
    """What has to be done before anything else, so that a second interruption finds it recorded."""
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    values: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Secrets:
    """What is known of the client secrets."""

    present: tuple[Password, ...]
    made: frozenset[str]
    """Of them `secret:NAME:NUMBER`."""
    interrupted: str
    """The key of the change that an earlier run was making when it was cut short."""
    key_id: str
    """What is recorded of the current one."""
    file: str
    file_there: bool
    file_problem: str
    now: datetime


def label(name: str, number: int) -> str:
    """Return the display name of our NUMBERth secret of a name: it carries our mark."""
    return f"{name} ({MARK})" if number == 1 else f"{name} ({MARK} {number})"


def plan_secrets(seen: Secrets, wanted: Secret | None) -> Parts:
    """Make a secret where there is none that works, or another one on request; old ones of ours go on working.

    What an interrupted run may have made without anybody learning the secret is taken away first. One that bears our
    mark and isn't recorded (the state file was lost, or another machine made it) counts as there.
    """
    ours = {one: thing for one in seen.present if (thing := _thing(one.name))}
    orphans = [
        one for one, thing in ours.items() if seen.interrupted in (f"create-{thing}", f"drop-secret:{one.key_id}")
    ]
    file = wanted.file if wanted and wanted.file != PRINTED else ""
    first = tuple(_remove(one, seen, f"drop-secret:{one.key_id}", "which nobody learned", file) for one in orphans)
    mine = [one for one, thing in ours.items() if one not in orphans and wanted and _name(thing) == wanted.name]
    recorded = [one for one, thing in ours.items() if thing in seen.made and one not in orphans]
    dead = [one for one in recorded if one in mine and _over(one, seen.now)]
    other = [one for one in recorded if one not in mine]
    removals = tuple(
        _remove(one, seen, f"remove-secret:{one.key_id}", "which is over" if one in dead else "")
        for one in (*dead, *other)
    )
    if wanted is None:
        return Parts(first, removals)
    living = sorted((one for one in mine if not _over(one, seen.now)), key=lambda one: _number(ours[one]))
    current = next((one for one in living if one.key_id == seen.key_id), living[-1] if living else None)
    if current is not None and not wanted.rotate and not (orphans and seen.interrupted.startswith("create-")):
        values = {"secret_key_id": current.key_id, "secret_expires": _moment(current)}
        return Parts(first, removals, _notes(current, living, wanted, seen), values)
    _refuse_file(seen, wanted)
    used = [_number(ours[one]) for one in mine] + [_number(one) for one in seen.made if _name(one) == wanted.name]
    number = max(used, default=0) + 1
    thing = f"secret:{wanted.name}:{number}"
    where = "shown once" if wanted.file == PRINTED else f"written to {wanted.file}"
    body = {
        "name": label(wanted.name, number),
        "days": wanted.days,
        "ends": f"{seen.now + timedelta(days=wanted.days):%Y-%m-%d}",
        "file": wanted.file,
        "orphans": seen.interrupted == f"create-{thing}" or bool(orphans),
    }
    which = "another client secret" if living else "client secret"
    title = f"create {which} {wanted.name}, for {wanted.days} days, {where}"
    create = Change(f"create-{thing}", title, body=body, makes=(thing,))
    notes = _older(living)
    if seen.interrupted == create.key:
        return Parts((*first, create), removals, notes)
    return Parts(first, (create, *removals), notes)


def _refuse_file(seen: Secrets, wanted: Secret) -> None:
    problem = seen.file_problem
    ours = seen.file == wanted.file or seen.interrupted.startswith(("create-secret:", "drop-secret:"))
    if not problem and wanted.file != PRINTED and seen.file_there and not ours:
        problem = f"{wanted.file} is there already, and not known to be ours."
    if problem:
        raise Refusal(
            f"The client secret can't be written: {problem}",
            next="Move it away, name another one with --secret-file FILE, or - to have the secret shown once.",
            exit_code=2,
        )


def _notes(current: Password, living: list[Password], wanted: Secret, seen: Secrets) -> tuple[str, ...]:
    notes = []
    days = (current.ends - seen.now).days if current.ends else WARN_DAYS + 1
    if days <= WARN_DAYS:
        notes.append(
            f"Client secret {wanted.name} ends on {_moment(current)[:10]}, in {days} days. The same command with "
            "--rotate-secret makes another one; the old one works to its end."
        )
    if not seen.file_there:
        notes.append(
            f"The file {wanted.file} of client secret {wanted.name} isn't there, and Azure tells a secret only once. "
            "The same command with --rotate-secret makes another one."
        )
    return (*notes, *_older([one for one in living if one != current]))


def _older(living: list[Password]) -> tuple[str, ...]:
    if not living:
        return ()
    until = ", ".join(_moment(one)[:10] for one in living)
    return (f"Older client secrets go on working: {len(living)}, to {until}.",)


def _remove(one: Password, seen: Secrets, key: str, why: str, file: str = "") -> Change:
    thing = _thing(one.name)
    title = f"remove client secret {_name(thing)}{f', {why}' if why else ''}"
    body = {"key_id": one.key_id, "current": one.key_id == seen.key_id, "file": file}
    return Change(key, title, body=body, unmakes=(thing,))


def _thing(display_name: str) -> str:
    match = _LABEL.fullmatch(display_name)
    return f"secret:{match['name']}:{match['number'] or 1}" if match else ""


def _name(thing: str) -> str:
    kind, _, rest = thing.partition(":")
    return rest.rpartition(":")[0] if kind == "secret" else ""


def _number(thing: str) -> int:
    return int(thing.rpartition(":")[2])


def _over(one: Password, now: datetime) -> bool:
    return one.ends is not None and one.ends <= now


def _moment(one: Password) -> str:
    return one.ends.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if one.ends else ""


def plan_federated(
    present: tuple[Federated, ...], made: frozenset[str], wanted: tuple[FederatedCredential, ...] | None, *, own: bool
) -> Parts:
    """Add and change those wanted, remove ours that are not; of an adopted registration others' are kept and said."""
    ours = {one.removeprefix("federated:") for one in made if one.startswith("federated:")}
    names = {one.name for one in wanted or ()}
    there = {one.name: one for one in present}
    gone = [name for name in there if name in ours - names] if wanted is not None else []
    removals = [
        Change(f"remove-federated:{name}", f"remove federated credential {name}", body={"name": name},
               unmakes=(f"federated:{name}",))
        for name in gone
    ]  # fmt: skip
    writes, notes = [], []
    for one in wanted or ():
        target = Federated(one.name, one.issuer, one.subject, (one.audience,))
        before = there.get(one.name)
        if before == target:
            continue
        if before and not own and one.name not in ours:
            raise _refused(one, f"Somebody else made one of that name, for {before.subject}.")
        same = [two for two in present if (two.issuer, two.subject) == (one.issuer, one.subject)]
        same = [two for two in same if two.name not in (one.name, *gone)]
        if same and same[0].audiences != target.audiences:
            raise _refused(one, f"{same[0].name} has the same issuer and subject, which Entra ID takes once.")
        if same:
            notes.append(f"Federated credential {one.name} is there as {same[0].name}.")
            continue
        verb = "change" if before else "add"
        title = f"{verb} federated credential {one.name} for {one.subject}"
        writes.append(
            Change(f"write-federated:{one.name}", title, f"issuer {one.issuer}",
                   {"target": target, "change": before is not None},
                   (f"federated:{one.name}",))
        )  # fmt: skip
    others = [name for name in there if name not in names | ours]
    if others:
        notes.append(f"Other federated credentials are kept: {', '.join(others)}")
    if len(there) - len(gone) + sum(change.body["target"].name not in there for change in writes) > MOST_FEDERATED:
        raise Refusal(
            f"An application can't have more than {MOST_FEDERATED} federated credentials.",
            next="Name fewer of them, or remove some of the others in the portal.",
            exit_code=2,
        )
    return Parts((), (*removals, *writes), tuple(notes))


def _refused(one: FederatedCredential, why: str) -> Refusal:
    what = f"Federated credential {one.name} can't be added."
    return Refusal(what, why=why, next="Choose another name or subject, or remove the other one.", exit_code=2)


def plan_owners(present: tuple[Owner, ...], made: frozenset[str], wanted: tuple[Principal, ...] | None) -> Parts:
    """Add those wanted, remove ours that are not, but never the last one; others' are kept."""
    if wanted is None:
        return Parts()
    groups = [one.label for one in wanted if one.kind == "Group"]
    if groups:
        raise Refusal(
            f"The group {groups[0]} can't own an application.",
            next="Name people or service principals with --owner.",
            exit_code=2,
        )
    ids = {one.object_id.lower() for one in wanted}
    there = {one.id for one in present}
    adds = [
        Change(f"add-owner:{one.object_id.lower()}", f"add owner {one.label}", body={"id": one.object_id.lower()},
               makes=(f"owner:{one.object_id.lower()}",))
        for one in wanted
        if one.object_id.lower() not in there
    ]  # fmt: skip
    ours = [one for one in present if f"owner:{one.id}" in made and one.id not in ids]
    notes = []
    if ours and len(ours) == len(present) and not adds:
        notes.append(f"{ours[0].label} stays an owner: an application without one is hard to look after.")
        ours = ours[1:]
    removals = [
        Change(f"remove-owner:{one.id}", f"remove owner {one.label}", body={"id": one.id}, unmakes=(f"owner:{one.id}",))
        for one in ours
    ]
    others = [one.label for one in present if f"owner:{one.id}" not in made and one.id not in ids]
    if others:
        notes.append(f"Other owners are kept: {', '.join(others)}")
    return Parts((), (*adds, *removals), tuple(notes))

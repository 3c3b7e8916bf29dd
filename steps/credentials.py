"""What is planned beside a registration's own settings: federated credentials and owners. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from cloud.application_links import Federated, Owner
from cloud.errors import Refusal
from cloud.lookups import Principal
from steps.model import Change, Values
from steps.wanted import FederatedCredential

MOST_FEDERATED = 20
"""Of one application. Source: "federatedIdentityCredential resource type" in the Microsoft Graph reference."""


@dataclass(frozen=True)
class Parts:
    """A part of the step's plan."""

    first: tuple[Change, ...] = ()
    """What has to be done before anything else, so that a second interruption finds it recorded."""
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    values: Values = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    """What is recorded as made, and isn't there any more."""
    unrecorded: tuple[str, ...] = ()
    """What carries our mark, and isn't recorded."""


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


def plan_owners(
    present: tuple[Owner, ...], made: frozenset[str], wanted: tuple[Principal, ...] | None, creator: str = ""
) -> Parts:
    """Add those wanted, remove ours that are not, but never the last one; others' are kept.

    Whoever registers an application is made its owner by Graph: the `creator` stays one, and nothing is said of it.
    """
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
    known = {*ids, creator.lower()}
    others = [one.label for one in present if f"owner:{one.id}" not in made and one.id not in known]
    if others:
        notes.append(f"Other owners are kept: {', '.join(others)}")
    return Parts((), (*adds, *removals), tuple(notes))

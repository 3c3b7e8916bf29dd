"""The user-assigned identities that step 2 creates for the instance, and what breaks when it loses one. Pure.

An identity that this tool created is deleted once it is no longer wanted, if it still carries our mark: whoever means
to go on using it takes the tag `created-by` off.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cloud.errors import Refusal
from cloud.identities import UserIdentity, name_of
from cloud.instances import SYSTEM, Dependent
from steps.model import Ask, Change, Right
from steps.tags import marked
from steps.wanted import Wanted

CREATED = "identity:"
"""`identity:ID`, in lower case, is recorded for each identity that we have created."""
ACTION = "Microsoft.ManagedIdentity/userAssignedIdentities"


def create(identities: Mapping[str, UserIdentity | None], wanted: Wanted, location: str) -> tuple[Change, ...]:
    """Return the creations of the wanted identities that don't exist; Refusal (exit 2) when that was not asked for."""
    missing = [one for one in wanted.user_identities or () if identities.get(one.lower()) is None]
    if missing and not wanted.create_identities:
        raise Refusal(
            f"There is no user-assigned identity {', '.join(missing)}.",
            why="Either it does not exist, or this sign-in can't see it.",
            next="Name one that exists with --user-identity, or have it created with --create-identities.",
            exit_code=2,
        )
    return tuple(
        Change(
            f"create-identity:{one.lower()}",
            f"create user-assigned identity {name_of(one)} in {location}",
            body={"id": one, "location": location},
            makes=(CREATED + one.lower(),),
            rights=(Right(f"{ACTION}/write", one),),
        )
        for one in missing
    )


def delete(
    identities: Mapping[str, UserIdentity | None], made: Collection[str], kept: Collection[str]
) -> tuple[Change, ...]:
    """Return the deletions of the identities that we created, without those in `kept`."""
    return tuple(
        Change(
            f"delete-identity:{low}",
            f"delete user-assigned identity {name_of(one.id)}",
            body={"id": one.id},
            unmakes=(CREATED + low,),
            rights=(Right(f"{ACTION}/delete", one.id),),
        )
        for low, one in identities.items()
        if one and CREATED + low in made and low not in kept and marked(one.tags)
    )


def ask(
    instance: str, lost: Collection[str], dependents: tuple[Dependent, ...], made: Collection[str], wanted: Wanted
) -> tuple[Ask | None, tuple[str, ...]]:
    """Return the question whether what uses the lost identities may break, unless answered, and what breaks.

    `made` is what any step has made. Making the endpoints again, or deleting them, is step 7's.
    """
    broken = [one for one in dependents if one.uses in lost]
    about = tuple(f"The {one.kind} {one.name} uses {_named(one.uses)}: {_fate(one, made, wanted)}." for one in broken)
    if not broken or wanted.answers.get("yes_break"):
        return None, about
    lose = " and ".join(_named(one) for one in sorted(lost))
    return Ask("yes_break", f"Take {lose} from instance {instance}, and break what uses it?", about, required=True), ()


def _named(identity: str) -> str:
    return "the system-assigned identity" if identity == SYSTEM else f"user identity {name_of(identity)}"


def _fate(dependent: Dependent, made: Collection[str], wanted: Wanted) -> str:
    wished = {one.name.lower() for one in wanted.endpoints or ()}
    if dependent.kind == "endpoint" and dependent.name.lower() in wished:
        return "it is made again as it is wanted now"
    if f"endpoint:{dependent.name}" in made and dependent.kind == "endpoint" and wanted.endpoints is not None:
        return "it is deleted, as it is not wanted any more"
    return "it stops working until somebody deletes it and makes it again"

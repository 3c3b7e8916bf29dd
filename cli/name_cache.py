"""What the names in inputs stand for: looked up, or remembered from an earlier run."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from cli import unresolved
from cloud.identifiers import Principal, Role, is_guid
from engine.input import Lookup
from engine.refusal import Unknown
from state.document import KnownPrincipal, KnownRole, StateDocument
from steps.shared.names import Names

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.signin import SignedIn


class NameCache:
    """What names stand for. A name that is given anew is looked up anew; a remembered one is what it was then.

    Whom a step follows is looked for all the same, unless `follows` is false: in `destroy`, which names nobody anew.
    """

    def __init__(self, document: StateDocument | None, *, follows: bool = True) -> None:
        self._principals = {known.given: known for known in document.principals} if document else {}
        self._roles = {known.given: known for known in document.roles} if document else {}
        self._follows = follows
        self._used: list[Lookup] = []
        self._signed_in: SignedIn | None = None

    async def resolve(self, azure: Azure, lookups: list[Lookup], who: SignedIn) -> Names:
        """Return what the names stand for, looking up side by side. Refusal (exit 2) for one that isn't clear."""
        anew = {(lookup.kind, lookup.name) for lookup in lookups if not lookup.remembered}
        followed = {(lookup.kind, lookup.name) for lookup in lookups if lookup.followed and self._follows}
        # A name that is given anew anywhere is looked up anew, also where another input remembers it.
        fresh = (
            replace(
                lookup,
                remembered=(lookup.kind, lookup.name) not in anew,
                followed=(lookup.kind, lookup.name) in followed,
            )
            for lookup in lookups
        )
        self._used, self._signed_in = list(dict.fromkeys(fresh)), who
        typed = sorted(self._used, key=lambda lookup: bool(lookup.type))  # what is said of one holds for the same name
        people = {lookup.name: lookup for lookup in typed if lookup.kind == "principal"}
        roles = {(lookup.name, lookup.scope): lookup for lookup in self._used if lookup.kind == "role"}
        lost: dict[str, Unknown] = {}
        searches = (
            asyncio.gather(
                *(self._principal(azure, lookup, who, lost) for lookup in people.values()), return_exceptions=True
            ),
            asyncio.gather(*(self._role(azure, lookup) for lookup in roles.values()), return_exceptions=True),
        )
        found_people, found_roles, absent = await asyncio.gather(
            *searches, self._absent(azure, [lookup for lookup in people.values() if lookup.followed], who)
        )
        asked = [(lookup.kind, lookup.name) for lookup in (*people.values(), *roles.values())]
        unresolved.refuse(list(zip(asked, (*found_people, *found_roles), strict=True)), unresolved.sources_of(lookups))
        return Names(
            Principal(who.object_id, who.kind, who.name),
            {name: found for name, found in zip(people, found_people, strict=True) if isinstance(found, Principal)},
            {name: found for name, found in zip(roles, found_roles, strict=True) if isinstance(found, Role)},
            {**absent, **lost},
        )

    async def _principal(self, azure: Azure, lookup: Lookup, who: SignedIn, lost: dict[str, Unknown]) -> Principal:
        """Return who a name stands for; who it stood for, noted in `lost`, where it is followed and nobody any more."""
        from cloud import principals

        if lookup.name.lower() == who.object_id.lower():
            return Principal(who.object_id, who.kind, who.name)
        known = self._principals.get(lookup.name)
        if known is not None and lookup.remembered and not (lookup.followed and _is_resource(lookup)):
            return Principal(known.object_id, known.kind, known.label)
        try:
            found = await azure.once(principals.principal, lookup.name, lookup.type)
        except Unknown as refusal:
            if known is None or not lookup.followed:
                raise
            lost[lookup.name] = refusal
            return Principal(known.object_id, known.kind, known.label)
        self._principals[lookup.name] = KnownPrincipal(
            given=lookup.name, object_id=found.object_id, kind=found.kind, label=found.label
        )
        return found

    async def _absent(self, azure: Azure, followed: list[Lookup], who: SignedIn) -> dict[str, Unknown]:
        """Return, of remembered names that are followed, those whom the directory no longer knows, with a refusal.

        An object id that was given with its kind isn't asked for, and a resource is looked up itself.
        """
        from cloud import principals

        asked = {
            lookup.name: self._principals[lookup.name].object_id.lower()
            for lookup in followed
            if lookup.remembered
            and lookup.name in self._principals
            and not _is_resource(lookup)
            and not (lookup.type and is_guid(lookup.name))
        }
        asked = {name: object_id for name, object_id in asked.items() if object_id != who.object_id.lower()}
        absent = await principals.absent(azure, sorted(set(asked.values()))) if asked else frozenset()
        return {
            name: principals.nobody(name, f"The directory no longer knows the object id {object_id}, which it had.")
            for name, object_id in asked.items()
            if object_id in absent
        }

    async def _role(self, azure: Azure, lookup: Lookup) -> Role:
        from cloud import lookups

        known = self._roles.get(lookup.name)
        if known is not None and lookup.remembered:
            return Role(known.name, known.id)
        found = await azure.once(lookups.role, lookup.scope, lookup.name)
        self._roles[lookup.name] = KnownRole(given=lookup.name, name=found.name, id=found.id)
        return found

    def remember(self, document: StateDocument) -> None:
        """Write into the document what the names in its inputs stand for."""
        who, used = self._signed_in, [lookup.name for lookup in self._used if lookup.kind == "principal"]
        if who and document.inputs.get("assignee") == who.object_id:  # by default, and a later run may be another's
            used = [who.object_id, *(name for name in used if name != who.object_id)]
            self._principals[who.object_id] = KnownPrincipal(
                given=who.object_id, object_id=who.object_id, kind=who.kind, label=who.name
            )
        document.principals = [self._principals[name] for name in dict.fromkeys(used) if name in self._principals]
        document.roles = list(self._roles.values())


def _is_resource(lookup: Lookup) -> bool:
    """Whether a name is that of a resource, whose identity may be another one in each run."""
    return lookup.name.startswith("/")

"""What is seen of the app registration: our own, by its `uniqueName`; an adopted one, by its client id or its tag."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cloud import application_links, applications, client_secrets
from cloud.application_links import Federated, Owner
from cloud.applications import Registration
from cloud.directory import RECORDED_BOUND
from cloud.directory import found as found_in
from cloud.errors import Refusal
from cloud.recycle_bin import deleted_application
from cloud.waiting import poll
from steps.application import ADOPTED, APPLICATION, adoption_mark, unique_name
from steps.model import Context
from steps.secrets import FILE, Secrets, files
from steps.wanted import Application


@dataclass(frozen=True)
class Observed:
    """The application that is ours or is to be adopted, and what hangs on it."""

    found: Registration | None = None
    adopted: str = ""
    """The tag of an adopted one, whether it has it yet or not; "" for our own."""
    made: frozenset[str] = frozenset()
    deleted: Registration | None = None
    """Our application when somebody deleted it less than 30 days ago: it is restored, as nothing else can be made."""
    namesakes: tuple[Registration, ...] = ()
    """Others of the same display name, looked for only where ours isn't there."""
    owners: tuple[Owner, ...] = ()
    federated: tuple[Federated, ...] = ()
    secrets: Secrets | None = None
    """None where the registration is not wanted, and was not looked for."""
    creator: str = ""
    """Whose sign-in registers our own: Graph makes them an owner. "" where nothing is wanted of the owners."""
    graph: str = ""
    """Microsoft Graph's origin."""
    stays: str = ""
    """Where the registration is not wanted: the one that an earlier run made or adopted, in words."""


def left_out(context: Context) -> Observed:
    """Return what is known without a look: an application that an earlier run made or adopted stays."""
    verb = next((verb for thing, verb in ((ADOPTED, "adopted"), (APPLICATION, "made")) if thing in context.made), "")
    values = context.values
    stays = f"{values.get('app_name')} ({values.get('client_id')}), which this tool {verb}," if verb else ""
    return Observed(stays=stays)


async def look(context: Context, app: Application) -> Observed:
    """Find our application, and read its service principal and what else is wanted or recorded of it."""
    graph, made, recorded = context.azure.graph, context.made, context.values.get("client_id", "")
    is_known = "service_principal_id" in context.values

    async def expected() -> tuple[str, tuple[str, ...]]:
        """Read the service principal together with the application, where the state file says whose it is."""
        return await applications.principal(graph, recorded, sure=False) if recorded and is_known else ("", ())

    seen, early = await asyncio.gather(_find_with_its_secret(context, app), expected())
    seen = replace(seen, secrets=_secrets(context, app, seen.found or seen.deleted), graph=context.azure.cloud.graph)
    if seen.found is None:
        return seen
    found = seen.found

    async def its_principal() -> tuple[str, tuple[str, ...]]:
        if early[0] and found.client_id == recorded:
            return early
        return await applications.principal(graph, found.client_id, sure=not is_known)

    wants_owners = app.owners is not None
    wants_federated = app.federated is not None
    (principal, tags), owners, federated = await asyncio.gather(
        its_principal(),
        application_links.owners(graph, found.object_id) if wants_owners or _any("owner:", made) else _none(),
        application_links.federated(graph, found.object_id) if wants_federated or _any("federated:", made) else _none(),
    )
    found = replace(found, service_principal_id=principal, principal_tags=tags)
    creator = (await context.azure.credential.who()).object_id if wants_owners and not seen.adopted else ""
    return replace(seen, found=found, owners=owners, federated=federated, creator=creator)


def _any(prefix: str, made: frozenset[str]) -> bool:
    return any(one.startswith(prefix) for one in made)


async def _none() -> tuple[()]:
    return ()


def _secrets(context: Context, app: Application, found: Registration | None) -> Secrets:
    file = app.secret.file if app.secret else client_secrets.PRINTED
    begun = frozenset(one for one in context.begun if one.startswith(FILE))  # nobody else's: it is put there whole
    made = begun.union(one for one in context.made if one.startswith(("secret:", FILE)))
    return Secrets(
        present=found.passwords if found else (),
        made=made,
        interrupted=context.interrupted,
        key_id=context.values.get("secret_key_id", ""),
        file=context.values.get("secret_file", ""),
        file_there=client_secrets.file_there(file),
        file_problem=(client_secrets.file_problem(file) if app.secret else None) or "",
        now=datetime.now(UTC),
        written=client_secrets.written(files(made).values()),
        hint=client_secrets.hint_in(file),
    )


async def _find_with_its_secret(context: Context, app: Application) -> Observed:
    """Find it. A secret that the wanted file holds and nothing records may be too new for the replica that answers."""
    recorded = _any("secret:", context.made | context.begun)
    hint = client_secrets.hint_in(app.secret.file) if app.secret and not recorded else ""

    async def once() -> Observed:
        return await _find(context, app)

    def whole(seen: Observed) -> bool:
        return not (hint and seen.found) or hint in {one.hint for one in seen.found.passwords}

    try:
        return await poll(once, until=whole, bound=RECORDED_BOUND, what="the replication")
    except TimeoutError:
        return await once()


async def _find(context: Context, app: Application) -> Observed:
    graph, made, instance = context.azure.graph, context.made, context.wanted.instance_id
    name, mark, recorded = unique_name(instance), adoption_mark(instance), context.values.get("client_id", "")
    if app.app_id:
        named, own = await asyncio.gather(
            applications.by_client_id(graph, app.app_id, sure=app.app_id != recorded),
            applications.named(graph, name, sure=True),
        )
        return Observed(*_chosen(app.app_id, named, own, recorded if ADOPTED in made else "", mark), made)
    adopts = context.wanted.answers.get("adopt_app", False)
    if recorded and (ADOPTED in made or adopts):
        named = await applications.by_client_id(graph, recorded, sure=False)
        if named and (ADOPTED in made or mark in named.settings.tags):
            return Observed(named, mark, made)
    own = await applications.named(graph, name, sure=not recorded)
    if own:
        return Observed(own, made=made)
    quoted = app.name.replace("'", "''")
    deleted, marked, namesakes = await asyncio.gather(
        found_in(lambda: deleted_application(graph, name), sure=not recorded),
        applications.matching(graph, f"tags/any(t:t eq '{mark}')"),
        applications.matching(graph, f"displayName eq '{quoted}'"),
    )
    if marked and not adopts:
        raise Refusal(
            f"An earlier run adopted the application {marked[0].settings.name} for this instance.",
            why="The state file that says so isn't here. No second application is made.",
            next=f"Name it again: --app-id {marked[0].client_id}",
            exit_code=2,
        )
    if adopts and not deleted and len(marked or namesakes) == 1:
        return Observed((marked or namesakes)[0], mark, made)
    return Observed(made=made, deleted=deleted, namesakes=namesakes)


def _chosen(
    client_id: str, named: Registration | None, own: Registration | None, adopted: str, mark: str
) -> tuple[Registration, str]:
    """Return the registration that `--app-id` names, and the tag it is to have; Refusal when it can't be that one."""
    if named is None:
        raise Refusal(
            f"There is no application {client_id} in this tenant.",
            why="An application is adopted by its client id (also called application id), not by an object id.",
            next='az ad app list --show-mine --query "[].[appId, displayName]" --output table shows yours.',
            exit_code=2,
        )
    if own and own.client_id == named.client_id:
        return own, ""
    other = own.client_id if own else adopted
    if other and other.lower() != named.client_id.lower():
        raise Refusal(
            f"This deployment has an application already, {other}, so {client_id} is not adopted.",
            next="Leave --app-id away, or destroy the deployment first.",
            exit_code=2,
        )
    return named, mark

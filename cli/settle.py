"""Settles every input before the first write: what is given, what is remembered, what is asked, what is the default."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cli import wishes
from cli.gather import Given
from cli.inputs import BY_NAME, BadInput
from cli.wishes import value
from cloud import names
from cloud.errors import Refusal
from cloud.regions import region_code
from state.document import Inputs, KnownPrincipal, KnownRole, StateDocument
from steps.wanted import Role, Wanted

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.lookups import Principal, Subscription
    from cloud.signin import SignedIn

DATA_OWNER = wishes.APP_ROLES["owner"]
ANSWERS = ("yes_break", "adopt_app")
"""The inputs that answer what plans ask."""


class Questions(Protocol):
    """Asks a person. Every answer is checked as it is typed."""

    async def subscription(self, choices: list[Subscription], default: str | None) -> str:
        """Return the id of one of the subscriptions."""

    async def resource_group(self, existing: Mapping[str, str], default: str) -> str:
        """Return the name of an existing group, or a new one."""

    async def location(self, regions: Mapping[str, str], default: str) -> str:
        """Return a region's code name."""

    async def instance(self, taken: Callable[[str], Awaitable[str | None]], default: str) -> str:
        """Return an instance name; `taken` asks Azure why one can't be had."""

    async def app_name(self, default: str) -> str:
        """Return an application's display name."""


@dataclass(frozen=True)
class Manner:
    """How missing inputs are met: by asking, by the defaults, or not at all."""

    questions: Questions | None
    """None where nothing may be asked."""
    defaults: bool
    """`--yes`: take every default."""
    suggested_subscription: str | None = None
    """Which one to propose, and to take with `--yes`, where several are usable."""


async def settle_subscription(azure: Azure, given: Mapping[str, Given], manner: Manner, who: SignedIn) -> Subscription:
    """Return the subscription to work in. Refusal or BadInput when there is none, or none is chosen."""
    from cloud import lookups

    if "subscription" in given:
        chosen = await lookups.subscription(azure, str(given["subscription"].value))
    else:
        chosen = await _choose_subscription(await lookups.subscriptions(azure), given, manner, who)
    if chosen.tenant and chosen.tenant.lower() != who.tenant.lower():
        raise Refusal(
            f"The sign-in is for tenant {who.tenant}, but {chosen.name} belongs to tenant {chosen.tenant}.",
            why="Guests and personal accounts get a token of their home tenant unless they ask for another.",
            next=f"Sign in to the subscription's tenant: az login --tenant {chosen.tenant}",
            exit_code=2,
        )
    return chosen


async def _choose_subscription(
    visible: list[Subscription], given: Mapping[str, Given], manner: Manner, who: SignedIn
) -> Subscription:
    usable = [one for one in visible if one.usable]
    suggested = [one for one in usable if one.id == manner.suggested_subscription]
    if len(usable) == 1:
        return usable[0]
    if not usable:
        raise Refusal(
            f"{who.name} can use no subscription in tenant {who.tenant}.",
            why="Either nobody has given this identity a role in one, or the sign-in is for another tenant.",
            next="Ask an owner for a role, or sign in to the right tenant: az login --tenant TENANT_ID",
            exit_code=2,
        )
    if manner.defaults and suggested:
        return suggested[0]
    if manner.questions and not manner.defaults:
        chosen = await manner.questions.subscription(usable, suggested[0].id if suggested else None)
        return next(one for one in usable if one.id == chosen)
    listed = "\n".join(f"  {one.id}  {one.name}" for one in usable)
    others = (
        [] if manner.defaults else [name for name in ("resource_group", "location", "instance") if name not in given]
    )
    raise _missing(["subscription", *others], f"Several subscriptions are usable:\n{listed}\n")


def _missing(absent: list[str], before: str = "") -> BadInput:
    lines = "\n".join(f"  {BY_NAME[name].flag} {BY_NAME[name].metavar}  {BY_NAME[name].help}" for name in absent)
    hint = "" if absent == ["subscription"] else ", or take every default with --yes"
    return BadInput(f"{before}Missing, as nothing may be asked here:\n{lines}", f"Give them as flags{hint}.")


async def settle(  # noqa: PLR0917 - all of them are needed, and none is of the others' kind
    azure: Azure,
    given: Mapping[str, Given],
    manner: Manner,
    who: SignedIn,
    subscription: Subscription,
    known: Known,
    state_file: Path,
    *,
    has_app: bool = False,
) -> Wanted:
    """Return all inputs of a run. What `known` has looked up before is not looked up again.

    With `has_app` the application is among them even where it is left out: there is one to remove.
    """
    texts = {name: one.value for name, one in given.items() if isinstance(one.value, str)}
    no_app = bool(value(given, "no_app")) and not has_app
    if manner.questions and not manner.defaults:
        await _ask(azure, texts, manner.questions, who.tenant, subscription.id, no_app=no_app)
    elif not manner.defaults:
        absent = [name for name in ("resource_group", "location", "instance") if name not in texts]
        if absent:
            raise _missing(absent)
    instance = texts.get("instance") or names.default_instance(who.tenant, subscription.id)
    group = texts.get("resource_group") or names.default_group(who.tenant, subscription.id)
    group_id = f"/subscriptions/{subscription.id}/resourceGroups/{group}"
    identities = wishes.user_identities(given, group_id)

    async def role(named: str, scope: str = f"/subscriptions/{subscription.id}") -> Role:
        return await known.role(azure, scope, named)

    async def principal(named: str) -> Principal:
        return await known.principal(azure, named, who)

    endpoints = await wishes.endpoints(given, group_id, role)
    wishes.refuse_contradictions(endpoints, system_identity=value(given, "system_identity"), identities=identities)
    app = None
    if not no_app:
        app_name = texts.get("app_name") or default_app_name(instance)
        app = await wishes.application(given, app_name, state_file, role, principal, cloud=azure.cloud.name)
    access = {"enabled": "Enabled", "disabled": "Disabled"}.get(texts.get("public_network_access", ""))
    assignee, data_role = await asyncio.gather(
        principal(str(texts.get("assignee") or who.object_id)), role(texts.get("role") or DATA_OWNER)
    )
    return Wanted(
        tenant=who.tenant,
        subscription=subscription.id,
        resource_group=group,
        location=region_code(texts.get("location") or names.DEFAULT_LOCATION),
        instance=instance,
        assignee=assignee,
        role=data_role,
        app=app,
        tags=value(given, "tag"),
        public_network_access=access,  # type: ignore[arg-type]  # one of the two
        system_identity=value(given, "system_identity"),
        user_identities=identities,
        create_identities=bool(value(given, "create_identities")),
        endpoints=endpoints,
        routes=wishes.routes(given),
        renew_keys=bool(value(given, "renew_keys")),
        answers={name: bool(value(given, name)) for name in ANSWERS if name in given},
    )


def default_app_name(instance: str) -> str:
    """Return the display name proposed for the application of an instance."""
    return f"{instance}-app"


async def _ask(
    azure: Azure, texts: dict[str, str], questions: Questions, tenant: str, subscription: str, *, no_app: bool
) -> None:
    from cloud import lookups

    wanted = [name for name in ("resource_group", "location", "instance") if name not in texts]
    groups, regions = await asyncio.gather(
        lookups.groups(azure) if "resource_group" in wanted else _nothing(),
        lookups.regions(azure) if "location" in wanted else _nothing(),
    )
    if "resource_group" in wanted:
        default = names.default_group(tenant, subscription)
        texts["resource_group"] = await questions.resource_group(groups, default)
    if "location" in wanted:
        texts["location"] = await questions.location(regions, names.DEFAULT_LOCATION)
    if "instance" in wanted:
        default = names.default_instance(tenant, subscription)
        region = region_code(texts["location"])
        taken = partial(lookups.name_problem, azure, texts["resource_group"], region)
        texts["instance"] = await questions.instance(taken, default)
    if "app_name" not in texts and not no_app and wanted:
        texts["app_name"] = await questions.app_name(default_app_name(texts["instance"]))


async def _nothing() -> dict[str, str]:
    return {}


class Known:
    """What names stand for, remembered so that nothing is looked up twice, in this run or the next."""

    def __init__(self, document: StateDocument | None) -> None:
        self.principals = list(document.principals) if document else []
        self.roles = list(document.roles) if document else []

    async def principal(self, azure: Azure, named: str, who: SignedIn) -> Principal:
        """Return who is meant; Refusal (exit 2) when that is nobody, or several."""
        from cloud import lookups

        if named.lower() == who.object_id.lower():
            return lookups.Principal(who.object_id, who.kind, who.name)
        for one in self.principals:
            if one.given == named:
                return lookups.Principal(one.object_id, one.kind, one.label)
        found = await lookups.principal(azure, named)
        self.principals.append(
            KnownPrincipal(given=named, object_id=found.object_id, kind=found.kind, label=found.label)
        )
        return found

    async def role(self, azure: Azure, scope: str, named: str) -> Role:
        """Return the role that is meant at a scope; Refusal (exit 2) when there is none."""
        from cloud import lookups

        for one in self.roles:
            if one.given == named:
                return Role(one.name, one.id)
        name, identifier = await lookups.role_id(azure, scope, named)
        self.roles.append(KnownRole(given=named, name=name, id=identifier))
        return Role(name, identifier)


def remember(document: StateDocument, wanted: Wanted, given: Mapping[str, Given], known: Known) -> None:
    """Write the inputs, and what they stand for, into the state file's document."""
    said = {name: one.value for name, one in given.items() if BY_NAME[name].kept}
    settled = {
        "subscription": wanted.subscription,
        "tenant": wanted.tenant,
        "resource_group": wanted.resource_group,
        "location": wanted.location,
        "instance": wanted.instance,
        "assignee": said.get("assignee", wanted.assignee.object_id),
        "role": said.get("role", wanted.role.name),
        "no_app": bool(value(given, "no_app")),
    }
    if wanted.app:
        settled |= {"app_name": wanted.app.name, "reply_url": list(wanted.app.reply_urls)}
    answers = {name: answer for name, answer in wanted.answers.items() if BY_NAME[name].kept}
    document.inputs = Inputs(**{**(document.inputs.model_extra or {}), **said, **answers, **settled})
    who = wanted.assignee
    assignee = KnownPrincipal(given=str(settled["assignee"]), object_id=who.object_id, kind=who.kind, label=who.label)
    owners = {str(one) for one in value(given, "owner") or ()} - {assignee.given}
    document.principals = [assignee, *(one for one in known.principals if one.given in owners)]
    document.roles = known.roles

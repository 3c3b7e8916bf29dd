"""Settles every input before the first write: what is given, what is remembered, what is asked, what is the default."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from cli.inputs import BY_NAME, BadInput, Given
from cloud import names
from cloud.errors import Refusal
from cloud.regions import region_code
from state.document import Inputs, KnownAssignee, KnownRole, StateDocument
from steps.model import Wanted

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.lookups import Principal, Subscription
    from cloud.signin import SignedIn

DEFAULT_REPLY_URL = "http://localhost"


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
    known: StateDocument | None,
) -> Wanted:
    """Return all inputs of a run. `known` is the state file's document: what it looked up is not looked up again."""
    texts = {name: str(one.value) for name, one in given.items() if not isinstance(one.value, bool)}
    no_app = bool(given["no_app"].value) if "no_app" in given else False
    if manner.questions and not manner.defaults:
        await _ask(azure, texts, manner.questions, who.tenant, subscription.id, no_app=no_app)
    elif not manner.defaults:
        absent = [name for name in ("resource_group", "location", "instance") if name not in texts]
        if absent:
            raise _missing(absent)
    instance = texts.get("instance") or names.default_instance(who.tenant, subscription.id)
    assignee, (role, role_id) = await asyncio.gather(
        _assignee(azure, texts.get("assignee"), who, known.assignee if known else None),
        _role(azure, texts.get("role"), subscription.id, known.role if known else None),
    )
    return Wanted(
        tenant=who.tenant,
        subscription=subscription.id,
        resource_group=texts.get("resource_group") or names.default_group(who.tenant, subscription.id),
        location=region_code(texts.get("location") or names.DEFAULT_LOCATION),
        instance=instance,
        assignee=assignee,
        role=role,
        role_id=role_id,
        app=not no_app,
        app_name=texts.get("app_name") or default_app_name(instance),
        reply_url=texts.get("reply_url") or DEFAULT_REPLY_URL,
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


async def _assignee(azure: Azure, wanted: str | None, who: SignedIn, known: KnownAssignee | None) -> Principal:
    from cloud import lookups

    if wanted is None or wanted.lower() == who.object_id.lower():
        return lookups.Principal(who.object_id, who.kind, who.name)
    if known and known.given == wanted:
        return lookups.Principal(known.object_id, known.kind, known.label)
    return await lookups.principal(azure, wanted)


async def _role(azure: Azure, wanted: str | None, subscription: str, known: KnownRole | None) -> tuple[str, str]:
    from cloud import lookups

    if known and known.given == wanted:
        return known.name, known.id
    return await lookups.role_id(azure, subscription, wanted or lookups.DATA_OWNER)


def remember(document: StateDocument, wanted: Wanted, given: Mapping[str, Given]) -> None:
    """Write the inputs, and what they stand for, into the state file's document."""
    texts = {name: str(one.value) for name, one in given.items()}
    who, role = wanted.assignee, texts.get("role", wanted.role)
    document.assignee = KnownAssignee(
        given=texts.get("assignee", who.object_id), object_id=who.object_id, kind=who.kind, label=who.label
    )
    document.role = KnownRole(given=role, name=wanted.role, id=wanted.role_id)
    settled = Inputs(
        subscription=wanted.subscription,
        tenant=wanted.tenant,
        resource_group=wanted.resource_group,
        location=wanted.location,
        instance=wanted.instance,
        assignee=document.assignee.given,
        role=role,
        app_name=wanted.app_name,
        reply_url=wanted.reply_url,
        no_app=not wanted.app,
        arm_endpoint=texts.get("arm_endpoint"),
    )
    document.inputs = Inputs(**{**(document.inputs.model_extra or {}), **settled.model_dump()})

"""Settles every input before the first write: given, remembered, asked or the default; then the desired states."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from cli.sources import BY_NAME
from cloud.identifiers import Principal, Role, region_code
from cloud.sign_in_advice import az_login
from engine.context import Target
from engine.input import Given, Lookup, flag_of, text_of
from engine.refusal import BadInput, Refusal
from state.document import KnownPrincipal, KnownRole, StateDocument
from steps import STEPS
from steps.shared import target as defaults
from steps.shared.names import Names

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.lookups import Subscription
    from cloud.signin import SignedIn

ASKED = "your answer"
"""The source of a value that was typed."""
_ALWAYS_ASKED = ("resource_group", "location", "instance")


class Questions(Protocol):
    """Asks a person. Every answer is checked as it is typed."""

    async def subscription(self, choices: list[Subscription], default: str | None) -> str:
        """Return the id of one of the subscriptions."""

    async def resource_group(self, existing: Mapping[str, str], default: str) -> str:
        """Return the name of an existing group, or a new one."""

    async def location(self, regions: Mapping[str, str], default: str) -> str:
        """Return a region's code name."""

    async def instance(self, name_problem: Callable[[str], Awaitable[str | None]], default: str) -> str:
        """Return an instance name; `name_problem` asks Azure why a name can't be had."""

    async def app_name(self, default: str) -> str:
        """Return an application's display name."""


@dataclass(frozen=True)
class PromptPolicy:
    """How missing inputs are settled: by asking, by the defaults, or not at all."""

    questions: Questions | None
    """None where nothing may be asked."""
    defaults: bool
    """`--yes`: use every default."""
    suggested_subscription: str | None = None
    """Which one to propose, and to use with `--yes`, where several are usable."""

    @property
    def asks(self) -> Questions | None:
        """The questions to ask; None with `--yes` or without a terminal."""
        return None if self.defaults else self.questions


@dataclass(frozen=True)
class Resolved:
    """All inputs of a run, settled: nothing in them is asked, defaulted or looked up any more."""

    target: Target
    given: Mapping[str, Given]
    """With what was typed."""
    names: NameCache
    desired: Mapping[str, object] = field(default_factory=dict)
    """By the key of the step."""

    @property
    def answers(self) -> dict[str, bool]:
        """Answers to what plans ask, that were given beforehand."""
        return {name: bool(value.value) for name, value in self.given.items() if BY_NAME[name].answers}


async def resolve_subscription(
    azure: Azure, given: Mapping[str, Given], policy: PromptPolicy, who: SignedIn
) -> Subscription:
    """Return the subscription to work in. Refusal or BadInput when there is none, or none is chosen."""
    from cloud import lookups

    if "subscription" in given:
        chosen = await lookups.subscription(azure, str(given["subscription"].value))
    else:
        chosen = await _choose_subscription(await lookups.subscriptions(azure), given, policy, who)
    if chosen.tenant and chosen.tenant.lower() != who.tenant.lower():
        raise Refusal(
            f"The sign-in is for tenant {who.tenant}, but {chosen.name} belongs to tenant {chosen.tenant}.",
            why="Guests and personal accounts get a token of their home tenant unless they ask for another.",
            next=f"Sign in to the subscription's tenant: {az_login(chosen.tenant)}",
            exit_code=2,
        )
    return chosen


async def _choose_subscription(
    visible: list[Subscription], given: Mapping[str, Given], policy: PromptPolicy, who: SignedIn
) -> Subscription:
    usable = [subscription for subscription in visible if subscription.usable]
    suggested = [subscription for subscription in usable if subscription.id == policy.suggested_subscription]
    if len(usable) == 1:
        return usable[0]
    if not usable:
        raise Refusal(
            f"{who.name} can use no subscription in tenant {who.tenant}.",
            why="Either nobody has given this identity a role in a subscription, or the sign-in is for another tenant.",
            next=f"Ask an owner for a role, or sign in to the right tenant: {az_login('TENANT_ID')}",
            exit_code=2,
        )
    if policy.defaults and suggested:
        return suggested[0]
    if policy.asks:
        chosen = await policy.asks.subscription(usable, suggested[0].id if suggested else None)
        return next(subscription for subscription in usable if subscription.id == chosen)
    listed = "\n".join(f"  {subscription.id}  {subscription.name}" for subscription in usable)
    others = [] if policy.defaults else [name for name in _ALWAYS_ASKED if name not in given]
    raise _missing(["subscription", *others], f"Several subscriptions are usable:\n{listed}\n")


def _missing(absent: list[str], before: str = "") -> BadInput:
    lines = "\n".join(f"  {BY_NAME[name].flag} {BY_NAME[name].metavar}  {BY_NAME[name].help}" for name in absent)
    hint = "" if absent == ["subscription"] else ", or use every default with --yes"
    what = f"{before}These inputs are missing, and there is no terminal to ask in:\n{lines}"
    return BadInput(what, f"Give them as flags{hint}.")


async def resolve(  # noqa: PLR0917 - all of them are needed, and none is of the others' kind
    azure: Azure,
    given: Mapping[str, Given],
    policy: PromptPolicy,
    who: SignedIn,
    names: NameCache,
    folder: str,
) -> Resolved:
    """Settle all inputs: ask for what is missing, look up names, and have each step compute its desired state.

    `folder` is where the state file is. Raises BadInput for what is missing or contradicts, and Refusal for names that
    stand for nothing.
    """
    given = dict(given)
    if policy.asks:
        given |= await _ask(azure, given, policy.asks, who.tenant)
    elif not policy.defaults:
        absent = [name for name in _ALWAYS_ASKED if name not in given]
        if absent:
            raise _missing(absent)
    cloud, subscription = azure.cloud, azure.subscription
    target = Target(
        tenant=who.tenant,
        subscription=subscription,
        resource_group=text_of(given, "resource_group") or defaults.default_group(who.tenant, subscription),
        location=region_code(text_of(given, "location") or defaults.DEFAULT_LOCATION),
        instance=text_of(given, "instance") or defaults.default_instance(who.tenant, subscription),
        cloud=cloud.name,
        login=cloud.login,
        graph=cloud.graph,
        portal=cloud.portal,
        folder=folder,
    )
    resolved = await names.resolve(azure, [lookup for step in STEPS for lookup in step.lookups(given, target)], who)
    return Resolved(target, given, names, {step.key: step.desired(given, target, resolved) for step in STEPS})


async def _ask(azure: Azure, given: Mapping[str, Given], questions: Questions, tenant: str) -> dict[str, Given]:
    """Ask for what is missing, and return the answers as inputs."""
    from cloud import lookups

    missing = [name for name in _ALWAYS_ASKED if name not in given]
    subscription, texts = azure.subscription, dict[str, str]()
    groups, regions = await asyncio.gather(
        lookups.groups(azure) if "resource_group" in missing else _nothing(),
        lookups.regions(azure) if "location" in missing else _nothing(),
    )
    if "resource_group" in missing:
        texts["resource_group"] = await questions.resource_group(groups, defaults.default_group(tenant, subscription))
    if "location" in missing:
        texts["location"] = await questions.location(regions, defaults.DEFAULT_LOCATION)

    def answer(name: str) -> str:
        return texts.get(name) or str(given[name].value)

    if "instance" in missing:
        problem = partial(lookups.name_problem, azure, answer("resource_group"), region_code(answer("location")))
        texts["instance"] = await questions.instance(problem, defaults.default_instance(tenant, subscription))
    if "app_name" not in given and not flag_of(given, "no_app") and missing:
        texts["app_name"] = await questions.app_name(f"{answer('instance')}-app")
    return {name: Given(text, ASKED) for name, text in texts.items()}


async def _nothing() -> dict[str, str]:
    return {}


class NameCache:
    """What names stand for. A name that is given anew is looked up anew; a remembered one is what it was then."""

    def __init__(self, document: StateDocument | None) -> None:
        self._principals = {known.given: known for known in document.principals} if document else {}
        self._roles = {known.given: known for known in document.roles} if document else {}
        self._used: list[Lookup] = []
        self._signed_in: SignedIn | None = None

    async def resolve(self, azure: Azure, lookups: list[Lookup], who: SignedIn) -> Names:
        """Return what the names stand for, looking up side by side. Refusal (exit 2) for one that isn't clear."""
        anew = {(lookup.kind, lookup.name) for lookup in lookups if not lookup.remembered}
        # A name that is given anew anywhere is looked up anew, also where another input remembers it.
        fresh = (replace(lookup, remembered=(lookup.kind, lookup.name) not in anew) for lookup in lookups)
        self._used, self._signed_in = list(dict.fromkeys(fresh)), who
        typed = sorted(self._used, key=lambda lookup: bool(lookup.type))  # what is said of one holds for the same name
        people = {lookup.name: lookup for lookup in typed if lookup.kind == "principal"}
        roles = {(lookup.name, lookup.scope): lookup for lookup in self._used if lookup.kind == "role"}
        found_people, found_roles = await asyncio.gather(
            asyncio.gather(*(self._principal(azure, lookup, who) for lookup in people.values())),
            asyncio.gather(*(self._role(azure, lookup) for lookup in roles.values())),
        )
        return Names(
            Principal(who.object_id, who.kind, who.name),
            dict(zip(people, found_people, strict=True)),
            dict(zip(roles, found_roles, strict=True)),
        )

    async def _principal(self, azure: Azure, lookup: Lookup, who: SignedIn) -> Principal:
        from cloud import lookups

        if lookup.name.lower() == who.object_id.lower():
            return Principal(who.object_id, who.kind, who.name)
        known = self._principals.get(lookup.name)
        if known is not None and lookup.remembered:
            return Principal(known.object_id, known.kind, known.label)
        found = await lookups.principal(azure, lookup.name, lookup.type)
        self._principals[lookup.name] = KnownPrincipal(
            given=lookup.name, object_id=found.object_id, kind=found.kind, label=found.label
        )
        return found

    async def _role(self, azure: Azure, lookup: Lookup) -> Role:
        from cloud import lookups

        known = self._roles.get(lookup.name)
        if known is not None and lookup.remembered:
            return Role(known.name, known.id)
        found = await lookups.role(azure, lookup.scope, lookup.name)
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
        document.principals = [self._principals[name] for name in used if name in self._principals]
        document.roles = list(self._roles.values())


def remember(document: StateDocument, resolved: Resolved, answers: Mapping[str, bool]) -> None:
    """Write the inputs, the answers and what names stand for into the state file's document."""
    target = resolved.target
    unknown = {name: value for name, value in document.inputs.items() if name not in BY_NAME}
    settled: dict[str, Any] = {}
    for step in STEPS:
        settled |= step.settled(resolved.desired[step.key])
    kept = {name: value.value for name, value in resolved.given.items() if BY_NAME[name].kept}
    answered = {name: answer for name, answer in answers.items() if BY_NAME[name].kept}
    places = {
        "subscription": target.subscription,
        "tenant": target.tenant,
        "resource_group": target.resource_group,
        "location": target.location,
        "instance": target.instance,
    }
    document.inputs = {**unknown, **settled, **kept, **answered, **places}
    resolved.names.remember(document)

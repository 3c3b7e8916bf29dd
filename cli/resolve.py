"""Settles every input before the first write: given, remembered, asked or the default; then the desired states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from cli.asking import ALWAYS_ASKED, Questions, ask_missing, default_region
from cli.name_cache import NameCache
from cli.sources import BY_NAME, is_kept
from cli.unresolved import Wrong
from cloud.data_actions import WRITE_MODELS, WRITE_ROUTES
from cloud.identifiers import DATA_OWNER, region_code
from cloud.sign_in_advice import az_login
from engine.context import Target
from engine.input import Given, Lookup, text_of
from engine.refusal import BadInput, Refusal
from state.document import StateDocument
from state.proposals import Proposals
from steps import STEPS
from steps.shared import target as defaults

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.lookups import Subscription
    from cloud.signin import SignedIn
    from engine.context import Reads
    from steps.step_03_role.inputs import DesiredRoles
    from steps.step_08_routes.inputs import DesiredRoutes
    from steps.step_10_models.inputs import DesiredModels


@dataclass(frozen=True)
class PromptPolicy:
    """How missing inputs are settled: by asking, by the defaults, or not at all."""

    questions: Questions | None
    """None where nothing may be asked."""
    defaults: bool
    """`--yes`: use every default."""
    suggested_subscription: str | None = None
    """Which one to propose, and to use with `--yes`, where several are usable."""
    proposals: Proposals = field(default_factory=lambda: Proposals(None))
    """Answers of an earlier run that came to nothing, proposed again where questions are asked."""
    deployment: str = ""
    """Default names take it in."""

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
        chosen = await azure.once(lookups.subscription, str(given["subscription"].value))
    else:
        chosen = await _choose_subscription(await azure.once(lookups.subscriptions), given, policy, who)
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
        known = policy.proposals.subscription or (suggested[0].id if suggested else None)
        chosen = await policy.asks.subscription(usable, known)
        return next(subscription for subscription in usable if subscription.id == chosen)
    listed = "\n".join(f"  {subscription.id}  {subscription.name}" for subscription in usable)
    others = [] if policy.defaults else [name for name in ALWAYS_ASKED if name not in given]
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
    read: Reads,
) -> Resolved:
    """Settle all inputs: ask for what is missing, look up names, and have each step compute its desired state.

    `folder` is where the state file is; what `read` has asked, the walk that follows needn't ask. Raises BadInput for
    what is missing or contradicts, and Refusal for names that stand for nothing.
    """
    given = dict(given)
    if policy.asks:
        given |= await ask_missing(azure, given, policy.asks, who.tenant, policy.proposals, read, policy.deployment)
    elif not policy.defaults:
        absent = [name for name in ALWAYS_ASKED if name not in given]
        if absent:
            raise _missing(absent)
    cloud, subscription = azure.cloud, azure.subscription
    group = text_of(given, "resource_group") or defaults.default_group(who.tenant, subscription, policy.deployment)
    target = Target(
        tenant=who.tenant,
        subscription=subscription,
        resource_group=group,
        location=region_code(text_of(given, "location") or await default_region(azure, group, read)),
        instance=text_of(given, "instance") or defaults.default_instance(who.tenant, subscription, policy.deployment),
        cloud=cloud.name,
        login=cloud.login,
        graph=cloud.graph,
        portal=cloud.portal,
        folder=folder,
        deployment=policy.deployment,
    )
    wrong, lookups = Wrong(), list[Lookup]()
    for step in STEPS:
        with wrong.collected():
            lookups += step.lookups(given, target)
    wrong.refuse()
    resolved = await names.resolve(azure, lookups, who)
    desired: dict[str, object] = {}
    for step in STEPS:
        with wrong.collected():
            desired[step.key] = step.desired(given, target, resolved)
    wrong.refuse()
    return Resolved(target, given, names, desired)


def remember(document: StateDocument, resolved: Resolved, answers: Mapping[str, bool]) -> None:
    """Write the inputs, the answers and what names stand for into the state file's document."""
    target = resolved.target
    unknown = {name: value for name, value in document.inputs.items() if name not in BY_NAME}
    settled: dict[str, Any] = {}
    for step in STEPS:
        settled |= step.settled(resolved.desired[step.key])
    kept = {name: value.value for name, value in resolved.given.items() if is_kept(BY_NAME[name], value.value)}
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


def role_warning(resolved: Resolved, who: SignedIn) -> str:
    """Return a warning where the signed-in identity is to write to the instance and gets no role for that; else ""."""
    desired, roles = resolved.desired, cast("DesiredRoles", resolved.desired["role"])
    for wanted, what, action in (
        (cast("DesiredRoutes", desired["routes"]).routes, "Event routes are created", WRITE_ROUTES),
        (cast("DesiredModels", desired["models"]).paths, "Models are uploaded", WRITE_MODELS),
    ):
        if wanted and not roles.has(who.object_id, action):
            return f"{what} as {who.name}, who needs a role that allows it and is given none: {DATA_OWNER}."
    return ""

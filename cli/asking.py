"""Asking for the inputs that are missing, each with a proposal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol

from cloud.identifiers import region_code
from engine.input import ASKED, Given, flag_of
from state.proposals import Proposals
from steps.shared import target as defaults

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.lookups import Subscription
    from engine.context import Reads

ALWAYS_ASKED = ("resource_group", "location", "instance")


class Questions(Protocol):
    """Asks a person. Every answer is checked when it is given."""

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


async def ask_missing(  # noqa: PLR0917 - each is of another kind
    azure: Azure,
    given: Mapping[str, Given],
    questions: Questions,
    tenant: str,
    proposals: Proposals,
    read: Reads,
    deployment: str = "",
) -> dict[str, Given]:
    """Ask for what is missing, and return the answers as inputs. Each is kept as a proposal as soon as it is given.

    Default names have the name of the `deployment` in them.
    """
    from cloud import lookups

    missing = [name for name in ALWAYS_ASKED if name not in given]
    subscription, texts = azure.subscription, dict[str, str]()
    earlier = proposals.answers(subscription)
    groups, regions = await asyncio.gather(
        lookups.groups(azure) if "resource_group" in missing else _nothing(),
        lookups.regions(azure) if "location" in missing else _nothing(),
    )

    def answer(name: str) -> str:
        return texts.get(name) or str(given[name].value)

    def keep(name: str, text: str) -> None:
        texts[name] = text
        proposals.keep(subscription, name, text)

    def proposal(name: str, follows: str, default: str) -> str:
        """Return the earlier answer, unless what it followed from is another now."""
        holds = earlier.get(follows, answer(follows)) == answer(follows)
        return earlier[name] if name in earlier and holds else default

    if "resource_group" in missing:
        default = earlier.get("resource_group", defaults.default_group(tenant, subscription, deployment))
        keep("resource_group", await questions.resource_group(groups, default))
    if "location" in missing:
        group = answer("resource_group")
        found = groups.get(group) if groups else await group_region(azure, group, read)
        usual = found if found in regions else defaults.DEFAULT_LOCATION
        keep("location", await questions.location(regions, proposal("location", "resource_group", usual)))
    if "instance" in missing:
        problem = partial(lookups.name_problem, azure, answer("resource_group"), region_code(answer("location")))
        default = earlier.get("instance", defaults.default_instance(tenant, subscription, deployment))
        keep("instance", await questions.instance(problem, default))
    if "app_name" not in given and not flag_of(given, "no_app") and missing:
        usual = f"{answer('instance')}-app"
        keep("app_name", await questions.app_name(proposal("app_name", "instance", usual)))
    return {name: Given(text, ASKED) for name, text in texts.items()}


async def group_region(azure: Azure, group: str, read: Reads) -> str | None:
    """Return the region of a resource group; None where there is no such group, or Azure won't say."""
    from azure.core.exceptions import HttpResponseError

    from steps.step_01_resource_group.azure import read_group

    try:
        found = await read(read_group, azure, group)
    except HttpResponseError:
        return None
    return found.location if found else None


async def default_region(azure: Azure, group: str, read: Reads) -> str:
    """Return the region that is taken where nobody says: the group's, where Digital Twins is offered there."""
    from cloud import lookups

    found = await group_region(azure, group, read)
    if found is None or found == defaults.DEFAULT_LOCATION or found not in await lookups.regions(azure):
        return defaults.DEFAULT_LOCATION
    return found


async def _nothing() -> dict[str, str]:
    return {}

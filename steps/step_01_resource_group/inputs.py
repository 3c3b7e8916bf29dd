"""The inputs of the resource group, and the group that they ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.validation import group_name_problem, region_problem, tag_name_problem
from engine.context import Target
from engine.input import Given, Input, pairs_of
from steps.shared.identities import user_identity_ids

INPUTS = (
    Input(
        "resource_group",
        "Resource group, new or existing.",
        "NAME",
        group_name_problem,
        group="Where",
        identifies=True,
    ),
    Input("location", "Region, by name or display name.", "REGION", region_problem, group="Where"),
    Input("tag", "Tag of the group and the instance.", "NAME=VALUE", tag_name_problem, kind="pairs", group="Where"),
)


@dataclass(frozen=True)
class DesiredGroup:
    """The group, and its tags."""

    target: Target
    tags: Mapping[str, str] | None = None
    """None: not mentioned, left as they are in Azure. Empty: the user wants none; those that this tool set go."""
    user_identities: tuple[str, ...] = ()
    """Resource ids of the instance's user-assigned identities, which may be in the group."""
    shared: bool = False
    """Other deployments of the settings file, which stay or go later, are in the group, and tag it."""
    created_by_others: bool = False
    """Another deployment of the settings file has recorded the group as created by this tool."""
    kept_for: str = ""
    """In `destroy`: deployments of the settings file that have recorded it so, and stay or go later; "" for none."""
    going: tuple[str, ...] = ()
    """In `destroy`: ids of the instances of deployments in the group that are removed before this one."""


def desired_group(given: Mapping[str, Given], target: Target) -> DesiredGroup:
    """Return the group of the target, with the tags that are given."""
    return DesiredGroup(target, pairs_of(given, "tag"), user_identity_ids(given, target) or ())

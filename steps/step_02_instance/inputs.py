"""The inputs of the instance, and the instance that they ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.validation import instance_name_problem
from engine.context import Target
from engine.input import ASKED, Given, Input, OneOf, flag_of, items_of, list_of, pairs_of, text_of
from engine.refusal import BadInput
from steps.shared.identities import user_identity_ids

INPUTS = (
    Input(
        "instance",
        "Name of the Digital Twins instance.",
        "NAME",
        instance_name_problem,
        group="Instance",
        identifies=True,
    ),
    Input(
        "public_network_access",
        "Whether the instance can be reached from the internet.",
        "enabled|disabled",
        OneOf("enabled", "disabled"),
        group="Instance",
    ),
    Input("system_identity", "Give the instance an identity of its own.", "", kind="flag", group="Instance"),
    Input(
        "user_identity",
        "User-assigned identity, by name in the group or resource id.",
        "NAME|ID",
        kind="list",
        group="Instance",
    ),
    Input("create_identities", "Create the user identities that don't exist.", "", kind="flag", group="Instance"),
    Input(
        "yes_break",
        "Remove an identity even if endpoints still use it.",
        "",
        kind="flag",
        group="Instance",
        kept=False,
        answers=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class DesiredInstance:
    """The instance and its settings.

    None: not mentioned, left as it is in Azure. Empty: the user wants none; what this tool set or created is removed.
    """

    target: Target
    tags: Mapping[str, str] | None = None
    public_network_access: str | None = None
    """Enabled or Disabled."""
    system_identity: bool | None = None
    user_identities: tuple[str, ...] | None = None
    """Resource ids of the user-assigned identities."""
    create_identities: bool = False
    """Those of them that don't exist are created, in the instance's region."""
    endpoints: frozenset[str] | None = None
    """The lower-cased names of the endpoints that step 7 provides."""
    is_filled: bool = False
    """Routes or models are to be written into it."""
    region_source: str = ""
    """Where the region was given for this run: an instance elsewhere is refused. "" where it is a proposal."""

    @property
    def user_identities_by_id(self) -> dict[str, str]:
        """The user-assigned identities by lower-cased id, as the user spells them."""
        return {identity.lower(): identity for identity in self.user_identities or ()}

    def refuse_other_region(self, location: str) -> None:
        """Raise BadInput when the instance is in another region than was given for this run."""
        if self.region_source and location != self.target.location:
            raise BadInput(
                f"Instance {self.target.instance} is in {location}; you asked for {self.target.location} "
                f"(from {self.region_source}).",
                f"Leave the region out, or give {location}; or give another --instance a region of its own.",
                why="Azure can't move an instance to another region.",
            )


def desired_instance(given: Mapping[str, Given], target: Target) -> DesiredInstance:
    """Return the instance of the target with the settings that are given."""
    access = text_of(given, "public_network_access")
    endpoints, region = items_of(given, "endpoint"), given.get("location")
    return DesiredInstance(
        target=target,
        tags=pairs_of(given, "tag"),
        public_network_access=access and access.capitalize(),
        system_identity=flag_of(given, "system_identity"),
        user_identities=user_identity_ids(given, target),
        create_identities=bool(flag_of(given, "create_identities")),
        endpoints=None if endpoints is None else frozenset(endpoint["name"].lower() for endpoint in endpoints),
        is_filled=bool(items_of(given, "route") or list_of(given, "models")),
        region_source=region.source if region and not region.quiet and region.source != ASKED else "",
    )


def unavailable_name(name: str, location: str, why: str) -> BadInput:
    """Return the refusal of a name that an instance in this region can't have, with the reason in Azure's words."""
    return BadInput(
        f"The instance name {name} is not available in {location}.",
        "Choose another with --instance.",
        why=f"Names are unique per region, across all customers. Azure says: {why}",
    )

"""One state file is one deployment: names other than its own are refused before anything is asked of Azure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli.stores import Place
from engine.input import Given
from engine.refusal import BadInput
from state.blob_address import BlobAddress
from state.document import StateDocument

if TYPE_CHECKING:
    from cloud.azure_clouds import Cloud


def refuse_other_names(document: StateDocument, given: Mapping[str, Given], cloud: str, file: Place) -> None:
    """Raise BadInput for another cloud, told by its Resource Manager, group or instance than the state file's."""
    if cloud.lower() != document.belongs_to.cloud.lower():
        raise _another(file, "cloud", document.belongs_to.cloud, cloud)
    for name in ("resource_group", "instance"):
        known, named = document.inputs.get(name), given.get(name)
        if known and named and str(known).lower() != str(named.value).lower():
            raise _another(file, name.replace("_", " "), str(known), str(named.value))


def refuse_other_subscription(document: StateDocument, cloud: str, tenant: str, subscription: str, file: Place) -> None:
    """Raise BadInput for another cloud, tenant or subscription than those of the state file."""
    belongs = document.belongs_to
    for what, known, named in (
        ("cloud", belongs.cloud, cloud),
        ("tenant", belongs.tenant, tenant),
        ("subscription", belongs.subscription, subscription),
    ):
        if known.lower() != named.lower():
            raise _another(file, what, known, named)


def refuse_other_storage(place: Place, cloud: Cloud) -> None:
    """Raise BadInput for a state that is kept in another cloud than the deployment."""
    # A cloud that an earlier version remembered has no suffix.
    if isinstance(place, BlobAddress) and cloud.storage and cloud.storage != place.suffix:
        from cloud.blobs import another_cloud

        raise another_cloud(str(place), cloud.storage)


def _another(file: Place, what: str, known: str, asked: str) -> BadInput:
    return BadInput(
        f"{file} belongs to {what} {known}; you asked for {asked}.",
        "For another deployment name another state file: --state OTHER.state.json",
    )

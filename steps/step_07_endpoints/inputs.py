"""The inputs of the endpoints, and the endpoints that they ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.validation import endpoint_name_problem
from engine.context import Target
from engine.input import Field, Given, Input, OneOf, flag_of
from engine.refusal import BadInput
from steps.shared.destinations import BY_INPUT_NAME
from steps.shared.event_routing import SYSTEM, Endpoint, desired_endpoints
from steps.shared.identities import user_identity_ids
from steps.shared.names import Names

INPUTS = (
    Input(
        "endpoint",
        "Endpoint for event routes.",
        "name=NAME,type=TYPE,destination=WHERE,...",
        kind="items",
        fields=(
            Field("name", "its name", endpoint_name_problem, required=True),
            Field("type", "eventhub, servicebus or eventgrid", OneOf(*BY_INPUT_NAME), required=True),
            Field(
                "destination", "NAMESPACE/HUB, NAMESPACE/TOPIC or TOPIC in the group, or a resource id", required=True
            ),
            Field("auth", "identity (the default; not for eventgrid) or key", OneOf("identity", "key")),
            Field(
                "identity", "a user-assigned identity, by name in the group or resource id, instead of the system one"
            ),
            Field("dead_letter", "ACCOUNT/CONTAINER in the group, or a resource id, for what can't be delivered"),
            Field(
                "role",
                "role of the identity on the destination, by name or id; none for none. Default: the data sender",
            ),
        ),
        group="Routing events",
    ),
    Input(
        "renew_keys",
        "Update key-based endpoints after their keys were regenerated.",
        "",
        kind="flag",
        group="Routing events",
        kept=False,
    ),
)


@dataclass(frozen=True)
class DesiredEndpoints:
    """The endpoints that the instance is to have."""

    target: Target
    endpoints: tuple[Endpoint, ...] | None
    """None: not mentioned, left as they are. Empty: what this tool created is deleted."""
    renew_keys: bool = False
    """Whether key-based endpoints are given their keys again: Azure doesn't tell which keys they have."""
    source: str = ""
    """Where the endpoints come from, as it is told after their names; "" where they aren't mentioned."""

    def has(self, name: str) -> bool:
        """Whether an endpoint of this name, in any case, is desired."""
        return any(endpoint.name.lower() == name.lower() for endpoint in self.endpoints or ())


def desired_state(given: Mapping[str, Given], target: Target, names: Names) -> DesiredEndpoints:
    """Return the endpoints. BadInput for an endpoint whose identity the same inputs take away from the instance."""
    endpoints = desired_endpoints(given, target, names)
    _refuse_absent_identities(endpoints or (), flag_of(given, "system_identity"), user_identity_ids(given, target))
    source = f" (from {given['endpoint'].source})" if "endpoint" in given else ""
    return DesiredEndpoints(target, endpoints, bool(flag_of(given, "renew_keys")), source)


def _refuse_absent_identities(
    endpoints: tuple[Endpoint, ...], system_identity: bool | None, user_identities: tuple[str, ...] | None
) -> None:
    lower = {identity.lower() for identity in user_identities or ()}
    for endpoint in endpoints:
        if endpoint.identity is None:
            continue
        if endpoint.identity == SYSTEM:
            if system_identity is False:
                raise BadInput(
                    f"Endpoint {endpoint.name} uses the instance's system identity, but --no-system-identity removes "
                    "it.",
                    "Use --system-identity, name a user identity, or use auth=key.",
                )
        elif user_identities is not None and endpoint.identity.lower() not in lower:
            raise BadInput(
                f"Endpoint {endpoint.name} uses {endpoint.identity}, which is not among the user identities.",
                f"Add it: --user-identity {endpoint.identity}",
            )

"""The roles that the desired endpoints need: step 6 has no inputs but those of other steps. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud.identifiers import BUILT_IN_ROLES, Role
from engine.context import Target
from engine.input import Given, flag_of
from steps.shared.destinations import CONTAINER, DESTINATIONS, ResourceKind
from steps.shared.event_routing import SYSTEM, Endpoint, desired_endpoints
from steps.shared.identities import name_of, user_identity_ids
from steps.shared.names import Names
from steps.shared.role_assignments import is_of_its_own


@dataclass(frozen=True)
class RequiredRole:
    """A role that an identity of the instance needs on a destination or a container."""

    identity: str
    """SYSTEM or the resource id of a user-assigned identity."""
    scope: str
    """The resource id of the destination or container."""
    role: Role
    endpoint: str
    """The name of an endpoint that needs it."""
    data_action: str = ""
    """What the role must allow at the scope; "" for the usual role, which allows it."""
    asks: str = field(default="", compare=False)
    """The data action that has to be allowed at the scope, which decides it; "" for all that the role gives."""

    @property
    def identity_key(self) -> str:
        """SYSTEM or the lower-cased id: the key of Instance.principals."""
        return identity_key(self.identity)

    @property
    def who(self) -> str:
        """The identity in words."""
        return "the instance's identity" if self.identity == SYSTEM else name_of(self.identity)


@dataclass(frozen=True)
class DesiredDestinationRoles:
    """The endpoints, whose identities need roles."""

    target: Target
    endpoints: tuple[Endpoint, ...] | None
    """None: not mentioned, and nothing is looked at. Empty: what this tool assigned is removed."""
    identities: frozenset[str] = frozenset()
    """The identities that the inputs give the instance: SYSTEM or lower-cased ids."""

    of_its_own: bool = False
    """Only assignments at the destinations themselves count."""

    @property
    def roles(self) -> tuple[RequiredRole, ...]:
        """The roles that the endpoints need, each once; `role=none` asks for none."""
        required: dict[tuple[str, str, str], RequiredRole] = {}
        for endpoint in self.endpoints or ():
            for role in _required_roles(endpoint):
                required.setdefault((role.identity_key, role.scope.lower(), role.role.id), role)
        return tuple(required.values())


def identity_key(identity: str) -> str:
    """Return the key of an identity in Instance.principals."""
    return identity if identity == SYSTEM else identity.lower()


def desired_destination_roles(given: Mapping[str, Given], target: Target, names: Names) -> DesiredDestinationRoles:
    """Return the endpoints and identities. BadInput for an endpoint that contradicts itself."""
    identities = frozenset(map(identity_key, user_identity_ids(given, target) or ()))
    return DesiredDestinationRoles(
        target,
        desired_endpoints(given, target, names),
        identities | ({SYSTEM} if flag_of(given, "system_identity") else set()),
        is_of_its_own(given),
    )


def _required_roles(endpoint: Endpoint) -> tuple[RequiredRole, ...]:
    if endpoint.identity is None or endpoint.role is None:
        return ()
    kind = DESTINATIONS[endpoint.type]
    data_action = "" if endpoint.role.id == _usual_role(kind).id else kind.send_action
    sender = RequiredRole(
        endpoint.identity, endpoint.destination, endpoint.role, endpoint.name, data_action, kind.send_action
    )
    if not endpoint.dead_letter:
        return (sender,)
    return (sender, RequiredRole(endpoint.identity, endpoint.dead_letter, _usual_role(CONTAINER), endpoint.name))


def _usual_role(kind: ResourceKind) -> Role:
    return Role(kind.sender_role, BUILT_IN_ROLES[kind.sender_role])

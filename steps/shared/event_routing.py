"""What steps 2, 6, 7 and 8 share of event routing: endpoints and routes as desired and as they exist. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from cloud.identifiers import Role
from engine.change import Difference
from engine.context import Target
from engine.input import FROM_STATE, Given, Lookup, items_of, told
from engine.record import Kind
from engine.refusal import BadInput
from steps.shared.destinations import (
    BY_INPUT_NAME,
    CONTAINER,
    DESTINATIONS,
    USER_IDENTITY,
    DestinationKind,
    ResourceKind,
    names,
    required_id,
)
from steps.shared.identities import name_of
from steps.shared.names import Names
from steps.shared.provisioning import FAILED, GOING

SYSTEM = "SystemAssigned"
"""The system-assigned identity, where a user-assigned identity has its resource id."""

ENDPOINT, ROUTE = Kind("endpoint", 1, in_instance=True), Kind("route", 1, in_instance=True)
SENDS_TO = Kind("sends", 3, shown=False, in_instance=True, is_setting=True)
"""Where a key-based endpoint sends events and dead letters, as Azure doesn't tell: NAME, and two lower-cased ids."""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint of the instance, as desired."""

    name: str
    type: str
    """A key of DESTINATIONS: EventHub, ServiceBus or EventGrid."""
    destination: str
    """The resource id of an event hub, a Service Bus topic or an Event Grid topic."""
    identity: str | None
    """SYSTEM, the id of a user-assigned identity, or None: based on a key."""
    dead_letter: str = ""
    """The resource id of a storage container; "" for none."""
    role: Role | None = None
    """The role of the identity on the destination; None to assign none."""

    @property
    def kind(self) -> DestinationKind:
        """The kind of its destination."""
        return DESTINATIONS[self.type]

    @property
    def uses_rule(self) -> bool:
        """Whether it uses the key of an authorization rule of its destination."""
        return self.identity is None and self.kind.has_rules

    @property
    def owns(self) -> tuple[str, ...]:
        """What is recorded of it once it is ours."""
        return (ENDPOINT.item(self.name), *((self.sends_to,) if self.identity is None else ()))

    @property
    def sends_to(self) -> str:
        """What is recorded of where it sends, if it is based on a key."""
        return SENDS_TO.item(self.name, self.destination.lower(), self.dead_letter.lower())


@dataclass(frozen=True)
class FoundEndpoint:
    """An endpoint that exists. Of a key-based endpoint Azure shows no key and, but for Event Grid, no destination."""

    name: str
    type: str
    identity: str | None
    """SYSTEM, the lower-cased id of a user-assigned identity, or None: based on a key."""
    destination: tuple[str, ...]
    """The lower-cased names of the namespace and the entity, or of the topic; empty where it isn't shown."""
    dead_letter: tuple[str, ...]
    """Those of the storage account and the container; empty for none, or where it isn't shown."""
    state: str
    """`provisioningState`."""


@dataclass(frozen=True)
class Route:
    """An event route of the instance."""

    name: str
    endpoint: str
    filter: str = "true"

    def agrees_with(self, other: Route) -> bool:
        """Whether the other route, of the same name, sends the same events to the same endpoint."""
        return (self.endpoint.lower(), self.filter) == (other.endpoint.lower(), other.filter)


@dataclass(frozen=True)
class _EndpointItem:
    """An item of the input `endpoint`, before the name of its role is resolved."""

    fields: Mapping[str, str]

    @property
    def label(self) -> str:
        return f"Endpoint {self.fields['name']}"

    @property
    def kind(self) -> DestinationKind:
        return BY_INPUT_NAME[self.fields["type"]]

    @property
    def is_keyed(self) -> bool:
        return self.fields.get("auth", "identity" if self.kind.allows_identity else "key") == "key"

    @property
    def role(self) -> str:
        """The name of the role; "" for none."""
        named = self.fields.get("role", self.kind.sender_role)
        return "" if self.is_keyed or named == "none" else named

    def refuse_contradictions(self) -> None:
        """Raise BadInput for fields that don't go together."""
        if not self.is_keyed and not self.kind.allows_identity:
            raise BadInput(
                f"{self.label}: endpoints to Event Grid can't use an identity.",
                "Omit auth, or use auth=key: a key is used.",
            )
        if self.is_keyed and {"identity", "role"} & set(self.fields):
            raise BadInput(f"{self.label} is based on a key: identity and role go with auth=identity.")

    def id_in(self, field: str, kind: ResourceKind, target: Target) -> str:
        """Return the resource id that a field stands for; BadInput for what is neither a name nor an id."""
        return required_id(kind, self.fields[field], target.group_id, f"{self.label}: {field}")

    def destination(self, target: Target) -> str:
        return self.id_in("destination", self.kind, target)

    def role_scope(self, target: Target) -> str:
        """Return the id of the resource group of the destination, where a role has to be assignable."""
        destination = self.destination(target)
        return destination[: destination.lower().index("/providers/")]


def endpoint_lookups(given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
    """Return the roles that endpoints name. BadInput for an endpoint that contradicts itself."""
    found = []
    for item in map(_EndpointItem, items_of(given, "endpoint") or ()):
        item.refuse_contradictions()
        if item.role and "role" in item.fields:
            remembered = given["endpoint"].source == FROM_STATE
            found.append(Lookup("role", item.role, item.role_scope(target), remembered, source=told(given, "endpoint")))
    return tuple(found)


def desired_endpoints(given: Mapping[str, Given], target: Target, names: Names) -> tuple[Endpoint, ...] | None:
    """Return the desired endpoints. None: not mentioned, left as they are. Empty: what this tool created is deleted.

    `names` has the roles of `endpoint_lookups`. Raises BadInput for an endpoint that contradicts itself.
    """
    items = items_of(given, "endpoint")
    return None if items is None else tuple(_endpoint(_EndpointItem(item), target, names) for item in items)


def _endpoint(item: _EndpointItem, target: Target, names: Names) -> Endpoint:
    item.refuse_contradictions()
    identity = None if item.is_keyed else SYSTEM
    if "identity" in item.fields:
        identity = item.id_in("identity", USER_IDENTITY, target)
    return Endpoint(
        name=item.fields["name"],
        type=item.kind.type,
        destination=item.destination(target),
        identity=identity,
        dead_letter=item.id_in("dead_letter", CONTAINER, target) if "dead_letter" in item.fields else "",
        role=names.role(item.role, item.role_scope(target)) if item.role else None,
    )


def owned_endpoint_items(name: str, owned: Collection[str]) -> tuple[str, ...]:
    """Return all that is recorded of the endpoint `name`."""
    sends_to = (item for item, parts in SENDS_TO.among(owned).items() if parts[0] == name)
    return tuple(sorted((*(item for item in owned if item == ENDPOINT.item(name)), *sends_to)))


def vanished_and_confirmed(
    endpoints: Mapping[str, FoundEndpoint], owned: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is recorded of endpoints that don't exist, and what is recorded of event routing besides.

    Routes count as confirmed: the step that creates them looks for them itself.
    """
    absent = sorted(name for name in ENDPOINT.names(owned) if name.lower() not in endpoints)
    vanished = tuple(item for name in absent for item in owned_endpoint_items(name, owned))
    recorded = (item for kind in (ENDPOINT, ROUTE, SENDS_TO) for item in kind.among(owned))
    return vanished, tuple(sorted(item for item in recorded if item not in vanished))


def same_kind(found: FoundEndpoint, desired: Endpoint) -> bool:
    """Whether an endpoint can become the desired one: its type and way of authentication can't be changed."""
    return found.type == desired.type and (found.identity is None) == (desired.identity is None)


def agrees(found: FoundEndpoint, desired: Endpoint, owned: Collection[str]) -> bool:
    """Whether an endpoint is as desired, as far as Azure and the record tell."""
    if not same_kind(found, desired) or found.destination not in ((), _names(desired.kind, desired.destination)):
        return False
    if desired.identity is None:
        return SENDS_TO.among(owned_endpoint_items(desired.name, owned)).keys() <= {desired.sends_to}
    dead_letter = _names(CONTAINER, desired.dead_letter) if desired.dead_letter else ()
    identity = SYSTEM if desired.identity == SYSTEM else desired.identity.lower()
    return (found.identity, found.dead_letter) == (identity, dead_letter)


def endpoint_differences(found: FoundEndpoint, desired: Endpoint) -> tuple[Difference, ...]:
    """Return in what an endpoint differs from what is desired, of what Azure shows."""
    dead_letter = _names(CONTAINER, desired.dead_letter) if desired.dead_letter else ()
    pairs = [("signs in", _how(found.identity), _how(desired.identity))]
    if desired.identity is not None:  # of an endpoint based on a key Azure shows neither
        pairs += [
            ("destination", "/".join(found.destination), "/".join(_names(desired.kind, desired.destination))),
            ("dead letters", "/".join(found.dead_letter), "/".join(dead_letter)),
        ]
    return tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])


def _how(identity: str | None) -> str:
    if identity is None:
        return "by key"
    return "as the instance" if identity == SYSTEM else f"as {name_of(identity.lower())}"


def _names(kind: ResourceKind, identifier: str) -> tuple[str, ...]:
    return tuple(name.lower() for name in names(kind, identifier))


def unrecorded_as_desired(
    endpoints: Mapping[str, FoundEndpoint], desired: Collection[Endpoint], owned: Collection[str]
) -> Iterator[str]:
    """Yield what would be recorded of the endpoints that are as desired, and that no step owns."""
    for endpoint in desired:
        found = endpoints.get(endpoint.name.lower())
        if found is None or ENDPOINT.item(found.name) in owned or found.state in GOING:
            continue
        if agrees(found, endpoint, owned):
            yield ENDPOINT.item(found.name)
            if endpoint.identity is None:
                yield endpoint.sends_to


def note_of_unrecorded(kind: Kind, names: Collection[str]) -> str:
    """Say that `destroy` keeps what is as desired in an instance of others, where no state file says whose it is."""
    named = ", ".join(kind.words(kind.item(name)) for name in sorted(names))
    return f"Kept: {named}. Not recorded as created by this tool; a run whose state was lost may have created it."


def leaving(
    endpoints: Mapping[str, FoundEndpoint], desired: tuple[Endpoint, ...] | None, owned: Collection[str]
) -> dict[str, str]:
    """Return our endpoints that are to be deleted, for good or to be created again, by lower-cased name with why."""
    if desired is None:
        return {}
    by_name = {endpoint.name.lower(): endpoint for endpoint in desired}
    reasons: dict[str, str] = {}
    for name, found in endpoints.items():
        if ENDPOINT.item(found.name) not in owned:
            continue
        if name not in by_name:
            reasons[name] = "it is no longer desired"
        elif not same_kind(found, by_name[name]):
            reasons[name] = "its type, or a key instead of an identity, can't be changed"
        elif found.state in FAILED:
            reasons[name] = f"it is {found.state}"
    return reasons

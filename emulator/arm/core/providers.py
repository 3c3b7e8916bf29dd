"""Resource providers and their registration in a subscription, which takes time."""

from __future__ import annotations

from emulator import regions
from emulator.arm.core import versions
from emulator.arm.core.guards import may_act, may_read
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import ROUTER, SUBSCRIPTION
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

DIGITAL_TWINS_NAMESPACE = "Microsoft.DigitalTwins"
_FREE = ("Microsoft.Authorization", "Microsoft.Resources")
_ALWAYS_REGISTERED = (*_FREE, "Microsoft.ManagedIdentity")
OTHERS = {
    "Microsoft.EventHub": (versions.EVENT_HUB, ("namespaces", "namespaces/authorizationrules", "namespaces/eventhubs")),
    "Microsoft.ServiceBus": (
        versions.SERVICE_BUS,
        ("namespaces", "namespaces/authorizationrules", "namespaces/topics"),
    ),
    "Microsoft.EventGrid": (versions.EVENT_GRID, ("topics",)),
    "Microsoft.Storage": (versions.STORAGE, ("storageAccounts", "storageAccounts/blobServices")),
    "Microsoft.Web": (versions.WEB, ("sites",)),
    "Microsoft.Devices": (versions.DEVICES, ("IotHubs",)),
    "Microsoft.Network": (versions.NETWORK, ("virtualNetworks", "privateEndpoints", "privateDnsZones")),
}
"""The providers of destinations and of apps: their api-versions and resource types."""
_NAMESPACES = {name.lower(): name for name in (*_ALWAYS_REGISTERED, DIGITAL_TWINS_NAMESPACE, *OTHERS)}
_AFTER = {"Registering": "Registered", "Unregistering": "NotRegistered"}
_READ = "Microsoft.Resources/subscriptions/providers/read"
_PROVIDER = SUBSCRIPTION + "/providers/{namespace}"


@ROUTER.add("GET", SUBSCRIPTION + "/providers")
def list_providers(world: World, request: Request, subscription: str) -> Reply:
    """List the providers with their registration state."""
    may_read(world, request, _READ, f"/subscriptions/{subscription}")
    return Reply(
        body={"value": [_described(world, subscription, name, observe=False) for name in _NAMESPACES.values()]}
    )


@ROUTER.add("GET", _PROVIDER)
def get_provider(world: World, request: Request, subscription: str, namespace: str) -> Reply:
    """Return one provider: its registration state, resource types, their locations and api-versions."""
    may_read(world, request, _READ, f"/subscriptions/{subscription}")
    return Reply(body=_described(world, subscription, _known(namespace), observe=True))


@ROUTER.add("POST", _PROVIDER + "/register", latency="write")
def register(world: World, request: Request, subscription: str, namespace: str) -> Reply:
    """Begin the registration; the answer says `Registering`, later reads `Registered`. A repeat changes nothing."""
    name = _known(namespace)
    may_act(world, request, f"{name}/register/action", f"/subscriptions/{subscription}")
    if state_of(world, subscription, name) not in ("Registered", "Registering"):
        _set(world, subscription, name, "Registering")
    return Reply(body=_described(world, subscription, name, observe=False))


@ROUTER.add("POST", _PROVIDER + "/unregister", latency="write")
def unregister(world: World, request: Request, subscription: str, namespace: str) -> Reply:
    """Begin to unregister the provider; refused (409) while the subscription has resources of it."""
    name = _known(namespace)
    may_act(world, request, f"{name}/unregister/action", f"/subscriptions/{subscription}")
    if _has_resources(world, subscription, name):
        raise Refused(
            409,
            "Conflict",
            f"The resource provider '{name}' cannot be unregistered: subscription '{subscription}' has resources of "
            "it.",
        )
    if name not in _ALWAYS_REGISTERED and state_of(world, subscription, name) not in ("NotRegistered", "Unregistering"):
        _set(world, subscription, name, "Unregistering")
    return Reply(body=_described(world, subscription, name, observe=False))


def require_registered(world: World, subscription: str, namespace: str) -> None:
    """Refuse (409) to create resources of an unregistered provider; counts as an observation of a registration."""
    if state_of(world, subscription, namespace, observe=True) != "Registered":
        code = "MissingSubscriptionRegistration"
        text = (
            f"The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for "
            "how to register subscriptions."
        )
        raise Refused(409, code, text, details=[{"code": code, "target": namespace, "message": text}])


def state_of(world: World, subscription: str, namespace: str, *, observe: bool = False) -> str:
    """Return the registration state as of now; `observe` counts as one observation of a registration under way."""
    if namespace in _ALWAYS_REGISTERED:
        return "Registered"
    record = world.store.get("provider", f"{subscription}/{namespace}")
    state = str(record["registrationState"]) if record else "NotRegistered"
    if state not in _AFTER:
        return state
    key = _lag_key(subscription, namespace)
    if world.lag.pending(key) if observe else world.lag.active(key):
        return state
    world.lag.end(key)
    world.store.put("provider", f"{subscription}/{namespace}", {"registrationState": _AFTER[state]})
    return _AFTER[state]


def _set(world: World, subscription: str, namespace: str, state: str) -> None:
    world.store.put("provider", f"{subscription}/{namespace}", {"registrationState": state})
    world.lag.begin(_lag_key(subscription, namespace), "registration")


def _lag_key(subscription: str, namespace: str) -> str:
    return f"provider/{subscription}/{namespace}".lower()


def _has_resources(world: World, subscription: str, namespace: str) -> bool:
    scope = f"/subscriptions/{subscription}"
    if namespace == DIGITAL_TWINS_NAMESPACE:
        return bool(world.store.list("digitalTwinsInstance", f"{scope}/"))
    prefix = f"{namespace.lower()}/"
    return any(resource["type"].lower().startswith(prefix) for resource in RESOURCES.under(world, scope))


def _known(namespace: str) -> str:
    if namespace.lower() not in _NAMESPACES:
        raise Refused(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    return _NAMESPACES[namespace.lower()]


def _described(world: World, subscription: str, namespace: str, *, observe: bool) -> Json:
    state = state_of(world, subscription, namespace, observe=observe)
    return {
        "id": f"/subscriptions/{subscription}/providers/{namespace}",
        "namespace": namespace,
        "resourceTypes": _resource_types(namespace),
        "registrationState": state,
        "registrationPolicy": "RegistrationFree" if namespace in _FREE else "RegistrationRequired",
    }


def _resource_types(namespace: str) -> list[Json]:
    offered = [region.display_name for region in regions.with_digital_twins()]
    if namespace == DIGITAL_TWINS_NAMESPACE:
        return [
            _resource_type("locations", versions.DIGITAL_TWINS, []),
            _resource_type("locations/checkNameAvailability", versions.DIGITAL_TWINS, offered),
            _resource_type(
                "digitalTwinsInstances",
                versions.DIGITAL_TWINS,
                offered,
                "CrossResourceGroupResourceMove, CrossSubscriptionResourceMove, SystemAssignedResourceIdentity, "
                "SupportsTags, "
                "SupportsLocation",
            ),
            _resource_type("digitalTwinsInstances/operationResults", versions.DIGITAL_TWINS, offered),
            _resource_type("locations/operationResults", versions.DIGITAL_TWINS, offered),
            _resource_type("locations/operationsStatuses", versions.DIGITAL_TWINS, offered),
            _resource_type("digitalTwinsInstances/endpoints", versions.DIGITAL_TWINS, offered),
            _resource_type("digitalTwinsInstances/timeSeriesDatabaseConnections", versions.DIGITAL_TWINS, offered),
            _resource_type("operations", versions.DIGITAL_TWINS, []),
        ]
    everywhere = [region.display_name for region in regions.REGIONS.values()]
    capabilities = "SupportsTags, SupportsLocation"
    if namespace == "Microsoft.ManagedIdentity":
        return [_resource_type("userAssignedIdentities", versions.MANAGED_IDENTITY, everywhere, capabilities)]
    if namespace in OTHERS:
        api_versions, names = OTHERS[namespace]
        return [_resource_type(name, api_versions, everywhere, capabilities) for name in names]
    if namespace == "Microsoft.Resources":
        return [
            _resource_type("subscriptions", versions.RESOURCES, []),
            _resource_type("resourceGroups", versions.RESOURCES, everywhere, "SupportsTags, SupportsLocation"),
            _resource_type("tags", versions.RESOURCES, []),
        ]
    return [
        _resource_type("roleAssignments", versions.ROLE_ASSIGNMENTS, []),
        _resource_type("roleDefinitions", versions.ROLE_DEFINITIONS, []),
        _resource_type("permissions", versions.ROLE_DEFINITIONS, []),
        _resource_type("roleEligibilityScheduleInstances", versions.ELIGIBILITY, []),
    ]


def _resource_type(name: str, api_versions: tuple[str, ...], locations: list[str], capabilities: str = "None") -> Json:
    return {
        "resourceType": name,
        "locations": locations,
        "apiVersions": list(api_versions),
        "capabilities": capabilities,
    }

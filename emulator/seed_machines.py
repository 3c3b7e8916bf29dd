"""The virtual machines that a program may be signed in as, and their managed identities. No machine itself is played.

A world has the identities once it was served with a machine as its `--sign-in`.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator import seed
from emulator.arm.apps import bodies
from emulator.arm.authorization.identities import IDENTITIES, TYPE
from emulator.store import Store

_GROUP = f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/resourcegroups/{seed.OTHER_GROUP[0]}/providers"


@dataclass(frozen=True)
class ManagedIdentity:
    """A managed identity, with its role in every subscription and its application roles in Microsoft Graph."""

    id: str
    """Its resource id; of a system-assigned one that of its machine."""
    object_id: str
    client_id: str
    role: str
    graph_roles: tuple[str, ...] = ()

    @property
    def is_explicit(self) -> bool:
        """Whether it is user-assigned: a resource of its own."""
        return f"/{TYPE}/" in self.id


@dataclass(frozen=True)
class Machine:
    """A virtual machine with its identities."""

    system: ManagedIdentity | None
    user_assigned: tuple[ManagedIdentity, ...]

    @property
    def identities(self) -> tuple[ManagedIdentity, ...]:
        """All of them."""
        return ((self.system,) if self.system else ()) + self.user_assigned

    @property
    def client_id(self) -> str:
        """What a program names in AZURE_CLIENT_ID: its first identity, or "" where it gets the right one unasked."""
        return "" if self.system else self.user_assigned[0].client_id


def _identity(number: int, name: str, role: str, *, kind: str = TYPE, graph: tuple[str, ...] = ()) -> ManagedIdentity:
    end = f"00000-0000-4000-8000-00000000000{number}"
    return ManagedIdentity(f"{_GROUP}/{kind}/{name}", f"d20{end}", f"d30{end}", role, graph)


_OWNER = _identity(
    1, "contoso-build", seed.OWNER,
    kind="Microsoft.Compute/virtualMachines", graph=seed.AUTOMATIONS["owner-sp"].graph_roles,
)  # fmt: skip
_CONTRIBUTOR = _identity(2, "contoso-twins-deployer", seed.CONTRIBUTOR)
_READER = _identity(3, "contoso-twins-viewer", seed.READER)

MACHINES = {
    "owner-vm": Machine(_OWNER, (_CONTRIBUTOR,)),
    "contributor-vm": Machine(None, (_CONTRIBUTOR, _READER)),
}
"""By the name of the sign-in."""


def seed_machine(store: Store, machine: Machine) -> None:
    """Add its identities, their service principals and their roles to a world that hasn't got them."""
    for identity in machine.identities:
        kind = f"machineIdentity/{identity.object_id}"
        if store.get("world", kind):
            continue
        principal = bodies.principal(identity.object_id, identity.client_id, identity.id)
        principal["alternativeNames"] = [f"isExplicit={identity.is_explicit}", identity.id]
        store.put("servicePrincipal", identity.object_id, principal)
        if identity.is_explicit:
            store.put(IDENTITIES.kind, identity.id, _body(identity))
        for subscription, _ in store.list("subscription"):
            seed.assign(store, subscription, identity.object_id, "ServicePrincipal", identity.role)
        store.put("world", kind, {"version": 1})


def _body(identity: ManagedIdentity) -> dict[str, object]:
    return {
        "id": identity.id,
        "name": identity.id.rpartition("/")[2],
        "type": TYPE,
        "location": seed.OTHER_GROUP[1],
        "tags": {},
        "properties": {
            "tenantId": seed.TENANT,
            "principalId": identity.object_id,
            "clientId": identity.client_id,
            "isolationScope": "None",
        },
    }

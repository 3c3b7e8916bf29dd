"""Plain requests to Resource Manager and the data plane of an embedded Azure, as anybody who is seeded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from emulator import seed
from emulator.store import Store
from tests.support.waiting import until
from tests.support.world import ARM, DIGITAL_TWINS, Answer, Emulator

REGISTERED = f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}"
UNREGISTERED = f"/subscriptions/{seed.UNREGISTERED_SUBSCRIPTION}"
INSTANCES = "providers/Microsoft.DigitalTwins/digitalTwinsInstances"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
DEFINITIONS = "providers/Microsoft.Authorization/roleDefinitions"
GROUP = f"{REGISTERED}/resourceGroups/my-group"
INSTANCE = f"{GROUP}/{INSTANCES}/my-twins"
HOST = "my-twins.api.wus2.digitaltwins.azure.net"
DATA_OWNER = "bcd981a7-7f74-457b-83e1-cceb9e632ffe"
DATA_READER = "d57506d4-4c8d-48b1-8587-93c323f6a5a3"

VERSIONS = {
    "microsoft.managedidentity": "2024-11-30",
    "microsoft.eventhub": "2024-01-01",
    "microsoft.servicebus": "2024-01-01",
    "microsoft.eventgrid": "2025-02-15",
    "microsoft.storage": "2025-06-01",
    "microsoft.network/privatednszones": "2024-06-01",
    "microsoft.network": "2024-05-01",
}


def version_of(path: str) -> str:
    """The api-version that the client libraries ask `path` with."""
    low = path.lower()
    if "/roleeligibilityscheduleinstances" in low:
        return "2020-10-01"
    if "/microsoft.authorization/locks" in low:
        return "2020-05-01"
    if "/providers/microsoft.resources/tags/" in low:
        return "2025-04-01"
    if "/microsoft.authorization/" in low:
        return "2022-04-01"
    if "/microsoft.digitaltwins/" in low and not low.endswith("register"):
        return "2023-01-31"
    for provider, version in VERSIONS.items():
        if f"/{provider}/" in low and not low.endswith("register"):
            return version
    short = low.count("/") <= 2 or low.endswith("/locations")
    return "2022-12-01" if short else "2025-04-01"


@dataclass(frozen=True)
class Arm:
    """Resource Manager as the user or service principal `name` meets it."""

    azure: Emulator
    name: str = "owner"

    @cached_property
    def token(self) -> str:
        return self.azure.token(ARM, self.name)

    def __call__(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        query = {"api-version": version_of(path), **{f"${key}": value for key, value in query.items()}}
        asked = "&".join(f"{key}={quote(value)}" for key, value in query.items())
        return self.azure.https(method, f"{ARM}{quote(path)}?{asked}", token=self.token, json=body)

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """The status and the error code of a request that is to be refused."""
        answer = self(method, path, body)
        assert answer.status >= 400, answer.content
        return answer.status, answer.json()["error"]["code"]

    def states(self, url: str) -> list[str]:
        """What a status URL says, poll by poll, to the end."""
        found: list[str] = []

        def over() -> bool:
            answer = self.azure.https("GET", url, token=self.token)
            assert answer.status == 200, answer.content
            goes_on = answer.json()["status"] in ("InProgress", "Running")
            assert answer.headers["Retry-After"] == ("1" if goes_on else None)
            found.append(answer.json()["status"])
            return not goes_on

        until(over, "the end of an operation")
        return found

    def group(self) -> None:
        """Have `GROUP`."""
        assert self("PUT", GROUP, {"location": "westus2"}).status in (200, 201)

    def instance(self, **body: Any) -> Any:
        """Have `INSTANCE` in `GROUP`, finished; return it."""
        self.group()
        created = self("PUT", INSTANCE, {"location": "westus2", **body})
        assert created.status == 201, created.content
        self.states(created.headers["Azure-AsyncOperation"])
        return self("GET", INSTANCE).json()

    def assign(self, name: str, role: str, principal: str, at: str = INSTANCE, **more: str) -> Answer:
        """Assign a role."""
        properties = {"roleDefinitionId": f"{REGISTERED}/{DEFINITIONS}/{role}", "principalId": principal, **more}
        return self("PUT", f"{at}/{ASSIGNMENTS}/{name}", {"properties": properties})


def query_twins(azure: Emulator, name: str = "owner", host: str = HOST, version: str = "2023-10-31") -> Answer:
    """Ask the data plane."""
    token = azure.token(DIGITAL_TWINS, name)
    body = {"query": "SELECT * FROM digitaltwins"}
    return azure.https("POST", f"https://{host}/query?api-version={version}", token=token, json=body)


def document(azure: Emulator, kind: str, key: str, body: dict[str, Any]) -> None:
    """Put a document into the running world's memory: what no public operation makes."""
    store = Store(azure.data / "azure.sqlite3")
    try:
        store.put(kind, key, body)
    finally:
        store.close()


def assigned_under_a_condition(azure: Emulator, allowed: str, name: str, principal: str) -> Answer:
    """Assign a role as `owner`, whose own role has a condition that allows only the role `allowed`."""
    who, clause = seed.USERS["owner"].object_id, "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
    for found in azure.inventory(volatile=True)["roleAssignments"]:
        if found["properties"]["principalId"] == who:
            found["properties"]["condition"] = f"({clause} ForAnyOfAnyValues:GuidEquals {{{allowed}}})"
            azure.document("roleAssignment", found["id"], found)
    arm = Arm(azure)
    arm.group()
    return arm.assign(name, DATA_OWNER, principal, at=GROUP)

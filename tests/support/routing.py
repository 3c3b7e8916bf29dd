"""Destinations, endpoints and routes for tests, and what of them is there."""

from __future__ import annotations

from typing import Any

from tests.support.arm import Arm
from tests.support.tool import GROUP, HOST, INSTANCE, SUBSCRIPTION, Tool
from tests.support.waiting import until
from tests.support.world import DIGITAL_TWINS, Answer, Emulator

INSTANCE_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/"
    f"{INSTANCE}"
)
PLACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared-services/providers"
HUB = f"{PLACE}/Microsoft.EventHub/namespaces/contoso-events/eventhubs/twin-events"
BUS = f"{PLACE}/Microsoft.ServiceBus/namespaces/contoso-messages/topics/twin-messages"
GRID = f"{PLACE}/Microsoft.EventGrid/topics/contoso-twin-topic"
DEAD = f"{PLACE}/Microsoft.Storage/storageAccounts/contosodeadletters/blobServices/default/containers/dead-letters"
TO_HUB = ("--endpoint", f"name=hub,type=eventhub,destination={HUB},dead_letter={DEAD}")
TO_BUS = ("--endpoint", f"name=bus,type=servicebus,destination={BUS},auth=key,dead_letter={DEAD}")
TO_GRID = ("--endpoint", f"name=grid,type=eventgrid,destination={GRID}")
CREATED = "type = 'Microsoft.DigitalTwins.Twin.Create'"
ROUTES = ("--route", "name=all,endpoint=hub", "--route", f"name=some,endpoint=bus,filter={CREATED}")
ALL = (*TO_HUB, *TO_BUS, *TO_GRID, *ROUTES)


def with_identity(tool: Tool) -> None:
    """Have the instance, with a system-assigned identity."""
    done = tool.deploy("--no-app", "--system-identity")
    assert done.code == 0, done.text


def endpoints(azure: Emulator) -> dict[str, Any]:
    return {one["name"]: one["properties"] for one in Arm(azure)("GET", f"{INSTANCE_ID}/endpoints").json()["value"]}


def data_plane(azure: Emulator, method: str, path: str, body: Any = None) -> Any:
    url = f"https://{HOST}{path}?api-version=2023-10-31"

    def allowed() -> Answer | None:
        answer = azure.https(method, url, token=azure.token(DIGITAL_TWINS), json=body)
        return None if answer.status == 403 else answer

    answer = until(allowed, "the role to take effect")
    assert answer
    assert answer.status in (200, 204), answer.content
    return answer.json() if answer.content else None


def routes(azure: Emulator) -> dict[str, tuple[str, str]]:
    found = data_plane(azure, "GET", "/eventroutes")["value"]
    return {one["id"]: (one["endpointName"], one["filter"]) for one in found}


def assigned(azure: Emulator) -> set[str]:
    """The last parts of the scopes at which the instance's identities have roles."""
    (principal,) = {
        one["identity"]["principalId"] for one in azure.inventory(volatile=True)["digitalTwinsInstances"]
    }  # fmt: skip
    held = [one["properties"] for one in azure.inventory(volatile=True)["roleAssignments"]]
    return {one["scope"].rpartition("/")[2] for one in held if one["principalId"] == principal}


def written(azure: Emulator, since: int) -> list[str]:
    """What was written since: methods and paths. Questions by POST aren't among it."""
    asked = ("token", "checkNameAvailability", "/query")
    log = azure.requests()["log"][since:]
    return [f"{one['method']} {one['path']}" for one in log
            if one["method"] != "GET" and not any(word in one["path"] for word in asked)]  # fmt: skip


def secrets_of(azure: Emulator) -> list[str]:
    keys = []
    for path in (f"{HUB}/authorizationRules/send", f"{BUS}/authorizationRules/send", GRID, DEAD.partition("/blob")[0]):
        answer = Arm(azure)("POST", f"{path}/listKeys").json()
        held = [one["value"] for one in answer["keys"]] if "keys" in answer else list(answer.values())
        keys += [value.rpartition("SharedAccessKey=")[2].partition(";")[0] for value in held]
    return [key for key in keys if len(key) > 20]

"""Resource Manager of the embedded Azure: subscriptions, providers, groups, instances and what stands in the way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import seed
from tests.support.arm import GROUP, HOST, INSTANCE, INSTANCES, REGISTERED, UNREGISTERED, Arm, document, query_twins
from tests.support.world import ARM, ROOT, Emulator

NAME_CHECK = f"{REGISTERED}/providers/Microsoft.DigitalTwins/locations/{{}}/checkNameAvailability"
INSTANCE_TYPE = "Microsoft.DigitalTwins/digitalTwinsInstances"


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arm]:
    """A world with `INSTANCE`, for tests that change nothing."""
    with Emulator(tmp_path_factory.mktemp("settled") / "azure") as azure:
        arm = Arm(azure)
        arm.instance()
        yield arm


@pytest.mark.parametrize("sign_in", ["owner", "owner-sp"])
def test_an_unmodified_sdk_program_needs_nothing_but_the_environment(tmp_path: Path, sign_in: str) -> None:
    command = [sys.executable, "-m", "tests.support.programs.instance_and_role", "my-group", "my-twins"]
    with Emulator(tmp_path / "azure", "--sign-in", sign_in) as azure:
        before = azure.inventory()
        done = subprocess.run(
            command, cwd=ROOT, env=azure.env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        after = azure.inventory()
    assert found.pop("regions") > 20
    assert found == {
        "registration": "Registered",
        "state": "Succeeded",
        "host": HOST,
        "identities": ["SystemAssigned", None],
        "refused": 403,
        "late": 2,
        "models": [],
        "assigned": True,
        "permissions": [["*"], []],
        "left": [],
        "gone": True,
    }
    # The first instance in a tenant makes Digital Twins' own service principal, which stays.
    before["servicePrincipals"], created = after["servicePrincipals"], before["servicePrincipals"]
    assert len(after["servicePrincipals"]) == len(created) + 1
    assert before == after


def test_subscriptions_are_those_with_a_role(settled: Arm) -> None:
    azure = settled.azure
    found = Arm(azure)("GET", "/subscriptions")
    assert [body["displayName"] for body in found.json()["value"]] == list(seed.SUBSCRIPTIONS.values())
    assert int(found.headers["x-ms-ratelimit-remaining-subscription-reads"]) > 1000
    stranger = azure.tokens().for_app("c1" + "0" * 34, "c2" + "0" * 34, ARM).text
    url = f"{ARM}/subscriptions?api-version=2022-12-01"
    assert azure.https("GET", url, token=stranger).json()["value"] == []
    assert azure.https("GET", f"{ARM}{REGISTERED}?api-version=2022-12-01", token=stranger).status == 403
    assert Arm(azure).refused("GET", "/subscriptions/00000000-0000-4000-8000-000000000000") == (
        404,
        "SubscriptionNotFound",
    )
    assert len(Arm(azure)("GET", "/tenants").json()["value"]) == 1
    assert len(Arm(azure, "guest")("GET", "/tenants").json()["value"]) == 2


def test_locations_include_logical_ones(settled: Arm) -> None:
    found = settled("GET", f"{REGISTERED}/locations").json()["value"]
    kinds = {body["name"]: body["metadata"]["regionType"] for body in found}
    assert kinds["westus2"] == "Physical"
    assert kinds["europe"] == "Logical"


@pytest.mark.parametrize(
    ("path", "version", "code"),
    [
        ("/subscriptions", "", "MissingApiVersionParameter"),
        ("/subscriptions", "2000-01-01", "InvalidApiVersionParameter"),
        (GROUP, "2023-01-31", "InvalidApiVersionParameter"),
        (INSTANCE, "2025-04-01", "NoRegisteredProviderFound"),
    ],
)
def test_api_versions(settled: Arm, path: str, version: str, code: str) -> None:
    azure = settled.azure
    answer = azure.https("GET", f"{ARM}{path}?api-version={version}", token=azure.token())
    assert (answer.status, answer.json()["error"]["code"]) == (400, code)


def test_a_registration_takes_time(azure: Emulator) -> None:
    arm, provider = Arm(azure), f"{UNREGISTERED}/providers/microsoft.digitaltwins"
    group = f"{UNREGISTERED}/resourceGroups/other"
    arm("PUT", group, {"location": "westus2"})
    body = {"location": "westus2"}
    assert arm.refused("PUT", f"{group}/{INSTANCES}/my-twins", body) == (409, "MissingSubscriptionRegistration")
    assert Arm(azure, "reader").refused("POST", f"{provider}/register") == (403, "AuthorizationFailed")
    assert arm("POST", f"{provider}/register").json()["registrationState"] == "Registering"
    states = [arm("GET", provider).json()["registrationState"] for _ in range(3)]
    assert states == ["Registering", "Registering", "Registered"]
    types = {kind["resourceType"]: kind["locations"] for kind in arm("GET", provider).json()["resourceTypes"]}
    assert "West US 2" in types["digitalTwinsInstances"]
    assert arm("PUT", f"{group}/{INSTANCES}/my-twins", body).status == 201
    assert arm.refused("GET", f"{UNREGISTERED}/providers/Microsoft.Nothing") == (404, "InvalidResourceNamespace")


def test_groups(azure: Emulator) -> None:
    arm, lower = Arm(azure), GROUP.replace("resourceGroups/my-group", "resourcegroups/MY-GROUP")
    assert arm("HEAD", GROUP).status == 404
    assert arm.refused("GET", GROUP) == (404, "ResourceGroupNotFound")
    assert arm("PUT", GROUP, {"location": "West US 2", "tags": {"a": "1"}}).status == 201
    repeated = arm("PUT", lower, {"location": "westus2"})
    assert (repeated.status, repeated.json()["id"]) == (200, GROUP)
    assert arm("HEAD", lower).status == 204
    assert arm("PATCH", GROUP, {"tags": {"b": "2"}}).json()["tags"] == {"b": "2"}
    tagged = arm("GET", f"{REGISTERED}/resourceGroups", filter="tagName eq 'b' and tagValue eq '2'").json()["value"]
    assert [group["name"] for group in tagged] == ["my-group"]


@pytest.mark.parametrize(
    ("name", "body", "refusal"),
    [
        ("my-group", {"location": "eastus"}, (409, "InvalidResourceGroupLocation")),
        ("other", {"location": "atlantis"}, (400, "LocationNotAvailableForResourceGroup")),
        ("other", {}, (400, "LocationRequired")),
        ("other", {"location": "westus2", "colour": "red"}, (400, "InvalidRequestContent")),
        ("other", {"location": "westus2", "tags": {"a": 1}}, (400, "InvalidRequestContent")),
        ("other.", {"location": "westus2"}, (400, "InvalidResourceGroup")),
        ("o" * 91, {"location": "westus2"}, (400, "InvalidResourceGroup")),
    ],
)
def test_groups_refused(settled: Arm, name: str, body: Any, refusal: tuple[int, str]) -> None:
    assert settled.refused("PUT", f"{REGISTERED}/resourceGroups/{name}", body) == refusal


def test_a_group_is_deleted_with_all_that_is_inside(azure: Emulator) -> None:
    arm = Arm(azure)
    before = azure.inventory()
    arm.instance()
    owner = seed.USERS["owner"].object_id
    arm.assign("11111111-1111-4111-8111-111111111111", seed.READER, owner)
    arm.assign("11111111-1111-4111-8111-222222222222", seed.READER, owner, at=GROUP)
    deleted = arm("DELETE", GROUP)
    assert (deleted.status, deleted.headers["Retry-After"], deleted.content) == (202, "1", b"")
    assert arm.refused("PUT", GROUP, {"location": "westus2"}) == (409, "ResourceGroupBeingDeleted")
    location = deleted.headers["Location"]
    statuses = [azure.https("GET", location, token=azure.token()).status for _ in range(2)]
    assert statuses[-1] == 200
    assert arm("HEAD", GROUP).status == 404
    after = azure.inventory()
    del before["servicePrincipals"], after["servicePrincipals"]
    assert before == after


def test_an_instance_is_provisioned_over_two_polls(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.group()
    created = arm("PUT", INSTANCE, {"location": "West US 2"})
    assert (created.status, created.headers["Retry-After"]) == (201, "1")
    properties = created.json()["properties"]
    assert (properties["provisioningState"], properties["hostName"]) == ("Provisioning", None)
    assert query_twins(azure).status == 404
    assert arm.states(created.headers["Azure-AsyncOperation"]) == ["Running", "Running", "Succeeded"]
    found = arm("GET", INSTANCE.replace("my-twins", "MY-TWINS").replace("my-group", "MY-GROUP")).json()
    assert (found["id"], found["name"], found["location"]) == (INSTANCE, "my-twins", "westus2")
    assert found["properties"]["hostName"] == HOST
    assert [body["id"] for body in arm("GET", f"{REGISTERED}/{INSTANCES}").json()["value"]] == [INSTANCE]
    assert arm("GET", f"{INSTANCE}/endpoints").json()["value"] == []


def test_what_is_under_way_survives_kill(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.group()
    created = arm("PUT", INSTANCE, {"location": "westus2"})
    azure.restart()
    assert arm.states(created.headers["Azure-AsyncOperation"])[-1] == "Succeeded"


@pytest.mark.parametrize(
    ("name", "body", "refusal"),
    [
        ("my-twins", {"location": "eastus"}, (409, "InvalidResourceLocation")),
        ("other", {"location": "westus"}, (400, "LocationNotAvailableForResourceType")),
        ("other", {}, (400, "LocationRequired")),
        ("-other", {"location": "westus2"}, (400, "InvalidResourceName")),
        ("it", {"location": "westus2"}, (400, "InvalidResourceName")),
        ("other", {"location": "westus2", "colour": "red"}, (400, "InvalidRequestContent")),
        ("other", {"location": "westus2", "identity": {}}, (400, "InvalidRequestContent")),
        ("other", {"location": "westus2", "properties": {"publicNetworkAccess": "No"}}, (400, "InvalidRequestContent")),
        (seed.TAKEN_INSTANCE[1], {"location": "westus2"}, (409, "NameUnavailable")),
    ],
)
def test_instances_refused(settled: Arm, name: str, body: Any, refusal: tuple[int, str]) -> None:
    assert settled.refused("PUT", f"{GROUP}/{INSTANCES}/{name}", body) == refusal


def test_names_are_unique_in_a_region(azure: Emulator) -> None:
    arm, region, taken = Arm(azure), "West US 2", seed.TAKEN_INSTANCE[1]

    def reason(name: str, region: str = region) -> str | None:
        found = arm("POST", NAME_CHECK.format(region), {"name": name, "type": INSTANCE_TYPE}).json()
        return found.get("reason") if not found["nameAvailable"] else None

    assert (reason("-"), reason(taken), reason(taken, "eastus")) == ("Invalid", "AlreadyExists", None)
    arm.instance()
    assert reason("MY-twins") == "AlreadyExists"
    other = f"{REGISTERED}/resourceGroups/{seed.OTHER_GROUP[0]}/{INSTANCES}/my-twins"
    assert arm.refused("PUT", other, {"location": "westus2"}) == (409, "NameUnavailable")
    arm.states(arm("PUT", other, {"location": "eastus"}).headers["Azure-AsyncOperation"])
    assert arm("GET", other).json()["properties"]["hostName"] == HOST.replace("wus2", "eus")


def test_a_deleted_instance_holds_its_name_a_little_longer(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.instance()
    deleted = arm("DELETE", INSTANCE)
    assert (deleted.status, deleted.json()["properties"]["provisioningState"]) == (202, "Deleting")
    assert arm("DELETE", INSTANCE).status == 202
    assert arm.states(deleted.headers["Azure-AsyncOperation"])[-1] == "Succeeded"
    assert arm("DELETE", INSTANCE).status == 204
    assert arm.refused("GET", INSTANCE) == (404, "ResourceNotFound")
    assert arm.refused("PUT", INSTANCE, {"location": "westus2"}) == (409, "NameUnavailable")
    assert arm("PUT", INSTANCE, {"location": "westus2"}).status == 201
    assert arm.refused("PUT", INSTANCE, {"location": "westus2"}) == (409, "Conflict")


def test_an_update_keeps_what_it_does_not_say(azure: Emulator) -> None:
    arm = Arm(azure)
    created = arm.instance(identity={"type": "SystemAssigned"}, tags={"a": "1"})
    assert created["identity"]["principalId"]
    patched = arm("PATCH", INSTANCE, {"properties": {"publicNetworkAccess": "Disabled"}})
    assert (patched.status, patched.json()["properties"]["provisioningState"]) == (202, "Updating")
    assert arm.states(patched.headers["Azure-AsyncOperation"])[-1] == "Succeeded"
    sent_back = arm("GET", INSTANCE).json()
    assert (sent_back["identity"], sent_back["tags"]) == (created["identity"], {"a": "1"})
    put = arm("PUT", INSTANCE, {**sent_back, "identity": {"type": "None"}})
    assert (put.status, put.json()["identity"]) == (200, None)


def test_a_creation_can_fail_and_be_repeated(azure: Emulator) -> None:
    arm = Arm(azure)
    document(azure, "script", "instanceFails", {"count": 1})
    assert arm.instance()["properties"]["provisioningState"] == "Failed"
    again = arm("PUT", INSTANCE, {"location": "westus2"})
    assert again.status == 201
    assert arm.states(again.headers["Azure-AsyncOperation"])[-1] == "Succeeded"


def test_locks_policies_and_disabled_subscriptions(azure: Emulator) -> None:
    arm, body = Arm(azure), {"location": "westus2"}
    arm.instance()
    document(azure, "lock", INSTANCE, {"level": "CanNotDelete"})
    assert arm.refused("DELETE", INSTANCE) == (409, "ScopeLocked")
    assert arm.refused("DELETE", GROUP) == (409, "ScopeLocked")
    assert arm("PUT", INSTANCE, body).status == 200
    document(azure, "lock", GROUP, {"level": "ReadOnly"})
    assert arm.refused("PATCH", GROUP, {"tags": {}}) == (409, "ScopeLocked")
    document(azure, "policy", REGISTERED, {"name": "allowed-locations"})
    answer = arm("PUT", f"{REGISTERED}/resourceGroups/other", body)
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (403, "RequestDisallowedByPolicy")
    assert error["additionalInfo"][0]["info"]["policyAssignmentName"] == "allowed-locations"
    assert "allowed-locations" in error["details"][0]["message"]
    disabled = arm("GET", UNREGISTERED).json() | {"state": "Disabled"}
    document(azure, "subscription", seed.UNREGISTERED_SUBSCRIPTION, disabled)
    group = f"{UNREGISTERED}/resourceGroups/other"
    assert arm.refused("PUT", group, body) == (409, "ReadOnlyDisabledSubscription")
    assert arm("HEAD", group).status == 404

"""Who walks where: a service principal and users through the proxy, and in the embedded Azure as a cloud of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator import seed
from emulator.seed_machines import MACHINES
from tests.az import beside, directory, extension, hand_off_script, handed_off, pipeline, resources
from tests.az.client import Az
from tests.support.world import ROOT, Emulator

Check = Callable[[Az], None]
MACHINE = "owner-vm"


@dataclass(frozen=True)
class Walk:
    """Checks in the order in which they need each other, and the `az` that makes them."""

    title: str
    az: Az
    checks: tuple[Check, ...]


def walks(program: Path, azure: Emulator, folder: Path) -> Iterator[Walk]:
    """Return the walks."""
    own = {"AZURE_CORE_INSTANCE_DISCOVERY": "false", "HTTPS_PROXY": "http://127.0.0.1:9"}
    own["https_proxy"] = own["HTTPS_PROXY"]
    yield Walk(
        "a service principal, AzureCloud",
        Az(program, azure, folder / "principal"),
        (
            sign_in_with_a_secret,
            accounts,
            *resources.CHECKS,
            *extension.CHECKS,
            *handed_off.CHECKS,
            *resources.LAST,
            sign_out,
        ),
    )
    yield Walk(
        "a user, AzureCloud",
        Az(program, azure, folder / "user"),
        (sign_in_with_a_password, who_am_i, for_azure_identity, *directory.CHECKS, *pipeline.CHECKS, *beside.CHECKS),
    )
    yield Walk("another user, AzureCloud", Az(program, azure, folder / "other"), (sign_in_with_a_device_code, refused))
    yield Walk(
        "a cloud of its own, found by its Resource Manager",
        Az(program, azure, folder / "cloud", own),
        # Not with a password: MSAL leaves the port out when it asks where the user signs in.
        (register_cloud, sign_in_with_a_secret, same_in_the_cloud, sign_out, sign_in_with_a_device_code, who_is_carlos),
    )
    yield Walk(
        "a cloud of its own, described in a file",
        Az(program, azure, folder / "described", own),
        (describe_cloud, sign_in_with_a_secret, directory_of_the_cloud),
    )


def machine(program: Path, azure: Emulator, folder: Path) -> Walk:
    """Return the walk of a virtual machine, in an Azure in which `MACHINE` is signed in."""
    return Walk("a virtual machine, AzureCloud", Az(program, azure, folder / "machine-config"), (sign_in_as_a_machine,))


def hand_off(program: Path, azure: Emulator, folder: Path) -> Walk:
    """Return the walk of a whole hand-off, in an Azure in which `hand_off_script.SIGN_IN` is signed in."""
    return Walk("a whole hand-off, AzureCloud", Az(program, azure, folder / "administrator"), hand_off_script.CHECKS)


def sign_in_with_a_secret(az: Az) -> None:
    """Login --service-principal."""
    ready = az.azure.ready
    secret = ("--username", ready["clientId"], f"--password={ready['clientSecret']}", "--tenant", ready["tenantId"])
    wrong = az("login", "--service-principal", *secret[:2], "--password=wrong", *secret[3:], code=1)
    assert "AADSTS7000215" in wrong, wrong
    found = az("login", "--service-principal", *secret)
    assert {one["name"] for one in found} == set(seed.SUBSCRIPTIONS.values())
    assert {one["user"]["type"] for one in found} == {"servicePrincipal"}


def accounts(az: Az) -> None:
    """Account list, show, set, get-access-token, list-locations."""
    assert len(az("account", "list")) == len(seed.SUBSCRIPTIONS)
    az("account", "set", "--subscription", "Contoso Sandbox")
    assert az("account", "show")["id"] == seed.UNREGISTERED_SUBSCRIPTION
    az("account", "set", "--subscription", seed.REGISTERED_SUBSCRIPTION)
    token = az("account", "get-access-token", "--resource", "https://digitaltwins.azure.net")
    assert token["tokenType"] == "Bearer"
    assert token["tenant"] == seed.TENANT
    assert "westus2" in az("account", "list-locations", "--query", "[].name")


def sign_in_with_a_password(az: Az) -> None:
    """Login --username --password."""
    olivia = az.azure.control("GET", "/users")["owner"]
    found = az("login", "--username", olivia["username"], "--password", olivia["password"])
    assert {one["user"]["name"] for one in found} == {olivia["username"]}


def for_azure_identity(az: Az) -> None:
    """A program and deploy.py, by azure-identity's AzureCliCredential."""
    where = (seed.TENANT, seed.REGISTERED_SUBSCRIPTION)
    found = az.python(str(ROOT / "tests/clients/programs/credential.py"), "environment", *where)
    assert "['shared-services']" in found.stdout, found.stderr[-600:]
    plan = ("plan", "--yes", "--no-app", "--subscription", seed.REGISTERED_SUBSCRIPTION, "--output", "json")
    found = az.python(str(ROOT / "deploy.py"), *plan, "--state", str(az.azure.data.with_suffix(".by-az.state.json")))
    assert found.returncode == 0, found.stderr[-600:]


def sign_in_as_a_machine(az: Az) -> None:
    """Login --identity, --client-id, --object-id; group list."""
    (_, assigned) = MACHINES[MACHINE].identities
    az("login", "--identity")
    assert [one["name"] for one in az("group", "list")] == [seed.OTHER_GROUP[0]]
    az("login", "--identity", "--client-id", assigned.client_id)
    az("login", "--identity", "--object-id", assigned.object_id)
    az("login", "--identity", "--resource-id", assigned.id)
    assert [one["name"] for one in az("group", "list")] == [seed.OTHER_GROUP[0]]
    az("login", "--identity", "--client-id", "00000000-0000-4000-8000-000000000000", code=1)


def sign_in_with_a_device_code(az: Az) -> None:
    """Login --use-device-code."""
    found = az.by_device_code("contributor")
    assert {one["user"]["name"] for one in found} == {seed.USERS["contributor"].principal_name}


def who_am_i(az: Az) -> None:
    """Ad signed-in-user show, list-owned-objects."""
    assert az("ad", "signed-in-user", "show")["id"] == seed.USERS["owner"].object_id
    assert isinstance(az("ad", "signed-in-user", "list-owned-objects"), list)


def who_is_carlos(az: Az) -> None:
    """Ad signed-in-user show, in the cloud of its own."""
    assert az("ad", "signed-in-user", "show")["displayName"] == seed.USERS["contributor"].display_name


def refused(az: Az) -> None:
    """What a user without rights is told: role assignment create, ad app permission admin-consent, resource show."""
    scope = f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}"
    whom = ("--assignee-object-id", seed.USERS["reader"].object_id, "--assignee-principal-type", "User")
    said = az("role", "assignment", "create", *whom, "--role", "Reader", "--scope", scope, code=1)
    assert "AuthorizationFailed" in said, said
    app = az("ad", "app", "create", "--display-name", "of Carlos")["appId"]
    assert "administrator" in az("ad", "app", "permission", "admin-consent", "--id", app, code=1)
    kind = ("--resource-type", "Microsoft.DigitalTwins/digitalTwinsInstances")
    said = az("resource", "show", "--resource-group", "nowhere", "--name", "nothing", *kind, code=3)
    assert "ResourceGroupNotFound" in said, said


def register_cloud(az: Az) -> None:
    """Cloud register --endpoint-resource-manager, set, show."""
    arm = az.azure.ready["armEndpoint"]
    az("cloud", "register", "--name", "Embedded", "--endpoint-resource-manager", arm)
    az("cloud", "set", "--name", "Embedded")
    endpoints = az("cloud", "show")["endpoints"]
    assert endpoints["activeDirectory"] == arm
    assert endpoints["microsoftGraphResourceId"] == f"{arm}/"


def describe_cloud(az: Az) -> None:
    """Cloud register --cloud-config, set."""
    arm = az.azure.ready["armEndpoint"]
    endpoints = {
        "resourceManager": arm,
        "management": arm,
        "activeDirectory": arm,
        "activeDirectoryResourceId": "https://management.core.windows.net/",
        "activeDirectoryGraphResourceId": f"{arm}/",
        "microsoftGraphResourceId": f"{arm}/",
    }
    az("cloud", "register", "--name", "Described", "--cloud-config", json.dumps({"endpoints": endpoints}))
    az("cloud", "set", "--name", "Described")


def same_in_the_cloud(az: Az) -> None:
    """Group, resource, role assignment and rest, in the cloud of its own."""
    group, name = resources.GROUP, "cloud-twins"
    az("group", "create", "--name", group, "--location", "westus2")
    made: Any = az("resource", "create", *resources.named(name), "--location", "westus2", "--properties", "{}")
    assert made["properties"]["provisioningState"] == "Succeeded"
    whom = ("--assignee", az.azure.ready["clientId"], "--role", "Azure Digital Twins Data Owner")
    az("role", "assignment", "create", *whom, "--scope", made["id"])
    found = az("role", "assignment", "list", "--scope", made["id"])
    assert [one["principalName"] for one in found] == [az.azure.ready["clientId"]]
    found = az.rest("get", f"{made['id']}?api-version=2023-01-31")
    assert found["properties"]["hostName"] == f"{name}.api.wus2.digitaltwins.azure.net"
    az("resource", "delete", "--ids", made["id"])
    az("group", "delete", "--name", group, "--yes")


def directory_of_the_cloud(az: Az) -> None:
    """Ad app list, ad sp show, in the cloud of its own."""
    assert "owner-sp" in az("ad", "app", "list", "--query", "[].displayName")
    assert az("ad", "sp", "show", "--id", az.azure.ready["clientId"])["displayName"] == "owner-sp"


def sign_out(az: Az) -> None:
    """Logout."""
    az("logout")
    assert "az login" in az("account", "show", code=1)

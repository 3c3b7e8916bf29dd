"""Microsoft Graph, resource groups and providers, as they were recorded."""

from __future__ import annotations

import uuid

from emulator import seed
from tests.support.replay.asking import OWNER, SUBSCRIPTION, Replay
from tests.support.waiting import until
from tests.support.world import ARM, GRAPH


def graph(ask: Replay) -> None:
    """An application and its service principal, with all that hangs on them."""
    ask.enter("graph", displayName="recorded", appId="")
    made = ask(3)
    app, app_id = made.json()["id"], made.json()["appId"]
    uri = [f"api://{app_id}"]
    ask.shown(5, guid1=app)
    patch = {"identifierUris": uri}
    url = f"{GRAPH}/v1.0/applications/{app}"
    ask.azure.https("PATCH", url, token=ask.azure.token(GRAPH), json=patch)
    ask.enter("graph", displayName="recorded", guid1=app, guid2=app_id)
    ask.shown(0)
    ask.shown(1, guid1=app_id)
    ask(2, displayName=app_id)
    until(lambda: ask(2, displayName=app_id).json()["value"], "the identifier")
    ask(6, guid1=str(uuid.uuid4()))
    ask(7, guid2=str(uuid.uuid4()))
    secret = ask(8)
    until(lambda: ask(17, guid2=secret.json()["keyId"]).status == 204, "the secret")
    credential = ask(10).json()["id"]
    until(lambda: ask(11).status == 200, "the credential")
    until(lambda: ask(9).json()["value"], "the credential")
    ask.shown(13, guid2=credential)
    ask(14, guid2=credential)
    ask(12, guid2=credential)
    ask.shown(15)
    ask(16, guid2=OWNER)
    ask(24, displayName="nobody")
    principal = ask(25, guid1=app_id).json()["id"]
    ask.shown(27, guid1=principal)
    until(lambda: ask(23, guid1=app_id).json()["value"], "the service principal")
    ask(19, guid1=OWNER, guid2=app, guid3=principal)
    ask(29, guid1=principal)
    secret = ask(30, guid1=principal)
    until(lambda: ask(32, guid1=principal, guid2=secret.json()["keyId"]).status == 204, "the secret")
    ask(31, guid1=principal)
    token = ask.azure.token(GRAPH)
    url = f"{GRAPH}/v1.0/servicePrincipals?$filter=appId%20eq%20'{seed.DIGITAL_TWINS_APP}'"
    token = ask.azure.token(GRAPH)
    found = until(lambda: ask.azure.https("GET", url, token=token).json()["value"], "the principal")[0]["id"]
    until(lambda: ask(21, guid1=principal, guid2=found).status == 201, "the grant")
    grant = ask.answers["graph/21"].json()["id"]
    until(lambda: ask(20, guid1=principal).json()["value"], "the grant")
    until(lambda: ask(22, opaque=grant).status == 204, "the grant")
    ask(26, guid1=principal)
    ask(28, guid1=str(uuid.uuid4()))
    ask(4)
    until(lambda: ask(18).status == 204, "the deleted application")


def resource_groups(ask: Replay) -> None:
    """A group with resources and tags, and its deletion."""
    ask.enter("resource groups", rg="tagged", name="recorded")
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/tagged"
    ask(0)
    ask(6, rg="nothing")
    ask(8, rg="nothing")
    ask(12, rg="nothing")
    ask(11)
    ask(5)
    ask(7)
    identity = f"{path}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
    ask.ask("PUT", identity, {"location": "eastus2", "tags": {"recorded": "func"}})
    account = f"{path}/providers/Microsoft.Storage/storageAccounts/taggedrecorded"
    sku = {"name": "Standard_LRS"}
    ask.ask(
        "PUT", account, {"location": "eastus2", "kind": "StorageV2", "sku": sku, "tags": {"azd-env-name": "recorded"}}
    )
    ask(13)
    ask(14)
    ask.ask("PUT", path, {"location": "eastus2", "tags": {"recorded": "recorded"}})
    ask(15)
    ask(16)
    ask(9)
    west = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/tagged-west"
    ask.ask("PUT", west, {"location": "westus", "managedBy": "test_admin", "tags": {"a": "b", "c": ""}})
    ask(17)
    ask(18)
    ask(10, rg="tagged-west")
    location = ask(4).headers["Location"]
    ask(2, url=location)
    until(lambda: ask.azure.https("GET", location, token=ask.azure.token()).status == 200, "the deletion")
    ask(1, url=location)
    ask(3, url=location)


def providers(ask: Replay) -> None:
    """What a provider is like, registered or not: another one that is played stands for the recorded ones."""
    ask.enter("providers")
    base = f"{ARM}/subscriptions/{seed.UNREGISTERED_SUBSCRIPTION}/providers/Microsoft.EventGrid"
    version = "?api-version=2022-09-01"
    ask(0, url=base + version)
    ask(1, url=f"{base}/register{version}")
    ask(3, url=f"{ARM}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization{version}")
    ask(4, url=f"{ARM}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.EventHub{version}")
    ask(5, url=f"{ARM}/subscriptions/{seed.UNREGISTERED_SUBSCRIPTION}/providers/Microsoft.Storage/register{version}")
    for _ in range(4):
        ask.azure.https("GET", base + version, token=ask.azure.token())
    ask(2, url=f"{base}/unregister{version}")

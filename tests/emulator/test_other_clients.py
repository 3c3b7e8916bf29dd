"""What clients ask that the published contracts, of one api-version each, don't have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.arm import GROUP, INSTANCE, REGISTERED, Arm
from tests.support.world import ARM, Emulator


class _Unchecked(Emulator):
    """Its traffic is not held against the contracts."""

    contracts = None


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arm]:
    """A world with `INSTANCE`, for tests that change nothing."""
    with _Unchecked(tmp_path_factory.mktemp("settled") / "azure") as azure:
        arm = Arm(azure)
        arm.instance()
        yield arm


def test_the_provider_publishes_its_lists(settled: Arm) -> None:
    operations = settled("GET", "/providers/Microsoft.DigitalTwins/operations").json()["value"]
    assert {"Microsoft.DigitalTwins/digitalTwinsInstances/write"} <= {operation["name"] for operation in operations}
    assert {operation["isDataAction"] for operation in operations} == {True, False}
    (link,) = settled("GET", f"{INSTANCE}/privateLinkResources").json()["value"]
    assert settled("GET", f"{INSTANCE}/privateLinkResources/api").json() == link
    assert link["properties"]["groupId"] == "API"
    assert settled.refused("GET", f"{INSTANCE}/privateLinkResources/x")[0] == 404
    assert settled("GET", f"{INSTANCE}/privateEndpointConnections").json()["value"] == []
    assert settled.refused("GET", f"{INSTANCE}2/privateEndpointConnections") == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("path", "version"),
    [
        (f"{GROUP}/providers/Microsoft.EventHub/namespaces", "2023-01-01-preview"),
        (f"{GROUP}/providers/Microsoft.ServiceBus/namespaces", "2022-01-01-preview"),
        (f"{GROUP}/providers/Microsoft.ServiceBus/namespaces", "2023-01-01-preview"),
        (f"{GROUP}/providers/Microsoft.Authorization/roleAssignments", "2020-04-01-preview"),
        (f"{REGISTERED}/providers/Microsoft.ManagedIdentity", "2015-01-01"),
        (REGISTERED, "2019-11-01"),
        (GROUP, "2018-05-01"),
    ],
)
def test_versions_that_clients_ask_with_are_served(settled: Arm, path: str, version: str) -> None:
    assert settled.azure.https("GET", f"{ARM}{path}?api-version={version}", token=settled.token).status == 200

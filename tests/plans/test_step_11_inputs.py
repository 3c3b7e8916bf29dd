"""What the inputs of private access ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.refusal import BadInput
from steps.step_11_private_endpoint.inputs import ZONE_NAME, DesiredPrivateEndpoint
from steps.step_11_private_endpoint.step import STEP
from tests.plans.facts import NAMES, TARGET, given
from tests.plans.test_step_11_private_endpoint import FOREIGN, NETWORK, want

NEW = f"{TARGET.group_id}/providers/Microsoft.Network/privateDnsZones/{ZONE_NAME}"


@pytest.mark.parametrize("network", ["net", "office"])
def test_a_short_subnet_is_in_the_group_of_the_instance(network: str) -> None:
    virtual = f"{TARGET.group_id}/providers/Microsoft.Network/virtualNetworks/{network}"
    desired = want(f"{network}/a", zone=None)
    assert (desired.subnet, desired.network) == (f"{virtual}/subnets/a", virtual)


def test_an_id_is_taken_as_it_is_in_any_spelling_of_the_subscription() -> None:
    subnet = f"{NETWORK}/subnets/a".replace(TARGET.subscription, TARGET.subscription.upper())
    assert want(subnet).subnet == subnet
    with pytest.raises(BadInput) as refused:
        want(subnet.replace(TARGET.subscription.upper(), TARGET.tenant))
    assert TARGET.tenant in refused.value.what


@pytest.mark.parametrize(
    ("zone", "desired", "makes_zone"),
    [(None, None, False), ("none", "", False), (FOREIGN, FOREIGN, False), ("new", NEW, True)],
)
def test_only_a_new_zone_is_made(zone: str | None, desired: str | None, makes_zone: bool) -> None:
    found = want(zone=zone)
    assert (found.zone, found.makes_zone) == (desired, makes_zone)


def test_without_an_endpoint_there_is_no_zone() -> None:
    assert want("none") == want("none", zone=None) == DesiredPrivateEndpoint(TARGET, "", "")
    nothing = STEP.desired({}, TARGET, NAMES)
    assert nothing == STEP.desired(given(private_dns_zone="none"), TARGET, NAMES) == DesiredPrivateEndpoint(TARGET)
    assert (nothing.subnet, nothing.zone, nothing.makes_zone, nothing.network) == (None, None, False, "")
    for zone in ("new", FOREIGN):
        with pytest.raises(BadInput):
            STEP.desired(given(private_dns_zone=zone), TARGET, NAMES)


def test_a_link_has_the_name_of_its_network() -> None:
    assert want().link == f"{NEW}/virtualNetworkLinks/net"
    assert replace(want(), subnet="").link == f"{NEW}/virtualNetworkLinks/"

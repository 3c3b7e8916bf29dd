"""A program of azure-mgmt-network and -privatedns: private endpoints, their approval, their zones; what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.mgmt.digitaltwins import AzureDigitalTwinsManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.privatedns import PrivateDnsManagementClient

SUBSCRIPTION, GROUP, INSTANCE, SUBNET, OTHER_SUBNET = sys.argv[1:]
NETWORK = SUBNET.partition("/subnets/")[0]
ZONE = "privatelink.digitaltwins.azure.net"
NOW = {"polling_interval": 0}


def body(*, subnet: str = SUBNET, group: str = "API", manual: bool = False, location: str = "northeurope") -> Any:
    """A private endpoint."""
    connection = {"name": "twins", "properties": {"privateLinkServiceId": INSTANCE, "groupIds": [group]}}
    kind = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
    return {"location": location, "properties": {"subnet": {"id": subnet}, kind: [connection]}}


def refused(act: Callable[[], Any]) -> Any:
    """The status and code of what Azure refuses; None for what it does."""
    try:
        act()
    except HttpResponseError as error:
        return [error.status_code, error.error.code if error.error else None]
    return None


def main() -> dict[str, Any]:
    """Do it all, and say what came of it."""
    with DefaultAzureCredential() as credential:
        network: Any = NetworkManagementClient(credential, SUBSCRIPTION)
        dns: Any = PrivateDnsManagementClient(credential, SUBSCRIPTION)
        twins: Any = AzureDigitalTwinsManagementClient(credential, SUBSCRIPTION)
        return {
            **networks(network),
            **endpoints(network),
            **approval(network, twins.private_endpoint_connections),
            **zones(network, dns),
            **removal(network, dns),
        }


def networks(client: Any) -> dict[str, Any]:
    """Read the seeded network."""
    _, _, _, _, group, _, _, _, name, _, subnet = SUBNET.split("/")
    found = client.virtual_networks.get(group, name)
    policies = client.subnets.get(group, name, subnet).private_endpoint_network_policies
    return {
        "networks": [each.name for each in client.virtual_networks.list_all()],
        "subnets": [each.name for each in client.subnets.list(group, name)],
        "location": found.location,
        "policies": policies,
        "noSubnet": refused(lambda: client.subnets.get(group, name, "none")),
        "noNetwork": refused(lambda: client.virtual_networks.get(group, "none")),
    }


def endpoints(client: Any) -> dict[str, Any]:
    """Create one, and again; and what can't be."""
    every = client.private_endpoints

    def put(name: str, asked: Any) -> Any:
        return every.begin_create_or_update(GROUP, name, asked, **NOW).result()

    made = put("one", {**body(), "tags": {"env": "dev"}})
    (connection,) = made.private_link_service_connections
    return {
        "made": [made.provisioning_state, made.location, made.tags, made.subnet.id == SUBNET],
        "approved": connection.private_link_service_connection_state.status,
        "addresses": [[each.fqdn, *each.ip_addresses] for each in made.custom_dns_configs],
        "listed": [each.name for each in every.list(GROUP)],
        "wrongGroup": refused(lambda: put("two", body(group="sites"))),
        "otherRegion": refused(lambda: put("two", body(location="westus2"))),
        "none": refused(lambda: every.get(GROUP, "two")),
    }


def approval(client: Any, connections: Any) -> dict[str, Any]:
    """Ask for a connection, and approve it, as the portal does."""
    instance_group, instance = INSTANCE.split("/")[4], INSTANCE.rpartition("/")[2]
    asked = client.private_endpoints.begin_create_or_update(
        GROUP, "asking", body(subnet=OTHER_SUBNET, manual=True), **NOW
    ).result()

    def states() -> list[str]:
        (of_endpoint,) = client.private_endpoints.get(GROUP, "asking").manual_private_link_service_connections
        found = [each for each in connections.list(instance_group, instance).value if asking(each)]
        return [
            of_endpoint.private_link_service_connection_state.status,
            *(each.properties.private_link_service_connection_state.status for each in found),
        ]

    def asking(connection: Any) -> bool:
        return bool(connection.properties.private_endpoint.id == asked.id)

    before = states()
    (found,) = [each for each in connections.list(instance_group, instance).value if asking(each)]
    found.properties.private_link_service_connection_state.status = "Approved"
    connections.begin_create_or_update(instance_group, instance, found.name, found, **NOW).result()
    return {"asked": before, "answered": states()}


def zones(network: Any, dns: Any) -> dict[str, Any]:
    """Create a zone with its link, and have an address put there."""
    zone = dns.private_zones.begin_create_or_update(GROUP, ZONE, {"location": "global"}, **NOW).result()
    link = dns.virtual_network_links.begin_create_or_update(
        GROUP,
        ZONE,
        "net",
        {"location": "global", "properties": {"virtualNetwork": {"id": NETWORK}, "registrationEnabled": False}},
        **NOW,
    ).result()
    config = {"name": "twins", "properties": {"privateDnsZoneId": zone.id}}

    asked = {"properties": {"privateDnsZoneConfigs": [config]}}
    made = network.private_dns_zone_groups.begin_create_or_update(GROUP, "one", "default", asked, **NOW).result()
    (configured,) = made.private_dns_zone_configs
    (record,) = configured.record_sets
    return {
        "link": [link.virtual_network_link_state, link.virtual_network.id == NETWORK],
        "record": [record.record_type, record.record_set_name, record.ip_addresses],
        "records": dns.private_zones.get(GROUP, ZONE).number_of_record_sets,
        "groups": [each.name for each in network.private_dns_zone_groups.list("one", GROUP)],
        "regionalZone": refused(
            lambda: dns.private_zones.begin_create_or_update(GROUP, ZONE, {"location": "westus2"}, **NOW)
        ),
    }


def removal(network: Any, dns: Any) -> dict[str, Any]:
    """Delete it all."""
    network.private_dns_zone_groups.begin_delete(GROUP, "one", "default", **NOW).result()
    records = dns.private_zones.get(GROUP, ZONE).number_of_record_sets
    dns.virtual_network_links.begin_delete(GROUP, ZONE, "net", **NOW).result()
    dns.private_zones.begin_delete(GROUP, ZONE, **NOW).result()
    for name in ("one", "asking", "never"):
        network.private_endpoints.begin_delete(GROUP, name, **NOW).result()
    return {
        "recordsLeft": records,
        "left": [each.name for each in network.private_endpoints.list(GROUP)],
        "leftZones": [each.name for each in dns.private_zones.list()],
    }


print(json.dumps(main()))

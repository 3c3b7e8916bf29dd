"""Instances and their endpoints in Resource Manager, as they were recorded."""

from __future__ import annotations

from emulator.seed_network import SUBNET
from tests.support.replay.asking import SUBSCRIPTION, Replay


def management(ask: Replay) -> None:
    """An instance, its endpoints, and one without an identity."""
    names = {"rg": "Recorded", "instance": "recorded-twins", "loc": "eastus", "endpoint": "events"}
    ask.enter("digital twins, management", **names)
    for region, group in (("eastus", "Recorded"), ("westcentralus", "central"), ("westus2", "west")):
        ask.ask("PUT", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}", {"location": region})
    put = ask(0)
    status = put.headers["Azure-AsyncOperation"]
    ask(1, url=status)
    ask.over(put)
    ask(2, url=status)
    ask(3)
    ask(4)
    patched = ask(5)
    ask.over(patched)
    ask(6, url=patched.headers["Azure-AsyncOperation"])
    ask(7)
    deleted = ask(8)
    ask.over(deleted)
    ask(9, url=deleted.headers["Azure-AsyncOperation"])
    ask(10, url=deleted.headers["Location"])
    ask.over(ask(11, instance="recorded-again"))
    ask.over(ask(12, rg="central", instance="central-twins", who="owner-sp"))
    central = {"rg": "central", "instance": "central-twins"}
    endpoint = ask(13, who="owner-sp", **central)
    ask.over(endpoint)
    ask(14, url=endpoint.headers["Azure-AsyncOperation"])
    ask(15, **central)
    keyed(
        ask,
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Recorded/providers/Microsoft.DigitalTwins"
        "/digitalTwinsInstances/recorded-again",
    )
    ask(16, instance="recorded-again")
    ask(17, instance="recorded-again", endpoint="grid")
    ask(18, instance="recorded-again", connection="history")
    ask(19, instance="west-twins")
    ask(20, rg="west", instance="west-twins")
    ask.blind(21)
    connected(ask, "recorded-again")


def connected(ask: Replay, instance: str) -> None:
    """Have a private endpoint, and approve and reject its connection."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Recorded/providers"
    service = f"{group}/Microsoft.DigitalTwins/digitalTwinsInstances/{instance}"
    asked = {"name": "twins", "properties": {"privateLinkServiceId": service, "groupIds": ["API"]}}
    properties = {"subnet": {"id": SUBNET}, "manualPrivateLinkServiceConnections": [asked]}
    endpoint = {"location": "northeurope", "properties": properties}
    ask.over(ask.ask("PUT", f"{group}/Microsoft.Network/privateEndpoints/recorded-endpoint", endpoint))
    ask(22, instance=instance)
    (connection,) = ask.ask("GET", f"{service}/privateEndpointConnections").json()["value"]
    names = {"instance": instance, "guid1": connection["name"], "name": "recorded-endpoint"}

    def having(status: str) -> dict[str, object]:
        state = {"status": status, "description": f"{status}."}
        return {"properties": {**connection["properties"], "privateLinkServiceConnectionState": state}}

    ask(23, having("Approved"), **names)
    ask.over(ask.ask("PUT", connection["id"], having("Rejected")))
    ask(24, having("Approved"), **names)


def keyed(ask: Replay, instance: str) -> None:
    """Have endpoints by key, one of each kind, and a data history connection."""
    shared = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared-services/providers"
    hub = f"{shared}/Microsoft.EventHub/namespaces/contoso-events/eventhubs/twin-events/authorizationRules/send"
    topic = f"{shared}/Microsoft.ServiceBus/namespaces/contoso-messages/topics/twin-messages/authorizationRules/send"
    grid = f"{shared}/Microsoft.EventGrid/topics/contoso-twin-topic"
    hub_key, topic_key = (
        ask.ask("POST", f"{rule}/listKeys").json()["primaryConnectionString"] for rule in (hub, topic)
    )
    url = ask.ask("GET", grid).json()["properties"]["endpoint"]
    bodies = {
        "events": {"endpointType": "EventHub", "connectionStringPrimaryKey": hub_key},
        "grid": {"endpointType": "EventGrid", "TopicEndpoint": url},
        "messages": {"endpointType": "ServiceBus", "primaryConnectionString": topic_key},
    }
    bodies["grid"]["accessKey1"] = ask.ask("POST", f"{grid}/listKeys").json()["key1"]
    for name, body in bodies.items():
        ask.over(ask.ask("PUT", f"{instance}/endpoints/{name}", {"properties": body}))
    history = {
        "connectionType": "AzureDataExplorer",
        "adxDatabaseName": "twins",
        "adxEndpointUri": "https://contoso.eastus.kusto.windows.net",
        "adxResourceId": f"{shared}/Microsoft.Kusto/clusters/contoso",
        "eventHubEndpointUri": "sb://contoso-events.servicebus.windows.net",
        "eventHubEntityPath": "twin-events",
        "eventHubNamespaceResourceId": f"{shared}/Microsoft.EventHub/namespaces/contoso-events",
    }
    ask.over(ask.ask("PUT", f"{instance}/timeSeriesDatabaseConnections/history", {"properties": history}))

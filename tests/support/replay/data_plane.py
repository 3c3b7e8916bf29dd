"""Models, twins, relationships and routes of an instance, as they were recorded."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from tests.support.arm import DATA_OWNER, query_twins
from tests.support.replay.asking import OWNER, SUBSCRIPTION, Replay
from tests.support.waiting import until


def _model(identifier: str, *contents: Mapping[str, Any]) -> dict[str, Any]:
    context = "dtmi:dtdl:context;2"
    return {"@id": identifier, "@type": "Interface", "@context": context, "contents": list(contents)}


def data_plane(ask: Replay) -> None:
    """Models, twins, components, relationships and routes of an instance."""
    ask.enter("digital twins, data plane", instance="plane-twins", twin="building", id="building", route="route")
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/plane"
    instance = f"{group}/providers/Microsoft.DigitalTwins/digitalTwinsInstances/plane-twins"
    ask.ask("PUT", group, {"location": "westus2"})
    identity = {"type": "SystemAssigned"}
    ask.over(ask.ask("PUT", instance, {"location": "westus2", "identity": identity}))
    host = ask.names["host"] = ask.ask("GET", instance).json()["properties"]["hostName"]
    ask.arm.assign(str(uuid.uuid4()), DATA_OWNER, OWNER, at=instance)
    until(lambda: query_twins(ask.azure, host=host).status == 200, "the role")
    by_identity = {
        "endpointType": "EventHub",
        "authenticationType": "IdentityBased",
        "endpointUri": "sb://contoso-events.servicebus.windows.net/",
        "entityPath": "twin-events",
    }
    ask.over(ask.ask("PUT", f"{instance}/endpoints/events", {"properties": by_identity}))
    name = f"{ask._group}/0"
    url = f"https://{host}/digitaltwins/building?api-version=2023-10-31"
    ask.answers[name] = ask.azure.https("GET", url, headers={"Authorization": "Bearer not-a-token"})
    routes = {"endpoint": "events"}
    for number in (1, 2, 3, 4, 5, 6):
        ask(number, **routes)
    ward = _model("dtmi:example:Ward;1")
    ward |= {"displayName": "Ward", "description": "A separate partition in a building, made of rooms and hallways."}
    ask(7)
    ask(8, [ward])
    ask(9)
    ask(10, [ward])
    ask(11)
    ask(12)
    for number in (13, 14):
        ask(number)
    ask(21)
    ask(17, header="If-None-Match: *")
    ask(18)
    for number, header in ((19, "If-Match"), (25, "If-Match"), (28, "If-None-Match")):
        ask(number, header=f"{header}: foo")
    ask(22)
    ask(23)
    for number in (24, 26):
        ask(number)
    ask(15)
    ask(16)
    for number in (20, 27):
        ask(number)
    _components(ask, host)
    ask(35, endpoint="nothing")
    for number in (36, 37, 38):
        ask(number)
    _models(ask, host)
    _relationships(ask, host)


def _put(ask: Replay, host: str, path: str, body: Any, method: str = "PUT") -> None:
    answer = ask.ask(method, f"{path}?api-version=2023-10-31", body, host=host)
    assert answer.status < 300, answer.content


def _components(ask: Replay, host: str) -> None:
    text = {"@type": "Property", "name": "ComponentProp1", "schema": "string"}
    part = _model("dtmi:samples:Part;1", text)
    whole = _model(
        "dtmi:samples:Whole;1", {"@type": "Component", "name": "Component1", "schema": "dtmi:samples:Part;1"}
    )
    _put(ask, host, "/models", [part, whole], "POST")
    twin = {
        "$metadata": {"$model": "dtmi:samples:Whole;1"},
        "Component1": {"$metadata": {}, "ComponentProp1": "value1"},
    }
    _put(ask, host, "/digitaltwins/DTComponentTestsTempTwin", twin)
    for number in (29, 30, 31):
        ask(number)
    ask(32, header="If-Match: foo")
    for number in (33, 34):
        ask(number)
    _put(ask, host, "/digitaltwins/DTComponentTestsTempTwin", None, "DELETE")


def _models(ask: Replay, host: str) -> None:
    component = {
        **_model(
            "dtmi:samples:DTModelTestsComponent;1",
            {"@type": "Property", "name": "ComponentProp1", "schema": "string"},
            {"@type": "Telemetry", "name": "ComponentTelemetry1", "schema": "integer"},
        ),
        "displayName": "Component1",
    }
    holder = {"@type": "Component", "name": "Component1", "schema": "dtmi:samples:DTModelTestsComponent;1"}
    model = _model("dtmi:samples:DTModelTestsModel;1", holder)
    ask(43)
    ask(44)
    _put(ask, host, "/models", [component, model], "POST")
    ask(39, [component, model])
    ask(40)
    ask(41)
    ask(45)
    ask(46)
    _put(ask, host, "/models/dtmi:samples:DTModelTestsModel;1", None, "DELETE")
    ask(42)


def _relationships(ask: Replay, host: str) -> None:
    flag = {"@type": "Property", "name": "isAccessRestricted", "schema": "boolean"}
    del flag["@type"]
    place = _model(
        "dtmi:samples:Place;1",
        {"@type": "Relationship", "name": "contains", "properties": [{"@type": "Property", **flag}]},
        {"@type": "Relationship", "name": "has", "properties": [{"@type": "Property", **flag}]},
    )
    _put(ask, host, "/models", [place], "POST")
    for name in ("Floor", "Room", "Building"):
        twin = {"$metadata": {"$model": "dtmi:samples:Place;1"}}
        _put(ask, host, f"/digitaltwins/DTRelationshipsTests{name}Twin", twin)
    ask(47)
    ask(52, header="If-None-Match: *")
    ask(48)
    for number in (49, 50, 51, 53, 54):
        ask(number)
    has = {
        "$relationshipName": "has",
        "$targetId": "DTRelationshipsTestsFloorTwin",
        "isAccessRestricted": False,
    }
    _put(ask, host, "/digitaltwins/DTRelationshipsTestsBuildingTwin/relationships/BuildingHasFloor", has)
    for number in (55, 56, 57, 59, 60, 61, 62, 58):
        ask(number)

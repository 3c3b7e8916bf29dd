"""Programs of azure-digitaltwins-core, sync and then async: models, twins, relationships, queries, event routes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.digitaltwins.core import DigitalTwinsClient, DigitalTwinsEventRoute
from azure.digitaltwins.core.aio import DigitalTwinsClient as AsyncClient
from azure.identity import DefaultAzureCredential
from azure.identity.aio import DefaultAzureCredential as AsyncCredential

URL, ENDPOINT = sys.argv[1:]
ROOM, SUITE, FLOOR = "dtmi:com:contoso:Room;1", "dtmi:com:contoso:Suite;1", "dtmi:com:contoso:Floor;1"
PAGES = {"max-items-per-page": "1"}
"""`results_per_page` makes azure-digitaltwins-core 1.3.0 fail with a TypeError."""
CONTEXT = "dtmi:dtdl:context;3"
MODELS: list[Any] = [
    {
        "@id": ROOM,
        "@type": "Interface",
        "@context": CONTEXT,
        "displayName": "Room",
        "contents": [
            {"@type": "Property", "name": "temperature", "schema": "double", "writable": True},
            {"@type": "Property", "name": "name", "schema": "string"},
        ],
    },
    {"@id": SUITE, "@type": "Interface", "@context": CONTEXT, "extends": ROOM},
    {
        "@id": FLOOR,
        "@type": "Interface",
        "@context": "dtmi:dtdl:context;2",
        "contents": [
            {
                "@type": "Relationship",
                "name": "contains",
                "target": ROOM,
                "properties": [{"@type": "Property", "name": "since", "schema": "integer"}],
            }
        ],
    },
]
HOT = "SELECT * FROM digitaltwins T WHERE T.temperature >= 20"


def of(model: str, **contents: Any) -> dict[str, Any]:
    return {"$metadata": {"$model": model}, **contents}


def refused(call: Callable[[], Any]) -> list[Any]:
    try:
        call()
    except HttpResponseError as error:
        body = json.loads(error.response.text()) if error.response else {}
        return [error.status_code, body["error"]["code"]]
    return []


def sync() -> dict[str, Any]:
    found: dict[str, Any] = {}
    with DefaultAzureCredential() as credential:
        client: Any = DigitalTwinsClient(URL, credential)
        found["alone"] = refused(lambda: client.create_models(MODELS[1:2]))
        found["models"] = [model.id for model in client.create_models(MODELS)]
        found["again"] = refused(lambda: client.create_models(MODELS[:1]))
        found["listed"] = [model.model is None for model in client.list_models(headers=PAGES)]
        needed = client.list_models(dependencies_for=[SUITE, FLOOR], include_model_definition=True)
        found["needed"] = sorted(model.model["@id"] for model in needed)
        found["display"] = client.get_model(ROOM).display_name
        for number in range(3):
            client.upsert_digital_twin(f"Room{number}", of(ROOM, temperature=19.5 + number))
        suite = client.upsert_digital_twin("suite", of(SUITE, name="Royal"), match_condition=MatchConditions.IfMissing)
        missing = MatchConditions.IfMissing
        found["exists"] = refused(lambda: client.upsert_digital_twin("suite", of(SUITE), match_condition=missing))
        client.upsert_digital_twin("floor", of(FLOOR))
        found["unknown"] = refused(lambda: client.upsert_digital_twin("x", of("dtmi:com:contoso:No;1")))
        found["invalid"] = refused(lambda: client.upsert_digital_twin("x", of(ROOM, temperature="hot", colour=1)))
        patch = [{"op": "add", "path": "/temperature", "value": 25}]
        same = {"etag": suite["$etag"], "match_condition": MatchConditions.IfNotModified}
        client.update_digital_twin("suite", patch, **same)
        found["stale"] = refused(lambda: client.update_digital_twin("suite", patch, **same))
        replace = [{"op": "replace", "path": "/temperature", "value": 1}]
        found["patch"] = refused(lambda: client.update_digital_twin("floor", replace))
        found["suite"] = client.get_digital_twin("suite")["temperature"]
        contains = {"$relationshipName": "contains", "$targetId": "suite", "since": 1999}
        client.upsert_relationship("floor", "floor-suite", contains)
        client.upsert_relationship("floor", "floor-room", {"$relationshipName": "contains", "$targetId": "Room1"})
        wrong = {"$relationshipName": "contains", "$targetId": "floor"}
        found["misfit"] = refused(lambda: client.upsert_relationship("floor", "no", wrong))
        client.update_relationship("floor", "floor-suite", [{"op": "replace", "path": "/since", "value": 2001}])
        found["since"] = client.get_relationship("floor", "floor-suite")["since"]
        found["out"] = sorted(one["$targetId"] for one in client.list_relationships("floor"))
        found["in"] = [one.source_id for one in client.list_incoming_relationships("suite")]
        found["in use"] = refused(lambda: client.delete_digital_twin("suite"))
        found["queries"] = {
            query: sorted(one.get("$dtId", one.get("$relationshipId", one)) for one in client.query_twins(query))
            for query in (
                "SELECT * FROM digitaltwins",
                "SELECT * FROM DIGITALTWINS WHERE $dtId = 'Room1'",
                HOT,
                f"SELECT * FROM digitaltwins WHERE IS_OF_MODEL('{ROOM}')",
                f"SELECT * FROM digitaltwins WHERE IS_OF_MODEL('{ROOM}', exact) AND NOT temperature = 19.5",
                "SELECT * FROM relationships",
            )
        }
        found["count"] = list(client.query_twins("SELECT COUNT() FROM digitaltwins"))
        found["top"] = len(list(client.query_twins("SELECT TOP(2) * FROM digitaltwins")))
        join = "SELECT T FROM digitaltwins T JOIN R RELATED T.contains"
        found["join"] = refused(lambda: list(client.query_twins(join)))
        found["route"] = refused(lambda: client.upsert_event_route("r", route("missing", "true")))
        found["filter"] = refused(lambda: client.upsert_event_route("r", route(ENDPOINT, "type = ")))
        client.upsert_event_route("all", route(ENDPOINT, "true"))
        client.upsert_event_route("rooms", route(ENDPOINT, f"$body.$metadata.$model = '{ROOM}' AND NOT type = 'x'"))
        found["routes"] = [one.id for one in client.list_event_routes(headers=PAGES)]
        found["all"] = client.get_event_route("all").endpoint_name
        client.delete_event_route("all")
        found["gone"] = refused(lambda: client.get_event_route("all"))
    return found


def route(endpoint: str, condition: str) -> DigitalTwinsEventRoute:
    return DigitalTwinsEventRoute(endpoint_name=endpoint, filter=condition)


async def main() -> dict[str, Any]:
    """Find all of it again, asynchronously, and delete it."""
    found: dict[str, Any] = {}
    async with AsyncCredential() as credential, AsyncClient(URL, credential) as client_:
        client: Any = client_
        found["routes"] = [one.id async for one in client.list_event_routes()]
        await client.delete_event_route("rooms")
        found["hot"] = sorted([one["$dtId"] async for one in client.query_twins(HOT)])
        async for one in client.list_relationships("floor"):
            await client.delete_relationship("floor", one["$relationshipId"])
        async for one in client.query_twins("SELECT * FROM digitaltwins"):
            await client.delete_digital_twin(one["$dtId"])
        try:
            await client.delete_model(ROOM)
        except HttpResponseError as error:
            found["needed"] = error.status_code
        await client.decommission_model(SUITE)
        try:
            await client.upsert_digital_twin("late", of(SUITE))
        except HttpResponseError as error:
            found["late"] = error.status_code
        for model in (SUITE, ROOM, FLOOR):
            await client.delete_model(model)
        found["left"] = [model.id async for model in client.list_models()]
        found["left"] += [one async for one in client.query_twins("SELECT * FROM digitaltwins")]
    return found


print(json.dumps({"sync": sync(), "async": asyncio.run(main())}))

"""Models that the language or the service refuses, values that fit no schema, components and the times of properties.

The rules are those of DTDL.v2 and DTDL.v3, and of the service's pages concepts-models, concepts-twins-graph and
how-to-manage-twin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.test_data_plane import ask, refusal, writable
from tests.support.world import Emulator

V2, V3 = "dtmi:dtdl:context;2", "dtmi:dtdl:context;3"
QUANTITIES = "dtmi:dtdl:extension:quantitativeTypes;1"
MAP_KEY = {"name": "key", "schema": "string"}


def model(name: str, *contents: Any, context: Any = V2, **more: Any) -> dict[str, Any]:
    identifier = name if name.startswith("dtmi:") else f"dtmi:test:{name};1"
    return {"@id": identifier, "@type": "Interface", "@context": context, "contents": list(contents), **more}


def part(name: str, schema: Any, kind: Any = "Property", **more: Any) -> dict[str, Any]:
    return {"@type": kind, "name": name, "schema": schema, **more}


def chain(length: int) -> list[dict[str, Any]]:
    """Models of which each extends the one before: the last has `length` levels below it."""
    first = model("Level0")
    return [first, *(model(f"Level{i}", extends=f"dtmi:test:Level{i - 1};1") for i in range(1, length + 1))]


ENUM = {"@type": "Enum", "valueSchema": "integer", "enumValues": [{"name": "low", "enumValue": 1}]}
ARRAY = {"@type": "Array", "elementSchema": "double"}
OBJECT = {"@type": "Object", "fields": [{"name": "size", "schema": "double"}]}
REFUSED: dict[str, list[dict[str, Any]]] = {
    "extends itself": [model("A", extends="dtmi:test:A;1")],
    "extends in a circle": [model("A", extends="dtmi:test:B;1"), model("B", extends="dtmi:test:A;1")],
    "array in a property of v2": [model("A", part("a", ARRAY))],
    "array in an object of v2": [model("A", part("a", {"@type": "Object", "fields": [part("b", ARRAY)]}))],
    "v2 extends v3": [model("A", extends="dtmi:test:B;1"), model("B", context=V3)],
    "v2 contains v3": [model("A", part("b", "dtmi:test:B;1", "Component")), model("B", context=V3)],
    "a name of a base": [model("A", part("a", "double"), extends="dtmi:test:B;1"), model("B", part("a", "double"))],
    "component in a component": [
        model("A", part("b", "dtmi:test:B;1", "Component")),
        model("B", part("c", "dtmi:test:C;1", "Component")),
        model("C"),
    ],
    "inline component": [model("A", part("b", model("B"), "Component"))],
    "inline base": [model("A", extends=model("B"))],
    "eleven levels": chain(11),
    "decimal in v3": [model("A", part("a", "decimal"), context=V3)],
    "uuid in v2": [model("A", part("a", "uuid"))],
    "unknown schema of a field": [model("A", part("a", {"@type": "Object", "fields": [part("b", "number")]}))],
    "enum without valueSchema": [model("A", part("a", {"@type": "Enum", "enumValues": []}))],
    "enum of another type": [model("A", part("a", {**ENUM, "valueSchema": "string"}))],
    "enum with a value twice": [
        model("A", part("a", {**ENUM, "enumValues": [{"name": name, "enumValue": 1} for name in ("low", "high")]}))
    ],
    "enum without values in v2": [model("A", part("a", {**ENUM, "enumValues": []}))],
    "object without fields in v2": [model("A", part("a", {**OBJECT, "fields": []}))],
    "version of two numbers in v2": [model("dtmi:test:A;1.2")],
    "map without mapValue": [model("A", part("a", {"@type": "Map", "mapKey": MAP_KEY}))],
    "field of a wrong name": [model("A", part("a", {"@type": "Object", "fields": [part("a-b", "double")]}))],
    "long name in v2": [model("A", part("a" * 65, "double"))],
    "semantic type without its extension": [model("A", part("a", "double", ["Property", "Temperature"]), context=V3)],
    "semantic type without a unit in v3": [
        model("A", part("a", "double", ["Property", "Temperature"]), context=[V3, QUANTITIES])
    ],
    "no version in v2": [model("dtmi:test:A")],
    "geospatial property in v2": [model("A", part("a", "point"))],
}
TAKEN: dict[str, list[dict[str, Any]]] = {
    "ten levels": chain(10),
    "array in telemetry of v2": [model("T1", part("a", ARRAY, "Telemetry"), part("b", "polygon", "Telemetry"))],
    "array and point in v3": [model("T2", part("a", ARRAY), part("b", "point"), context=V3)],
    "no version in v3": [model("dtmi:test:T3", context=V3)],
    "long name in v3": [model("T4", part("a" * 65, "double"), context=V3)],
    "semantic types": [
        model("T5", part("a", "double", ["Property", "Temperature"], unit="degreeCelsius")),
        model("T6", part("a", "double", ["Property", "Temperature"], unit="kelvin"), context=[V3, QUANTITIES]),
    ],
    "the same base twice": [
        model("T7", extends=["dtmi:test:T8;1", "dtmi:test:T9;1"]),
        model("T8", extends="dtmi:test:T10;1"),
        model("T9", extends="dtmi:test:T10;1"),
        model("T10", part("a", "double")),
    ],
    "v3 extends v2": [model("T11", extends="dtmi:test:T12;1", context=V3), model("T12")],
}
THING = model(
    "Thing",
    part("day", "date"),
    part("moment", "dateTime"),
    part("lasts", "duration"),
    part("at", "time"),
    part("whole", "integer"),
    part("large", "long"),
    part("level", "dtmi:test:Level;1"),
    part("place", "point"),
    part("sizes", {"@type": "Map", "mapKey": MAP_KEY, "mapValue": {"name": "value", "schema": OBJECT}}),
    part("tags", {"@type": "Array", "elementSchema": "string"}),
    part("part", "dtmi:test:Part;1", "Component"),
    context=V3,
    schemas=[{"@id": "dtmi:test:Level;1", **ENUM}],
)
PART = model("Part", part("speed", "double"), part("made", "date"), context=V3)


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An instance with the models of a thing and of its part, and the twin `thing`."""
    with Emulator(tmp_path_factory.mktemp("models") / "azure") as azure:
        writable(azure)
        assert ask(azure, "POST", "/models", [THING, PART]).status == 201
        assert put(azure).status == 200
        yield azure


def put(azure: Emulator, name: str = "thing", **contents: Any) -> Any:
    body = {"$metadata": {"$model": THING["@id"]}, "part": {"$metadata": {}}, **contents}
    return ask(azure, "PUT", f"/digitaltwins/{name}", body)


def change(azure: Emulator, *operations: tuple[str, str, Any], of: str = "") -> Any:
    patch = [{"op": op, "path": path, "value": value} for op, path, value in operations]
    return ask(azure, "PATCH", f"/digitaltwins/thing{of}", patch)


@pytest.mark.parametrize("models", REFUSED.values(), ids=REFUSED.keys())
def test_models_refused(azure: Emulator, models: Any) -> None:
    assert refusal(ask(azure, "POST", "/models", models)) == (400, "DTDLParserError")


@pytest.mark.parametrize("models", TAKEN.values(), ids=TAKEN.keys())
def test_models_taken(azure: Emulator, models: Any) -> None:
    answer = ask(azure, "POST", "/models", models)
    assert answer.status == 201, answer.content
    for taken in reversed(models):
        assert ask(azure, "GET", f"/models/{taken['@id']}").status == 200


@pytest.mark.parametrize(
    ("name", "fitting", "misfits"),
    [
        ("day", ["2024-02-29"], ["2020-99-99", "2023-02-29", "yesterday", 1]),
        ("moment", ["2024-02-29T08:00:00Z", "2024-02-29T08:00:00.1234567+02:00"], ["yesterday", "2024-02-29"]),
        ("lasts", ["PT1H", "P1Y2M3DT4H5M6.7S", "P2W"], ["an hour", "P", "PT", "1H"]),
        ("at", ["08:30:00", "08:30:00.5Z"], ["25:00:00", "noon"]),
        ("whole", [2**31 - 1, -(2**31)], [2**40, 1.5, True, "1"]),
        ("large", [2**40], [2**63]),
        ("level", [1], [2, "low", True]),
        ("place", [{"type": "Point", "coordinates": [4.9, 52.4]}], [{"type": "Polygon", "coordinates": []}, "here"]),
        ("sizes", [{"a": {"size": 1.5}}, {}], [{"a": {"size": "big"}}, {"a": 1}, []]),
        ("tags", [["a", "b"], []], [["a", 1], "a"]),
    ],
)
def test_values_fit_their_schema(azure: Emulator, name: str, fitting: list[Any], misfits: list[Any]) -> None:
    for value in fitting:
        answer = put(azure, "values", **{name: value})
        assert (answer.status, answer.json()[name]) == (200, value)
    for value in misfits:
        assert refusal(put(azure, "values", **{name: value})) == (400, "ValidationFailed"), value


def test_a_component_has_its_own_times(azure: Emulator) -> None:
    assert put(azure, part={"$metadata": {}, "speed": 1}, whole=1).status == 200
    twin = ask(azure, "GET", "/digitaltwins/thing").json()
    assert set(twin["$metadata"]) == {"$lastUpdateTime", "$model", "whole"}
    first = twin["part"]["$metadata"]["speed"]["lastUpdateTime"]
    assert change(azure, ("add", "/made", "2024-02-29"), of="/components/part").status == 204
    found = ask(azure, "GET", "/digitaltwins/thing/components/part").json()
    assert found["$metadata"]["speed"] == {"lastUpdateTime": first}
    assert found["$metadata"]["made"]["lastUpdateTime"] > first
    assert change(azure, ("replace", "/part/speed", 2)).status == 204
    assert ask(azure, "GET", "/digitaltwins/thing").json()["part"]["$metadata"]["speed"]["lastUpdateTime"] > first
    assert refusal(change(azure, ("replace", "/speed", "fast"), of="/components/part")) == (400, "ValidationFailed")


def test_a_component_sends_telemetry(azure: Emulator) -> None:
    path = "/digitaltwins/thing/components/{}/telemetry"
    assert ask(azure, "POST", path.format("part"), {"speed": 2}, Message_Id="1").status == 204
    assert refusal(ask(azure, "POST", path.format("none"), {}, Message_Id="1")) == (404, "ComponentNotFound")


def test_source_times_are_kept(azure: Emulator) -> None:
    time, later = "2024-02-29T08:00:00Z", "2024-02-29T09:00:00Z"
    assert put(azure).status == 200
    both = ("add", "/whole", 1), ("replace", "/$metadata/whole/sourceTime", time)
    for operations in (both, (("replace", "/whole", 2),)):
        assert change(azure, *operations).status == 204
        metadata = ask(azure, "GET", "/digitaltwins/thing").json()["$metadata"]["whole"]
        assert metadata["sourceTime"] == time
    assert change(azure, ("add", "/$metadata/whole/sourceTime", later)).status == 204
    assert ask(azure, "GET", "/digitaltwins/thing").json()["$metadata"]["whole"]["sourceTime"] == later
    of = "/components/part"
    assert change(azure, ("add", "/speed", 1), ("add", "/$metadata/speed/sourceTime", time), of=of).status == 204
    assert change(azure, ("replace", "/part/$metadata/speed/sourceTime", later)).status == 204
    assert ask(azure, "GET", f"/digitaltwins/thing{of}").json()["$metadata"]["speed"]["sourceTime"] == later
    answer = change(azure, ("replace", "/$metadata/whole/sourceTime", "yesterday"))
    assert refusal(answer) == (400, "ValidationFailed")


def test_the_path_names_a_relationship(azure: Emulator) -> None:
    linked = model("Linked", {"@type": "Relationship", "name": "to"})
    assert ask(azure, "POST", "/models", [linked]).status == 201
    for name in ("one", "two"):
        twin = {"$metadata": {"$model": linked["@id"]}}
        assert ask(azure, "PUT", f"/digitaltwins/{name}", twin).status == 200
    body = {"$relationshipId": "b", "$sourceId": "two", "$targetId": "two", "$relationshipName": "to"}
    found = ask(azure, "PUT", "/digitaltwins/one/relationships/a", body)
    assert (found.status, found.json()["$relationshipId"], found.json()["$sourceId"]) == (200, "a", "one")

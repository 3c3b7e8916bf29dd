"""Microsoft's parser of DTDL, built for JavaScript, as an oracle over small models."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.clients.javascript import TIMEOUT, program
from tests.clients.score import Score
from tests.clients.settings import LATENCY
from tests.emulator.test_data_plane import ask, writable
from tests.emulator.test_models_and_values import ARRAY, ENUM, MAP_KEY, OBJECT, REFUSED, TAKEN, V2, V3, model, part
from tests.support.world import Emulator

Models = list[dict[str, Any]]
GEOSPATIAL = ("lineString", "multiLineString", "multiPoint", "multiPolygon", "point", "polygon")
PRIMITIVE = ("boolean", "date", "dateTime", "double", "duration", "float", "integer", "long", "string", "time")
SERVICE = {
    "inline component": "an interface within another",
    "inline base": "an interface within another",
}
"""What the parser takes and the service refuses, https://learn.microsoft.com/azure/digital-twins/concepts-models
(Service-specific DTDL notes)."""


def dtdl(folder: Path, score: Score) -> None:
    """Upload small models of every kind: refused here if @digicatapult/dtdl-parser refuses them, else taken."""
    cases = REFUSED | TAKEN | _written()
    asked = folder / "models.json"
    asked.write_text(json.dumps(cases), encoding="utf-8")
    done = subprocess.run(
        [*program("dtdl.mjs"), str(asked)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, f"the parser ended with {done.returncode}: {done.stderr[-1200:]}"
    verdicts: dict[str, str | None] = json.loads(done.stdout)
    with Emulator(folder / "azure", "--latency", LATENCY) as azure:
        writable(azure)
        for name, models in cases.items():
            score.check(name, lambda name=name, models=models: _compare(azure, name, models, verdicts[name]))  # type: ignore[misc]


def _compare(azure: Emulator, name: str, models: Models, refusal: str | None) -> None:
    answer = ask(azure, "POST", "/models", models)
    assert answer.status in (201, 400), answer.content
    ahead = [found["@id"] for found in models] if answer.status == 201 else []
    for _ in models:  # what others need can't be deleted before them
        ahead = [identifier for identifier in ahead if ask(azure, "DELETE", f"/models/{identifier}").status != 204]
    assert not ahead, f"These can't be deleted: {ahead}"
    assert name not in SERVICE or refusal is None, f"The parser refuses it too: {refusal}"
    expected = 400 if refusal or name in SERVICE else 201
    assert answer.status == expected, f"{answer.status} here; the parser: {refusal or 'takes it'}; {answer.content!r}"


def _written() -> dict[str, Models]:
    """Return more of the kinds that clients stumbled on, in both versions of the language."""
    cases: dict[str, Models] = {}

    def add(title: str, *models: dict[str, Any]) -> None:
        cases[title] = list(models)

    for version, context in ((2, V2), (3, V3)):

        def one(title: str, *contents: Any, context: str = context, version: int = version, **more: Any) -> None:
            add(f"{title}, v{version}", model("A", *contents, context=context, **more))

        for schema in (*PRIMITIVE, *GEOSPATIAL, "decimal", "uuid", "bytes", "number", "Double"):
            for kind in ("Property", "Telemetry"):
                one(f"{schema} in a {kind}", part("a", schema, kind))
        for kind in ("Property", "Telemetry"):
            one(f"array in a {kind}", part("a", ARRAY, kind))
            one(f"array of arrays in a {kind}", part("a", {"@type": "Array", "elementSchema": ARRAY}, kind))
            one(f"object in a {kind}", part("a", OBJECT, kind))
            one(f"enum in a {kind}", part("a", ENUM, kind))
            one(f"map in a {kind}", part("a", _map(), kind))
            one(f"map of objects in a {kind}", part("a", _map(mapValue={"name": "v", "schema": OBJECT}), kind))
            one(f"no schema in a {kind}", {"@type": kind, "name": "a"})
            one(f"no name in a {kind}", {"@type": kind, "schema": "double"})
        one("array without elementSchema", part("a", {"@type": "Array"}, "Telemetry"))
        one("map without mapKey", part("a", {"@type": "Map", "mapValue": {"name": "v", "schema": "double"}}))
        one("map with a number as its key", part("a", _map(mapKey={"name": "key", "schema": "integer"})))
        one("enum of texts", part("a", _enum(("x", "one"), ("y", "two"), valueSchema="string")))
        one("enum of no values", part("a", _enum()))
        one("enum of doubles", part("a", _enum(("x", 1), valueSchema="double")))
        one("enum with a name twice", part("a", _enum(("x", 1), ("x", 2))))
        one("enum with a value twice", part("a", _enum(("x", 1), ("y", 1))))
        one("object with a field twice", part("a", _object("x", "x")))
        one("object of no fields", part("a", _object()))
        for name in ("a-b", "1a", "_a", "a_", "a b", "a_b", "aB1", "a" * 64, "a" * 65, "a" * 512, "a" * 513):
            one(f"a property called {name[:5]}, {len(name)}", part(name, "double"))
            one(f"a field called {name[:5]}, {len(name)}", part("a", _object(name)))
        one("a name twice", part("a", "double"), part("a", "string"))
        one("an unknown type", part("a", "double", "Thing"))
        one("a relationship", {"@type": "Relationship", "name": "r"})
        one("a relationship with a property", _related(part("p", "double")))
        one("a relationship with a property of no schema", _related({"@type": "Property", "name": "p"}))
        one("a relationship with an array", _related(part("p", ARRAY)))
        one("a command", {"@type": "Command", "name": "c", "request": {"name": "q", "schema": "double"}})
        one("a schema of its own", part("a", "dtmi:test:S;1"), schemas=[{"@id": "dtmi:test:S;1", **ENUM}])
        one("a semantic type without a unit", part("a", "double", ["Property", "Temperature"]))
        one("a semantic type", part("a", "double", ["Property", "Temperature"], unit="kelvin"))
        for identifier in (
            "dtmi:test:A",
            "dtmi:test:A;0",
            "dtmi:test:A;1.2",
            "dtmi:te-st:A;1",
            "dtmi:1test:A;1",
            "A;1",
        ):
            add(f"the id {identifier}, v{version}", model("A", context=context) | {"@id": identifier})
        base = model("B", part("a", "double"), context=context)
        add(f"a base, v{version}", model("A", part("b", "double"), extends=base["@id"], context=context), base)
        add(f"a base's name, v{version}", model("A", part("a", "double"), extends=base["@id"], context=context), base)
        add(f"a component, v{version}", model("A", part("b", base["@id"], "Component"), context=context), base)
        other, newer = (V2, "v2") if version == 3 else (V3, "v3"), f"v{version}"
        mixed = model("B", context=other[0])
        add(f"{newer} extends {other[1]}", model("A", extends=mixed["@id"], context=context), mixed)
        add(f"{newer} contains {other[1]}", model("A", part("b", mixed["@id"], "Component"), context=context), mixed)
        for levels in (9, 10, 11):
            chain = [model("L0", context=context)]
            chain += [model(f"L{n}", extends=f"dtmi:test:L{n - 1};1", context=context) for n in range(1, levels + 1)]
            add(f"{levels} levels, v{version}", *chain)
    return cases


def _map(**more: Any) -> dict[str, Any]:
    return {"@type": "Map", "mapKey": MAP_KEY, "mapValue": {"name": "value", "schema": "double"}, **more}


def _enum(*values: tuple[str, Any], valueSchema: str = "integer") -> dict[str, Any]:
    entries = [{"name": name, "enumValue": value} for name, value in values]
    return {"@type": "Enum", "valueSchema": valueSchema, "enumValues": entries}


def _object(*fields: str) -> dict[str, Any]:
    return {"@type": "Object", "fields": [{"name": name, "schema": "double"} for name in fields]}


def _related(*properties: Any) -> dict[str, Any]:
    return {"@type": "Relationship", "name": "r", "properties": list(properties)}

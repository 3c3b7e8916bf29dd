"""The query language over a graph of twenty twins, whose right answers are known.

One site has a floor of three rooms and a floor of two; each room has two lamps; a guard visits the first room of each
floor, and each lamp of the first room leads back to the site.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.test_data_plane import ask, refusal, writable
from tests.support.world import Emulator

V3 = "dtmi:dtdl:context;3"
THING = "dtmi:test:Thing;{}"


def relation(name: str, *properties: Any) -> dict[str, Any]:
    return {"@type": "Relationship", "name": name, "properties": list(properties)}


def value(name: str, schema: Any) -> dict[str, Any]:
    return {"@type": "Property", "name": name, "schema": schema}


INFO = {
    "@type": "Object",
    "fields": [
        {"name": "floor", "schema": "integer"},
        {
            "name": "tags",
            "schema": {
                "@type": "Map",
                "mapKey": {"name": "tag", "schema": "string"},
                "mapValue": {"name": "is", "schema": "boolean"},
            },
        },
    ],
}
CONTENTS = [
    relation("contains", value("since", "integer")),
    relation("visits"),
    relation("back"),
    value("name", "string"),
    value("Group", "string"),
    value("number", "integer"),
    value("marks", {"@type": "Array", "elementSchema": "string"}),
    value("info", INFO),
]
MODELS: list[dict[str, Any]] = [
    {"@id": THING.format(1), "@type": "Interface", "@context": V3, "contents": CONTENTS},
    {"@id": THING.format(2), "@type": "Interface", "@context": V3, "contents": CONTENTS},
    {"@id": "dtmi:test:Room;1", "@type": "Interface", "@context": V3, "extends": THING.format(1)},
    {"@id": "dtmi:test:Lamp;1", "@type": "Interface", "@context": V3, "extends": THING.format(2)},
]
FLOORS, ROOMS = ["f1", "f2"], ["r11", "r12", "r13", "r21", "r22"]
LAMPS = [f"{room}{side}" for room in ROOMS for side in "ab"]
TWINS: dict[str, dict[str, Any]] = {
    "site": {"name": "Site"},
    **{name: {"name": "Floor", "number": number, "Group": "x"} for number, name in enumerate(FLOORS, 1)},
    **{
        name: {"number": number, "marks": ["warm", name], "info": {"floor": number // 10, "tags": {"red": True}}}
        for number, name in ((int(room[1:]), room) for room in ROOMS)
    },
    **{name: {"name": "Lamp"} for name in LAMPS},
    "guard": {"name": "it's"},
    "alone": {},
}
EDGES = [
    *(("site", "contains", floor, {"since": number}) for number, floor in enumerate(FLOORS, 1)),
    *((f"f{room[1]}", "contains", room, {}) for room in ROOMS),
    *((lamp[:3], "contains", lamp, {}) for lamp in LAMPS),
    *(("guard", "visits", room, {}) for room in ("r11", "r21")),
    *((lamp, "back", "site", {}) for lamp in ("r11a", "r11b")),
]


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("graph") / "azure") as azure:
        writable(azure)
        assert ask(azure, "POST", "/models", MODELS).status == 201
        for name, contents in TWINS.items():
            kind = "dtmi:test:Lamp;1" if name in LAMPS else "dtmi:test:Room;1" if name in ROOMS else THING.format(1)
            answer = ask(azure, "PUT", f"/digitaltwins/{name}", {"$metadata": {"$model": kind}, **contents})
            assert answer.status == 200, answer.content
        for source, relationship, target, contents in EDGES:
            body = {"$targetId": target, "$relationshipName": relationship, **contents}
            path = f"/digitaltwins/{source}/relationships/{relationship}-{target}"
            assert ask(azure, "PUT", path, body).status == 200
        yield azure


def run(azure: Emulator, query: str) -> list[dict[str, Any]]:
    answer = ask(azure, "POST", "/query", {"query": query})
    assert answer.status == 200, answer.content
    return list(answer.json()["value"])


def test_the_graph_has_twenty_twins(azure: Emulator) -> None:
    assert (len(TWINS), run(azure, "SELECT COUNT() FROM digitaltwins")) == (20, [{"COUNT": 20}])
    assert run(azure, "SELECT COUNT() FROM RELATIONSHIPS") == [{"COUNT": len(EDGES)}]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("number = 11", ["r11"]),
        ("T.number < 12", ["f1", "f2", "r11"]),
        ("T.number NIN [1, 2, 11, 12, 13]", ["r21", "r22"]),
        ("NOT T.number >= 2 AND IS_DEFINED(T.number)", ["f1"]),
        ("T.$dtId IN ['site', 'f1', 'none']", ["f1", "site"]),
        ("[[Group]] = 'x'", FLOORS),
        ("T.[[Group]] != 'y'", FLOORS),
        ("T.info.floor = 2", ["r21", "r22"]),
        ("info.tags.red = true AND T.number > 20", ["r21", "r22"]),
        ("is_defined(T.info.tags.red)", ROOMS),
        ("IS_OBJECT(T.info) AND NOT IS_DEFINED(T.info.tags.blue)", ROOMS),
        ("ARRAY_CONTAINS(T.marks, 'r12')", ["r12"]),
        ("ARRAY_CONTAINS(marks, 'war')", []),
        ("STARTSWITH(T.$dtId, 'r1') AND ENDSWITH(T.$dtId, 'a')", ["r11a", "r12a", "r13a"]),
        ("CONTAINS(T.$dtId, 'uar')", ["guard"]),
        (r"T.name = 'it\'s'", ["guard"]),
        (f"IS_OF_MODEL('{THING.format(1)}') AND NOT IS_DEFINED(T.number)", sorted(["site", "guard", "alone", *LAMPS])),
        (f"IS_OF_MODEL(T, '{THING.format(2)}')", LAMPS),
        (f"IS_OF_MODEL(T, '{THING.format(1)}', exact) AND T.name = 'Site' OR T.name = 'Floor'", ["f1", "f2", "site"]),
        (f"IS_OF_MODEL('{THING.format(2)}', exact)", []),
    ],
)
def test_conditions(azure: Emulator, where: str, expected: list[str]) -> None:
    found = run(azure, f"SELECT T.$dtId FROM DIGITALTWINS T WHERE {where}")
    assert sorted(row["$dtId"] for row in found) == sorted(expected)
    assert run(azure, f"SELECT COUNT() FROM DIGITALTWINS T WHERE {where}") == [{"COUNT": len(expected)}]


def test_columns(azure: Emulator) -> None:
    whole = ask(azure, "GET", "/digitaltwins/f1").json()
    assert run(azure, "SELECT * FROM digitaltwins WHERE $dtId = 'f1'") == [whole]
    assert run(azure, "SELECT T FROM digitaltwins T WHERE T.$dtId = 'f1'") == [{"T": whole}]
    assert run(azure, "SELECT name, number, marks FROM digitaltwins WHERE $dtId = 'f1'") == [
        {"name": "Floor", "number": 1}
    ]
    assert run(azure, "SELECT T.$dtId AS id, T.info FROM digitaltwins T WHERE T.number = 22") == [
        {"id": "r22", "info": {"floor": 2, "tags": {"red": True}}}
    ]
    assert len(run(azure, "SELECT TOP(5) FROM DIGITALTWINS")) == 5
    assert len(run(azure, "SELECT TOP (3) T.$dtId FROM DIGITALTWINS T")) == 3
    found = run(azure, "SELECT $relationshipId FROM RELATIONSHIPS WHERE $sourceId IN ['guard'] AND $targetId = 'r21'")
    assert found == [{"$relationshipId": "visits-r21"}]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("JOIN E RELATED S.contains R WHERE S.$dtId = 'site'", FLOORS),
        ("JOIN E RELATED S.contains R WHERE S.$dtId = 'site' AND R.since > 1", ["f2"]),
        ("JOIN E RELATED S.contains WHERE E.$dtId = 'r11a'", ["r11a"]),
        ("JOIN E RELATED S.visits WHERE S.$dtId = 'site'", []),
        ("JOIN F RELATED S.contains JOIN E RELATED F.contains WHERE S.$dtId = 'site'", ROOMS),
        (
            "JOIN F RELATED S.contains JOIN R RELATED F.contains JOIN E RELATED R.contains WHERE S.$dtId = 'site' "
            "AND IS_OF_MODEL(E, 'dtmi:test:Lamp;1') AND R.number IN [11, 22]",
            ["r11a", "r11b", "r22a", "r22b"],
        ),
        (
            "JOIN A RELATED S.contains JOIN B RELATED A.contains JOIN C RELATED B.contains JOIN D RELATED C.back "
            "JOIN E RELATED D.contains WHERE S.$dtId = 'site'",
            [*FLOORS, *FLOORS],
        ),
        ("JOIN E RELATED S.contains JOIN F RELATED S.visits WHERE S.$dtId = 'guard'", []),
    ],
)
def test_joins(azure: Emulator, rest: str, expected: list[str]) -> None:
    found = run(azure, f"SELECT E.$dtId FROM DIGITALTWINS S {rest}")
    assert sorted(row["$dtId"] for row in found) == sorted(expected)
    assert run(azure, f"SELECT COUNT() FROM DIGITALTWINS S {rest}") == [{"COUNT": len(expected)}]


@pytest.mark.parametrize(
    ("pattern", "start", "expected"),
    [
        ("(S)", "site", ["site"]),
        ("(S)-[]->(E)", "site", FLOORS),
        ("(S)<-[]-(E)", "r11", ["f1", "guard"]),
        ("(S)-[]-(E)", "r11", ["f1", "guard", "r11a", "r11b"]),
        ("(S)-[:contains]-(E)", "r11", ["f1", "r11a", "r11b"]),
        ("(S)-[:visits|back]-(E)", "r11", ["guard"]),
        ("(S)-[:contains*2]->(E)", "site", ROOMS),
        ("(S)-[:contains*1..3]->(E)", "site", [*ROOMS, *LAMPS]),
        ("(S)-[:contains*..2]->(E)", "site", [*FLOORS, *ROOMS]),
        ("(S)-[*..10]->(E)", "r22", ["r22a", "r22b"]),
        ("(S)-[visits]->()-[:contains]->(E)", "guard", ["r11a", "r11b", "r21a", "r21b"]),
        ("(S)-[:visits]->(R)<-[:contains]-(E)", "guard", FLOORS),
        ("(S)-[:contains|visits*..2]->(E)", "guard", ["r11", "r21", "r11a", "r11b", "r21a", "r21b"]),
    ],
)
def test_matches(azure: Emulator, pattern: str, start: str, expected: list[str]) -> None:
    end = "E" if "E" in pattern else "S"
    found = run(azure, f"SELECT {end}.$dtId FROM DIGITALTWINS MATCH {pattern} WHERE S.$dtId = '{start}'")
    assert sorted(row["$dtId"] for row in found) == sorted(expected)


def test_a_relationship_of_a_match_has_properties(azure: Emulator) -> None:
    match = "FROM DIGITALTWINS MATCH (S)-[r:contains]->(F) WHERE S.$dtId = 'site' AND r.since = 2"
    assert run(azure, f"SELECT F.$dtId, r.since {match}") == [{"$dtId": "f2", "since": 2}]
    (row,) = run(azure, f"SELECT * {match}")
    assert (set(row), row["r"]["$targetId"]) == ({"S", "F", "r"}, "f2")


JOINS = " ".join(f"JOIN A{number} RELATED A{number - 1}.contains" for number in range(1, 7))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM things",
        "SELECT * FROM digitaltwins WHERE",
        "SELECT * FROM digitaltwins WHERE IS_OF_MODEL('room')",
        "SELECT * FROM digitaltwins T WHERE T.Group = 'x'",
        "SELECT * FROM digitaltwins ORDER BY name",
        "SELECT * FROM (SELECT * FROM digitaltwins)",
        "SELECT * FROM digitaltwins WHERE NEARLY(name, 'x')",
        "SELECT T FROM digitaltwins T JOIN C RELATED T.contains",
        "SELECT * FROM digitaltwins T JOIN C RELATED T.contains WHERE T.$dtId = 'site'",
        "SELECT T FROM digitaltwins T JOIN C RELATED X.contains WHERE T.$dtId = 'site'",
        "SELECT T FROM digitaltwins T JOIN T RELATED T.contains WHERE T.$dtId = 'site'",
        "SELECT T FROM digitaltwins T JOIN C RELATED T.contains WHERE T.$dtId = 'site' AND name = 'x'",
        "SELECT T.name, C.name FROM digitaltwins T JOIN C RELATED T.contains WHERE T.$dtId = 'site'",
        f"SELECT A0 FROM digitaltwins A0 {JOINS} WHERE A0.$dtId = 'site'",
        "SELECT a FROM digitaltwins MATCH (a)-[]->(b)",
        "SELECT a FROM digitaltwins MATCH (a)<-[]->(b) WHERE a.$dtId = 'site'",
        "SELECT a FROM digitaltwins MATCH (a)-[r*2]->(b) WHERE a.$dtId = 'site'",
        "SELECT a FROM digitaltwins MATCH (a)-[*6]->(b)-[*5]->(c) WHERE a.$dtId = 'site'",
        "SELECT a FROM digitaltwins MATCH (a)-[*2..]->(b) WHERE a.$dtId = 'site'",
        f"SELECT * FROM digitaltwins WHERE number IN {list(range(101))}",
        f"SELECT * FROM digitaltwins WHERE {' OR '.join(['number = 1'] * 52)}",
        f"SELECT * FROM digitaltwins WHERE name = '{'x' * 8000}'",
    ],
)
def test_what_is_not_played_says_so_in_words_of_its_own(azure: Emulator, query: str) -> None:
    answer = ask(azure, "POST", "/query", {"query": query})
    assert refusal(answer) == (400, "SqlQueryError")
    assert query[:60] in answer.json()["error"]["message"]

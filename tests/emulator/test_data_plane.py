"""The data plane of the embedded Azure: models, twins, relationships, queries and event routes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from emulator import seed
from tests.support.arm import DATA_OWNER, DATA_READER, GROUP, HOST, INSTANCE, REGISTERED, Arm, document
from tests.support.waiting import until
from tests.support.world import DIGITAL_TWINS, ROOT, Answer, Emulator

OWNER_ASSIGNMENT = "44444444-4444-4444-8444-444444444444"
READER_ASSIGNMENT = "55555555-5555-4555-8555-555555555555"
TOPIC = f"{REGISTERED}/resourceGroups/shared-services/providers/Microsoft.EventGrid/topics/contoso-twin-topic"
ROOM = "dtmi:com:contoso:Room;1"
MODEL: dict[str, Any] = {"@id": ROOM, "@type": "Interface", "@context": "dtmi:dtdl:context;2"}


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A world with an instance that `owner` may write and `reader` read, one endpoint and one that is not finished."""
    with Emulator(tmp_path_factory.mktemp("twins") / "azure") as azure:
        ready(azure)
        yield azure


def ready(azure: Emulator) -> None:
    arm = Arm(azure)
    arm.instance()
    arm.assign(OWNER_ASSIGNMENT, DATA_OWNER, seed.USERS["owner"].object_id)
    arm.assign(READER_ASSIGNMENT, DATA_READER, seed.USERS["reader"].object_id)
    for name in ("owner", "reader"):
        assert [ask(azure, "GET", "/models", name=name).status for _ in range(3)] == [403, 403, 200]
    key = arm("POST", f"{TOPIC}/listKeys").json()["key1"]
    topic = {"endpointType": "EventGrid", "TopicEndpoint": arm("GET", TOPIC).json()["properties"]["endpoint"]}
    for name in ("events", "young"):
        created = arm("PUT", f"{INSTANCE}/endpoints/{name}", {"properties": {**topic, "accessKey1": key}})
        if name == "events":
            assert arm.states(created.headers["Azure-AsyncOperation"])[-1] == "Succeeded"


def writable(azure: Emulator) -> None:
    """Have `INSTANCE`, in which `owner` may write."""
    arm = Arm(azure)
    arm.instance()
    arm.assign(OWNER_ASSIGNMENT, DATA_OWNER, seed.USERS["owner"].object_id)
    until(lambda: ask(azure, "GET", "/models").status == 200, "the right to read models")


def ask(azure: Emulator, method: str, path: str, body: Any = None, name: str = "owner", **headers: str) -> Answer:
    url = f"https://{HOST}{path}{'&' if '?' in path else '?'}api-version=2023-10-31"
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return azure.https(method, url, token=azure.token(DIGITAL_TWINS, name), json=body, headers=headers)


def uploaded(azure: Emulator, *ids: str) -> Answer:
    """Upload models of these ids, in an instance that has one."""
    writable(azure)

    def upload(*some: str) -> Answer:
        model = {"@type": "Interface", "@context": "dtmi:dtdl:context;2"}
        return ask(azure, "POST", "/models", [{"@id": identifier, **model} for identifier in some])

    assert upload("dtmi:test:known;1").status == 201
    return upload(*ids)


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


def test_unmodified_sdk_programs(azure: Emulator) -> None:
    ready(azure)
    before = azure.inventory()
    command = [sys.executable, "-m", "tests.support.programs.twin_graph", f"https://{HOST}", "events"]
    done = subprocess.run(command, cwd=ROOT, env=azure.env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rooms = ["Room0", "Room1", "Room2"]
    assert json.loads(done.stdout) == {
        "sync": {
            "alone": [400, "DTDLParserError"],
            "models": [ROOM, "dtmi:com:contoso:Suite;1", "dtmi:com:contoso:Floor;1"],
            "again": [409, "ModelIdAlreadyExists"],
            "listed": [True, True, True],
            "needed": ["dtmi:com:contoso:Floor;1", ROOM, "dtmi:com:contoso:Suite;1"],
            "display": {"en": "Room"},
            "exists": [412, "PreconditionFailed"],
            "unknown": [400, "ValidationFailed"],
            "invalid": [400, "ValidationFailed"],
            "stale": [412, "PreconditionFailed"],
            "patch": [400, "JsonPatchInvalid"],
            "suite": 25,
            "misfit": [400, "InvalidRelationship"],
            "since": 2001,
            "out": ["Room1", "suite"],
            "in": ["floor"],
            "in use": [400, "RelationshipsNotDeleted"],
            "queries": {
                "SELECT * FROM digitaltwins": [*rooms, "floor", "suite"],
                "SELECT * FROM DIGITALTWINS WHERE $dtId = 'Room1'": ["Room1"],
                "SELECT * FROM digitaltwins T WHERE T.temperature >= 20": ["Room1", "Room2", "suite"],
                f"SELECT * FROM digitaltwins WHERE IS_OF_MODEL('{ROOM}')": [*rooms, "suite"],
                f"SELECT * FROM digitaltwins WHERE IS_OF_MODEL('{ROOM}', exact) AND NOT temperature = 19.5": rooms[1:],
                "SELECT * FROM relationships": ["floor-room", "floor-suite"],
            },
            "count": [{"COUNT": 5}],
            "top": 2,
            "join": [400, "SqlQueryError"],
            "route": [400, "EventRouteEndpointInvalid"],
            "filter": [400, "EventRouteFilterInvalid"],
            "routes": ["all", "rooms"],
            "all": "events",
            "gone": [404, "EventRouteNotFound"],
        },
        "async": {
            "routes": ["rooms"],
            "hot": ["Room1", "Room2", "suite"],
            "needed": 409,
            "late": 400,
            "left": [],
        },
    }
    assert azure.inventory() == before


def test_readers_read_and_write_nothing(twins: Emulator) -> None:
    for path in ("/models", "/eventroutes"):
        assert ask(twins, "GET", path, name="reader").status == 200
    assert ask(twins, "POST", "/query", {"query": "SELECT * FROM digitaltwins"}, name="reader").status == 200
    for method, path, body in (
        ("POST", "/models", [MODEL]),
        ("PUT", "/digitaltwins/a", {"$metadata": {"$model": ROOM}}),
        ("DELETE", "/digitaltwins/a", None),
        ("PUT", "/eventroutes/a", {"endpointName": "events", "filter": "true"}),
        ("DELETE", "/eventroutes/a", None),
    ):
        answer = ask(twins, method, path, body, name="reader")
        assert (answer.status, answer.content) == (403, b""), path


@pytest.mark.parametrize(
    ("name", "endpoint", "condition", "code"),
    [
        ("a", "young", "true", "EventRouteEndpointInvalid"),
        ("a", "events", None, "EventRouteFilterInvalid"),
        ("a", "events", "type = 'x' AND", "EventRouteFilterInvalid"),
        ("a", "events", "NEARLY(type, 'x')", "EventRouteFilterInvalid"),
        ("a b", "events", "true", "EventRouteIdInvalid"),
    ],
)
def test_routes_refused(twins: Emulator, name: str, endpoint: str, condition: str | None, code: str) -> None:
    body = {"endpointName": endpoint, "filter": condition}
    assert refusal(ask(twins, "PUT", f"/eventroutes/{name.replace(' ', '%20')}", body)) == (400, code)


@pytest.mark.parametrize(
    "condition",
    [
        "false",
        "type = 'Microsoft.DigitalTwins.Twin.Create' OR type = 'Microsoft.DigitalTwins.Twin.Delete'",
        "STARTS_WITH($body.$metadata.$model, 'dtmi:com') AND NOT (subject IN ['a', 'b'])",
        "type = Microsoft.DigitalTwins.Twin.Create",
        "$body.contact.age >= 18.5 AND IS_DEFINED($body.contact)",
    ],
)
def test_filters_of_the_documentation_are_taken(twins: Emulator, condition: str) -> None:
    body = {"endpointName": "events", "filter": condition}
    assert ask(twins, "PUT", "/eventroutes/taken", body).status == 204
    assert ask(twins, "GET", "/eventroutes/taken").json() == {"id": "taken", **body}
    assert ask(twins, "DELETE", "/eventroutes/taken").status == 204


def test_routes_have_a_limit_that_support_can_raise(twins: Emulator) -> None:
    body = {"endpointName": "events", "filter": "true"}
    codes = [ask(twins, "PUT", f"/eventroutes/route-{number}", body).status for number in range(7)]
    assert codes == [204] * 6 + [400]
    document(twins, "limit", "eventRoutes", {"count": 100})
    assert ask(twins, "PUT", "/eventroutes/route-6", body).status == 204
    page = ask(twins, "GET", "/eventroutes", max_items_per_page="5").json()
    assert (len(page["value"]), "continuationToken" in page["nextLink"]) == (5, True)
    assert refusal(ask(twins, "GET", "/eventroutes?continuationToken=x")) == (400, "BadRequest")
    for number in range(7):
        ask(twins, "DELETE", f"/eventroutes/route-{number}")


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ({**MODEL, "@id": "dtmi:com:contoso:Room"}, "DTDLParserError"),
        ({**MODEL, "@context": "dtmi:dtdl:context;9"}, "ModelVersionNotSupported"),
        ({**MODEL, "@type": "Property"}, "DTDLParserError"),
        ({**MODEL, "extends": "dtmi:com:contoso:No;1"}, "DTDLParserError"),
        ({**MODEL, "contents": [{"@type": "Property", "name": "1a", "schema": "double"}]}, "DTDLParserError"),
        ({**MODEL, "contents": [{"@type": "Property", "name": "a", "schema": "number"}]}, "DTDLParserError"),
        ({**MODEL, "contents": [{"@type": "Telemetry", "name": "a", "schema": "double"}] * 2}, "DTDLParserError"),
    ],
)
def test_models_refused(twins: Emulator, model: Any, code: str) -> None:
    assert refusal(ask(twins, "POST", "/models", [{**MODEL, "@id": "dtmi:com:contoso:Good;1"}, model])) == (400, code)
    assert ask(twins, "GET", "/models").json()["value"] == []  # all or nothing


def test_names_keep_their_case_and_twins_their_components(azure: Emulator) -> None:
    ready(azure)
    whole = {**MODEL, "@id": "dtmi:com:contoso:House;1"}
    whole["contents"] = [{"@type": "Component", "name": "room", "schema": ROOM}]
    assert ask(azure, "POST", "/models", [whole, MODEL]).status == 201
    body: dict[str, Any] = {"$metadata": {"$model": "dtmi:com:contoso:House;1"}}
    answer = ask(azure, "PUT", "/digitaltwins/House", body)
    assert refusal(answer) == (400, "ValidationFailed")
    assert "room" in answer.json()["error"]["details"][0]["message"]
    created = ask(azure, "PUT", "/digitaltwins/House", {**body, "room": {"$metadata": {}}})
    assert (created.status, created.headers["ETag"]) == (200, created.json()["$etag"])
    assert ask(azure, "GET", "/digitaltwins/House/components/room").json() == {"$metadata": {}}
    assert refusal(ask(azure, "GET", "/digitaltwins/house")) == (404, "DigitalTwinNotFound")
    assert ask(azure, "PUT", "/digitaltwins/house", {**body, "room": {"$metadata": {}}}).status == 200
    answer = ask(azure, "POST", "/query", {"query": "SELECT * FROM digitaltwins"}, max_items_per_page="1")
    assert float(answer.headers["query-charge"]) > 0
    again = ask(azure, "POST", "/query", {"continuationToken": answer.json()["continuationToken"]})
    assert {twin["$dtId"] for twin in answer.json()["value"] + again.json()["value"]} == {"House", "house"}
    assert again.json()["continuationToken"] is None
    arm = Arm(azure)
    arm.states(arm("DELETE", INSTANCE).headers["Azure-AsyncOperation"])
    assert not azure.inventory().keys() & {"models", "digitalTwins"}
    arm("DELETE", GROUP)

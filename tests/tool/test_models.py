"""Models: uploaded, compared, refused by file and line, removed, and kept while twins use them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from tests.support.documents import changes, errors, names, notes, outcomes
from tests.support.processes import kill
from tests.support.routing import data_plane, written
from tests.support.tool import START, Tool
from tests.support.waiting import until_held
from tests.support.world import Emulator
from tests.tool.test_marks import edit


def model(name: str, version: int = 1, **more: Any) -> dict[str, Any]:
    identifier = f"dtmi:test:{name};{version}"
    return {"@id": identifier, "@type": "Interface", "@context": "dtmi:dtdl:context;2", **more}


def put(file: Path, *models: dict[str, Any], encoding: str = "utf-8") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(models if len(models) > 1 else models[0], indent=2), encoding=encoding)


def ontology(folder: Path) -> None:
    part = {"@type": "Component", "name": "lock", "schema": "dtmi:test:Lock;1"}
    put(folder / "rooms.json", model("Room", extends="dtmi:test:Space;1"), model("Lock"), encoding="utf-8-sig")
    put(folder / "in/door.dtdl", model("Door", extends="dtmi:test:Space;1", contents=[part]), encoding="utf-16")
    put(folder / "in/space.json", model("Space"))


def ids(azure: Emulator) -> set[str]:
    return {one["id"].removeprefix("dtmi:test:") for one in data_plane(azure, "GET", "/models")["value"]}


def recorded(tool: Tool) -> set[str]:
    return {one.rpartition("dtmi:test:")[2] for one in tool.state["steps"]["models"]["made"]}


def requests(azure: Emulator, since: int) -> list[list[str]]:
    """The methods and paths of what was written since."""
    return [one.partition("?")[0].split() for one in written(azure, since)]


EVERY = {"Door;1", "Lock;1", "Room;1", "Space;1"}


UNRESOLVED = {"error": {"code": "DTDLParserError", "message": "failed to resolve requisite references to element(s)"}}
"""How the service refuses more models than it resolves at once."""


def test_killed_resumed_compared_refused_and_deleted(azure: Emulator, tool: Tool) -> None:
    ontology(tool.folder / "ontology")
    (tool.folder / "settings.toml").write_text('models = ["ontology"]')
    flags = ("--no-app", "--config", str(tool.folder / "settings.toml"))
    planned = tool.run("plan", *START, *flags, "--output", "json")
    assert changes(planned.document)["models"] == ["upload-models:dtmi:test:Lock;1"]
    # Refused as too much at once, it is halved; killed before the second half.
    azure.faults(
        {"method": "POST", "path": "/models", "do": "status:400", "body": UNRESOLVED},
        {"method": "POST", "path": "/models", "nth": 3, "do": "hold"},
    )
    process = tool.start(*START, *flags)
    until_held(azure, process)
    kill(process)
    azure.faults()
    assert ids(azure) == {"Lock;1", "Space;1"}
    done = tool.run("--yes")
    assert done.code == 0, done.text
    assert ids(azure) == EVERY == recorded(tool)

    since = len(azure.requests()["log"])
    assert tool.run("verify").code == 0
    tool.state_file.unlink()
    assert tool.run(*START, *flags).code == 0
    assert (written(azure, since), recorded(tool)) == ([], EVERY)

    space = tool.folder / "ontology/in/space.json"
    put(space, model("Space", displayName="changed"))
    changed = tool.run("--yes", "--system-identity")
    assert (changed.code, f"{space}, line 2" in changed.text) == (2, True)
    assert written(azure, since) == []

    put(space, model("Space"), model("Space", 2), model("Wrong", contents=[{"@type": "Property", "name": "no-name"}]))
    wrong = tool.run("--yes", "--output", "json")
    (error,) = errors(wrong.document)
    line = space.read_text().splitlines().index('    "@id": "dtmi:test:Wrong;1",') + 1
    assert (wrong.code, error["code"]) == (2, "DTDLParserError"), error
    assert f"{space}, line {line}" in error["why"]
    put(space, model("Space"), model("Space", 2))

    (command,) = re.findall(r"az rest .*", done.text)
    asked = dict(zip(*[iter(shlex.split(command)[2:])] * 2, strict=True))
    token = azure.token(asked["--resource"])
    answer = azure.https(asked["--method"].upper(), asked["--url"], token=token, json=json.loads(asked["--body"]))
    assert (answer.status, answer.json()["value"]) == (200, [])

    data_plane(azure, "PUT", "/digitaltwins/room1", {"$metadata": {"$model": "dtmi:test:Room;1"}})
    (tool.folder / "ontology/rooms.json").unlink()
    (tool.folder / "ontology/in/door.dtdl").unlink()
    since = len(azure.requests()["log"])
    left = tool.run("--yes", "--output", "json")
    assert left.code == 0, left.text
    assert names(notes(left.document, "models"), "dtmi:test:Room;1")
    deletions = [["DELETE", f"/models/dtmi:test:{name}"] for name in ("Door;1", "Lock;1")]
    assert requests(azure, since) == [["POST", "/models"], *deletions]
    assert ids(azure) == {"Room;1", "Space;1", "Space;2"} == recorded(tool)

    # The instance is somebody else's from here on: ours are deleted, and kept with the role while twins use them.
    edit(azure, "digitalTwinsInstances", "digitalTwinsInstance", tags={})
    kept = tool.run("destroy", "--yes", "--output", "json")
    assert (kept.code, outcomes(kept.document)["models"], outcomes(kept.document)["role"]) == (1, "kept", "blocked")
    assert ids(azure) == {"Room;1", "Space;1"} == recorded(tool)
    data_plane(azure, "DELETE", "/digitaltwins/room1")
    since = len(azure.requests()["log"])
    removed = tool.run("destroy", "--yes", "--output", "json")
    assert outcomes(removed.document)["models"] == "removed", removed.text
    deletions = [["DELETE", f"/models/dtmi:test:{name}"] for name in ("Room;1", "Space;1")]
    assert requests(azure, since)[:2] == deletions
    assert recorded(tool) == set()


def test_what_keeps_models_out_is_their_own_steps_and_is_told_at_once(azure: Emulator, tool: Tool) -> None:
    file = tool.folder / "space.json"
    put(file, model("Space"))
    flags = (*START, "--no-app", "--models", str(file), "--output", "json")
    reads = tool.run(*flags, "--role", "reader", seconds=60)  # a role that will never write isn't waited for
    assert (reads.code, outcomes(reads.document)["models"]) == (3, "failed"), reads.text
    assert len(reads.document["warnings"]) == 1
    writes = tool.run(*flags, "--role", "owner")
    assert (writes.code, writes.document["warnings"], ids(azure)) == (0, [], {"Space;1"}), writes.text

    def verified() -> tuple[int, str, set[str]]:
        done = tool.run("verify", "--output", "json")
        checks = {check.get("step", check["check"]): check for check in done.document["checks"]}
        own = checks.pop("models")
        assert names([own["error"]["why"]], str(file))
        return done.code, own["result"], {check["result"] for check in checks.values()} - {"skipped"}

    put(file, model("Space", displayName="changed"))
    assert verified() == (5, "drift", {"ok"})
    file.unlink()
    assert verified() == (2, "failed", {"ok"})
    planned = tool.run("plan", "--yes", "--output", "json")
    assert (planned.code, "instance" in {step["step"] for step in planned.document["steps"]}) == (2, True)
    assert names([error["why"] for error in errors(planned.document)], str(file))

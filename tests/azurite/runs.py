"""Runs of deploy.py whose state is in a blob."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.azurite.stage import CONTAINER, BlobBench, Stage
from tests.stores.bench import User
from tests.support.azure import writes
from tests.support.processes import Done, ended, kill
from tests.support.tool import SUBSCRIPTION, Tool
from tests.support.waiting import until, until_held

START = ("--yes", "--subscription", SUBSCRIPTION)
JSON = ("--output", "json")


class Place:
    """A folder to run in, with the state in a blob."""

    def __init__(self, stage: Stage, bench: BlobBench | None = None, name: str = "work") -> None:
        self.stage, self.bench = stage, bench or BlobBench(stage)
        self.tool = Tool(stage.azure, stage.folder / f"{Path(self.bench.path).name}-{name}")

    def run(self, command: str, *arguments: str) -> Done:
        return self.tool.run(command, *arguments, "--state", self.bench.place)

    @property
    def state(self) -> Any:
        return json.loads(self.bench.content() or b"null")


def named(bench: BlobBench) -> tuple[str, ...]:
    """The names of a deployment of its own."""
    name = Path(bench.path).name[:8]
    return ("--resource-group", f"of-{name}", "--instance", f"adt-{name}", "--app-name", f"app {name}")


def token_requests(stage: Stage) -> list[str]:
    """The requests for tokens so far."""
    return [entry["path"] for entry in stage.azure.requests()["log"] if entry["path"].endswith("/token")]


def from_the_first_to_the_last(stage: Stage) -> None:
    """Deploy, read elsewhere, deploy again, destroy elsewhere: what remains where is named."""
    here = Place(stage)
    there = Place(stage, here.bench, "elsewhere")
    done = here.run("deploy", *START, *named(here.bench), "--secret", "ci", *JSON)
    assert done.code == 0, done.text
    left = {file["path"] for file in here.state["files"]}
    log, secret = (next(here.tool.folder.glob(pattern)) for pattern in ("*.log", "ci.secret"))
    assert left == {str(log), str(secret)}
    assert {file["host"] for file in here.state["files"]} == {socket.gethostname()}
    assert not list(here.tool.folder.glob("*.state.json*"))
    for command in ("status", "outputs"):
        told = there.run(command, *JSON)
        assert told.code == 0, told.text
    assert told.document["host_name"].startswith("adt-")
    before = len(writes(stage.azure))
    again = there.run("deploy", "--yes", *JSON)
    assert again.code == 0, again.text
    assert len(writes(stage.azure)) == before
    assert there.run("verify").code == 0
    gone = there.run("destroy", "--yes", *JSON)
    assert gone.code == 0, gone.text
    assert str(log) in {file["path"] for file in gone.document["left"]}


def a_run_that_lost_the_lock(stage: Stage) -> None:
    """It makes no further write and ends with 4; the next run adopts what it did."""
    place = Place(stage)
    name = named(place.bench)[3]
    stage.azure.faults({"method": "PUT", "path": f"digitalTwinsInstances/{name}$", "do": "delay:40"})
    process = place.tool.start("deploy", *START, *named(place.bench), *JSON, "--state", place.bench.place)
    until(lambda: stage.azure.requests()["held"] > 0, "the creation of the instance", seconds=60)
    until(lambda: place.state["steps"]["app_registration"]["state"] == "done", "the other steps", seconds=30)
    before = writes(stage.azure)
    unlocked = place.run("state", "unlock", "--yes", *JSON)
    assert unlocked.code == 0, unlocked.text
    assert str(process.pid) in unlocked.document["holder"]
    done = ended(process)
    assert done.code == 4, done.text
    assert writes(stage.azure) == before
    stage.azure.faults()
    again = place.run("deploy", *START, *named(place.bench), *JSON)
    assert again.code == 0, again.text
    assert place.run("destroy", "--yes").code == 0


def two_runs(stage: Stage) -> None:
    """The second is told who has the lock, and how to take it."""
    place = Place(stage)
    stage.azure.faults({"method": "PUT", "path": "resourcegroups", "do": "hold"})
    process = place.tool.start("deploy", *START, *named(place.bench), "--state", place.bench.place)
    until_held(stage.azure, process)
    second = place.run("deploy", *START, *JSON)
    assert second.code == 4, second.text
    assert str(process.pid) in second.document["error"]["what"]
    assert " unlock " in second.document["error"]["next"]
    kill(process)
    stage.azure.faults()
    assert place.run("state", "unlock", *JSON).code == 2
    assert place.run("state", "unlock", "--yes").code == 0
    assert place.run("state", "unlock", "--yes").code == 0
    assert place.run("plan", *START, *named(place.bench)).code == 0


def an_interrupted_run(stage: Stage) -> None:
    """Ctrl-C gives the lock back at once, and the empty blob of a run that wrote nothing is gone."""
    place = Place(stage)
    for method, left in (("GET", False), ("PUT", True)):
        stage.azure.faults({"method": method, "path": "resourcegroups", "do": "hold"})
        process = place.tool.start("deploy", *START, *named(place.bench), "--state", place.bench.place)
        until_held(stage.azure, process)
        os.kill(process.pid, signal.SIGINT)
        done = ended(process)
        stage.azure.faults()
        assert done.code == 130, done.text
        assert stage.ask("HEAD", place.bench.path).status == (200 if left else 404)
    assert place.run("state", "unlock", *JSON).document["holder"] is None
    assert place.run("deploy", *START, *named(place.bench)).code == 0


def what_is_missing(stage: Stage) -> None:
    """The role, the container, the account: one message each, and nothing is written."""
    place = Place(stage)
    before = len(writes(stage.azure))
    stage.grant(granted=False)
    try:
        for command in ("deploy", "plan"):
            refused = place.run(command, *START, *JSON)
            assert refused.code == 3, refused.text
            assert refused.document["error"]["code"] == "AuthorizationPermissionMismatch"
            assert "az role assignment create" in refused.document["error"]["next"]
    finally:
        stage.grant()
    for url, code in (
        (place.bench.place.replace(f"/{CONTAINER}/", "/none/"), 2),
        (place.bench.place.replace("contosodeadletters", "contosonone"), 1),
    ):
        refused = place.tool.run("deploy", *START, *JSON, "--state", url)
        assert refused.code == code, refused.text
    assert len(writes(stage.azure)) == before + 2  # the role, taken and given


def moved(stage: Stage) -> None:
    """From a file to a blob and back, also when it was interrupted; never over another state."""
    place = Place(stage)
    assert place.tool.run("deploy", *START, *named(place.bench)).code == 0
    original = json.loads(place.tool.state_file.read_text())
    shutil.copy(place.tool.state_file, place.tool.folder / "copy.json")
    there, back = (place.tool.state_file.name, place.bench.place), (place.bench.place, place.tool.state_file.name)
    for held in (place.bench.user(), User(str(place.tool.state_file), stage.folder, stage.azure.env)):
        with held as other:
            other.ask("lock")
            for way in (there, back):
                refused = place.tool.run("state", "move", *way, *JSON)
                assert refused.code == 4, refused.text
                assert str(other.pid) in refused.document["error"]["what"]
            other.ask("release")
    assert json.loads(place.tool.state_file.read_text()) == original
    assert place.bench.content() is None
    assert place.tool.run("state", "move", place.tool.state_file.name, place.bench.place).code == 0
    assert not place.tool.state_file.exists()
    assert place.state["steps"] == original["steps"]
    shutil.copy(place.tool.folder / "copy.json", place.tool.state_file)  # as if it was killed before the deletion
    again = place.tool.run("state", "move", place.tool.state_file.name, place.bench.place, *JSON)
    assert again.code == 0, again.text
    assert not place.tool.state_file.exists()
    (place.tool.folder / "copy.json").write_text(json.dumps({**original, "inputs": {}}))
    refused = place.tool.run("state", "move", "copy.json", place.bench.place, *JSON)
    assert refused.code == 2, refused.text
    assert place.run("verify", *JSON).code == 0
    assert place.tool.run("state", "move", place.bench.place, place.tool.state_file.name).code == 0
    assert place.bench.content() is None
    assert place.tool.run("verify").code == 0


def named_by_the_settings(stage: Stage) -> None:
    """The settings file of the folder names the blob, for every command."""
    place = Place(stage)
    (place.tool.folder / "deploy.toml").write_text(f'state = "{place.bench.place}"\n')
    done = place.tool.run("deploy", *START, *named(place.bench))
    assert done.code == 0, done.text
    assert place.bench.content()
    assert place.tool.run("status").code == 0
    assert place.tool.run("destroy", "--yes").code == 0


def several_of_one_file(stage: Stage) -> None:
    """Each deployment has its blob and its lock; one that loses its lock stops no other."""
    place = Place(stage)
    mark = Path(place.bench.path).name[:8]
    names = {name: f"adt-{name}-{mark}" for name in ("dev", "north", "file")}
    urls = {name: f"https://{stage.host}/{CONTAINER}/{mark}/{name}/deploy.state.json" for name in ("dev", "north")}
    shared = f"no_app = true\nresource_group = 'of-{mark}'\nsubscription = '{SUBSCRIPTION}'\n"
    tables = [f"[deployments.{name}]\ninstance = '{names[name]}'\nstate = '{urls.get(name, '')}'\n" for name in names]
    (place.tool.folder / "deploy.toml").write_text(shared + "".join(tables))
    stage.azure.faults({"method": "PUT", "path": f"digitalTwinsInstances/{names['north']}$", "do": "delay:20"})
    process = place.tool.start("deploy", "--all", "--yes", *JSON)
    until(lambda: stage.azure.requests()["held"] > 0, "the creation of the instance", seconds=60)
    second = place.tool.run("deploy", "--deployment", "dev", "--yes", *JSON)
    assert second.code == 4, second.text
    assert place.tool.run("state", "unlock", "--state", urls["north"], "--yes").code == 0
    done = ended(process)
    stage.azure.faults()
    codes = {name: one["exit_code"] for name, one in done.document["deployments"].items()}
    assert codes == {"dev": 0, "north": 4, "file": 0}, done.text
    again = place.tool.run("--all", "--yes", *JSON)
    assert again.code == 0, again.text
    assert {file.name for file in place.tool.folder.glob("*.state.*")} >= {"dev.state.log", "north.state.log"}
    assert {file.name for file in place.tool.folder.glob("*.state.json")} == {"file.state.json"}
    asked = len(token_requests(stage))
    found = place.tool.run("outputs", "--all", *JSON)
    assert {name: one["host_name"].split(".")[0] for name, one in found.document["deployments"].items()} == names
    assert len(token_requests(stage)) == asked + 1  # one sign-in reads both blobs
    assert place.tool.run("status", "--deployment", "north").code == 0
    one = place.tool.run("destroy", "--deployment", "dev", "--yes", *JSON)
    assert one.code == 0, one.text
    assert place.tool.run("verify", "--deployment", "north").code == 0
    gone = place.tool.run("destroy", "--all", "--yes", *JSON)
    assert gone.code == 0, gone.text
    assert f"of-{mark}" not in {group["name"] for group in stage.azure.inventory()["resourceGroups"]}


CASES: tuple[Callable[[Stage], None], ...] = (
    from_the_first_to_the_last,
    two_runs,
    an_interrupted_run,
    a_run_that_lost_the_lock,
    what_is_missing,
    moved,
    named_by_the_settings,
    several_of_one_file,
)

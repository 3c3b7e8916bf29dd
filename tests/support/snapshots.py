"""Deployments as an earlier version left them: its state file, and what was in the embedded Azure.

`python -m tests.support.snapshots FOLDER` records those of the present version into a new folder. Secrets are
replaced by words, the folder of the run by `{folder}`, and documents that every new world has are left out.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.matrix.everything import EVERYTHING
from tests.matrix.lab import Lab
from tests.support.ages import age_of, moved
from tests.support.processes import Process
from tests.support.tool import START, Tool
from tests.support.world import ROOT

FOLDER = ROOT / "tests/tool/data/9b4e301"
SECRET = "a-secret-of-the-emulator"
"""In place of each client secret in a recording."""
_AZURE_SECRET = re.compile(r"[\w.~-]{3}\dQ~[\w.~-]{34}")


@dataclass(frozen=True)
class Interruption:
    """A write at whose end, before its answer, the run was killed."""

    rule: dict[str, Any]
    before: tuple[str, ...] = ()
    """The arguments of a run before it."""


INTERRUPTIONS = {
    "create-secret": Interruption({"method": "POST", "path": "/addPassword$"}),
    "identities": Interruption({"method": "PATCH", "path": "digitalTwinsInstances/[^/]+$"}, before=START),
    "service-principal": Interruption({"method": "PATCH", "path": r"/servicePrincipals\(appId='(?!0b07f429)"}),
}


def put_in_place(lab: Lab, name: str) -> Tool:
    """Let the lab's Azure and a new folder be as they were, as if it had just happened; return the tool there."""
    tool = lab.fresh()
    state = (FOLDER / f"{name}.state.json").read_text(encoding="utf-8")
    documents = (FOLDER / f"{name}.azure.jsonl").read_text(encoding="utf-8")
    age = age_of(state)
    state, documents = moved(state, age), moved(documents, age)
    tool.state_file.write_text(state.replace("{folder}", str(tool.folder)), encoding="utf-8")
    world = {(kind, key): body for kind, key, body in lab.azure.keep()}
    for line in documents.splitlines():
        kind, key, body = json.loads(line)
        world[kind, key] = json.dumps(body)
        if kind == "clientSecret" and name == EVERYTHING.name:
            file = tool.folder / EVERYTHING.secret_file
            file.touch(0o600)
            file.write_text(body["secret"] + "\n", encoding="utf-8")
    lab.azure.put_back([(kind, key, body) for (kind, key), body in world.items()])
    return tool


def record(folder: Path) -> None:
    """Record what a run with everything on leaves, and what is left when it is interrupted."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as temporary, Lab(Path(temporary) / "lab", EVERYTHING) as lab:
        tool = Tool(lab.azure, lab.folder / "work")
        _write(lab, tool, folder, EVERYTHING.name)
        for name, interruption in INTERRUPTIONS.items():
            tool = lab.fresh()
            if interruption.before:
                assert tool.run(*interruption.before).code == 0
            lab.azure.faults({**interruption.rule, "phase": "after", "do": "hold"})
            ran = lab.run(tool, watch=_once_held(lab))
            assert ran.code == -9, ran.text
            _write(lab, tool, folder, name)


def _once_held(lab: Lab) -> Callable[[Process], str | None]:
    return lambda _: "held" if lab.azure.requests()["held"] else None


def _write(lab: Lab, tool: Tool, folder: Path, name: str) -> None:
    state = tool.state_file.read_text(encoding="utf-8").replace(str(tool.folder), "{folder}")
    (folder / f"{name}.state.json").write_text(state, encoding="utf-8")
    new = {(kind, key): json.loads(body) for kind, key, body in lab.seeded}
    left = [(kind, key, json.loads(body)) for kind, key, body in lab.azure.keep()]
    lines = [json.dumps(document) for document in left if new.get(document[:2]) != document[2]]
    text = _AZURE_SECRET.sub(SECRET, "".join(f"{line}\n" for line in sorted(lines)))
    (folder / f"{name}.azure.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    record(Path(sys.argv[1]))

"""Part 7: an ontology is uploaded: requests, and the time from the first to the last against their own."""

from __future__ import annotations

import json
from pathlib import Path

from bench import traffic
from bench.lab import Failed, Json, Lab, Tool, forget_traffic, say
from emulator.lag import AZURE_TABLE

COUNT = 2500
GOALS = {"requests": 12, "ratio": 1.2}
SPEED = {row: seconds if row == "data_plane" else 0.0 for row, seconds in AZURE_TABLE.items()}
"""Only the instance itself takes its time."""
BRANCHES = 4
"""Models that extend the same: six levels of 2,500."""


def measure(lab: Lab) -> Json:
    """Return the figures of the upload, and of a run that finds all of it there."""
    count = COUNT // 10 if lab.quick else COUNT
    with lab.tool(lab.table(SPEED)) as tool:
        tool.deploy("--no-app")
        folder = lab.place()
        size = ontology(folder, count)
        found: Json = {"count": count, "bytes": size, **_figures(tool, "--models", str(folder))}
        found["rerun"] = _figures(tool)
        found["state_bytes"] = (tool.folder / "deploy.state.json").stat().st_size
    say(f"  {found['requests']} requests, {found['ratio']:.2f} times their own time of {found['own']:.2f} s")
    return found


def _figures(tool: Tool, *arguments: str) -> Json:
    forget_traffic(tool.azure)
    took = tool.run("--yes", *arguments)
    run = traffic.read(tool.azure.traffic.read_text(), took.begun)
    asked = [request for request in run if request.path == "/models"]
    if any(request.status >= 300 for request in asked):
        raise Failed("a request about models was refused")
    own = sum(request.ended - request.started for request in asked)
    span = max(request.ended for request in asked) - min(request.started for request in asked)
    return {**took.json(), "requests": len(asked), "own": round(own, 3), "ratio": round(span / own, 3)}


def ontology(folder: Path, count: int) -> int:
    """Write so many models, a file each, of the size that those of public ontologies have; return their bytes."""
    size = 0
    for number in range(count):
        text = json.dumps(_model(number), indent=2)
        (folder / f"m{number:05}.json").write_text(text, encoding="utf-8")
        size += len(text)
    return size


def _model(number: int) -> Json:
    contents: list[Json] = [
        {
            "@type": "Property",
            "name": f"property{number}x{part}",
            "displayName": {"en": f"Property {part} of {number}"},
            "description": {"en": "What it is, in a sentence as ontologies have them."},
            "schema": "double",
            "writable": True,
        }
        for part in range(3)
    ]
    contents += [
        {"@type": "Relationship", "name": f"feeds{number}", "target": f"dtmi:bench:M{number // 2};1"},
    ]
    return {
        "@id": f"dtmi:bench:M{number};1",
        "@type": "Interface",
        "@context": "dtmi:dtdl:context;2",
        "displayName": {"en": f"Model {number}"},
        "contents": contents,
        **({"extends": f"dtmi:bench:M{(number - 1) // BRANCHES};1"} if number else {}),
    }

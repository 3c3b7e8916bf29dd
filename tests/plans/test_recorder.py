"""The state file while a step makes several writes: before each its intent, after it what it made ours."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from engine.context import Context
from engine.record import Values
from state.document import Belonging, StateDocument
from state.file_store import StateFile
from state.recorder import StateRecorder
from tests.plans.engine.small import Place, SmallStep, Trip, Write, always


@pytest.mark.parametrize("last", [False, True])
def test_each_write_finds_its_intent_and_what_came_before_in_the_file(tmp_path: Path, *, last: bool) -> None:
    file = tmp_path / "deploy.state.json"
    seen: dict[str, Any] = {}

    def saw(name: str) -> Any:
        async def effect(context: Context[Place]) -> Values:
            del context
            seen[name] = json.loads(file.read_text())["steps"]["a"]
            return {}

        return effect

    writes = [Write(name=name, boxes=(name,), effect=saw(name)) for name in ("one", "two")]
    writes.append(Write(name="three", boxes=("three",), effect=saw("three"), comes_last=last))
    trip = Trip(SmallStep("a", always(*writes)), SmallStep("b", always(Write(name="four")), "a"))
    belongs = Belonging(cloud="https://management.azure.com", tenant="t", subscription="s")

    async def run() -> None:
        await trip.walk.look()
        await trip.walk.apply(StateRecorder(StateFile(file), StateDocument(belongs_to=belongs)))

    asyncio.run(run())
    before: list[str] = []
    for write in writes:
        step = seen[write.key]
        assert (step["doing"], step["making"], step["made"]) == (write.key, list(write.owns), before)
        before += write.owns
    ended = json.loads(file.read_text())["steps"]["a"]
    assert (ended.get("doing"), ended["made"], ended["state"]) == (None, before, "done")

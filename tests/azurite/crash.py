"""A sample of the crash matrix with the state in a blob: killed at requests to Azure, and at writes of the blob."""

from __future__ import annotations

import random
from collections.abc import Iterator

from state.document import parse
from tests.azurite.runs import START, Place
from tests.azurite.stage import Stage
from tests.matrix.verdict import difference, duplicates
from tests.support.processes import Process, ended, kill_group
from tests.support.waiting import until

Kill = tuple[str, int, str]
"""Of `Azure` or `the blob`, at which request, `before` it is carried out or `after`."""


def sample(stage: Stage, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Kill so many runs, drawn with the seed, and run each again: once with the state, once with it deleted.

    Yields what was done, and what is wrong, or "".
    """
    azure = stage.azure
    azure.control("DELETE", "/requests")
    seeded = azure.keep()
    stage.front.clear()
    undisturbed = Place(stage)
    done = undisturbed.run("deploy", *START)
    assert done.code == 0, done.text
    expected, requests, written = azure.inventory(), azure.requests()["total"], stage.front.writes
    kills = [("Azure", number, phase) for number in range(1, requests + 1) for phase in ("before", "after")]
    kills += 4 * [("the blob", number, phase) for number in range(1, written + 1) for phase in ("before", "after")]
    for kill in random.Random(seed).sample(kills, min(count, len(kills))):
        azure.renew(seeded)
        stage.front.clear()
        place = Place(stage)
        problems = _inflict(stage, place, kill)
        azure.faults()
        after, content = azure.keep(), place.bench.content()
        for memory in ("kept", "deleted"):
            azure.renew(after)
            stage.front.clear()
            problems += _put_back(place, content if memory == "kept" else None)
            again = place.run("deploy", *START)
            found = azure.inventory()
            problems += [f"the last run ended with {again.code}: {again.text[-2000:]}"] if again.code else []
            problems += duplicates(found, expected) or ([difference(found, expected)] if found != expected else [])
            states = parse((place.bench.content() or b"").decode(), place.tool.state_file).steps.values()
            problems += [step.state for step in states if step.state not in ("done", "needs you", "skipped")]
            what = f"killed at request {kill[1]} to {kill[0]}, {kill[2]} it was carried out; state {memory}"
            yield what, "; ".join(problems)
            problems = []
    azure.renew(seeded)
    stage.front.clear()


def _put_back(place: Place, content: bytes | None) -> list[str]:
    """Unlock the state, and have it as the killed run left it, or not at all."""
    unlocked = place.run("state", "unlock", "--yes")
    if content is None:
        place.stage.ask("DELETE", place.bench.path)
    else:
        place.bench.change(content)
    return [f"unlock ended with {unlocked.code}: {unlocked.text}"] if unlocked.code else []


def _inflict(stage: Stage, place: Place, kill: Kill) -> list[str]:
    where, number, phase = kill
    process: Process | None = None

    def kill_there(count: int, when: str) -> bool:
        if (count, when) == (number, phase) and process is not None:
            kill_group(process.pid)
        return (count, when) == (number, phase)

    if where == "Azure":
        stage.azure.faults({"path": ".", "nth": number, "phase": phase, "do": "hold"})
    else:
        stage.front.spoil = kill_there
    process = place.tool.start("deploy", *START, "--state", place.bench.place)
    if where == "Azure":
        until(lambda: stage.azure.requests()["held"] > 0 or process.poll() is not None, "the request", seconds=60)
        kill_group(process.pid)
    done = ended(process)
    return [] if done.code == -9 else [f"it was not killed, and ended with {done.code}: {done.text[-2000:]}"]

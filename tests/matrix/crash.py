"""A crash at every instant: SIGKILL while a request is held, and around every write to the state file."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.matrix.lab import Lab, Ran
from tests.matrix.verdict import GUID, Verdict, look_at_outputs, look_at_the_end
from tests.support.processes import Process
from tests.support.tool import Tool

ANY = "."


@dataclass(frozen=True)
class Kill:
    """When the tool is killed: while request `number` is held, or at the `number`th point of its writes."""

    at: str
    """`request` or `write`."""
    number: int
    phase: str = ""
    """Of a request: `before` it is carried out, or `after` it was but before its answer."""
    what: str = ""
    """What is there in an undisturbed run; where several things happen at once, another run may have others there."""

    def __str__(self) -> str:
        return f"{self.at} {self.number}{' ' if self.phase else ''}{self.phase}"


@dataclass(frozen=True)
class Crash:
    """A run that is killed, perhaps another that is killed, and one that is to put everything right."""

    kills: tuple[Kill, ...]

    def json(self) -> dict[str, Any]:
        return {"matrix": "crash", "kills": [vars(kill) for kill in self.kills]}

    @classmethod
    def of(cls, case: dict[str, Any]) -> Crash:
        """Return the crash that `json` described."""
        return cls(tuple(Kill(**kill) for kill in case["kills"]))


def crashes(lab: Lab) -> list[Crash]:
    """Return one crash for every request, before and after it is carried out, and for every point of a write."""
    kills = [
        Kill("request", number, phase, GUID.sub("{id}", f"{request['method']} {request['path']}"))
        for number, request in enumerate(lab.undisturbed.requests, 1)
        for phase in ("before", "after")
    ]
    kills += [Kill("write", number, "", point) for number, point in enumerate(lab.undisturbed.points, 1)]
    return [Crash((kill,)) for kill in kills]


def double_crashes(lab: Lab, count: int, rng: random.Random) -> list[Crash]:
    """Return `count` crashes whose second run, which has less to do, is killed too."""
    single = [crash.kills[0] for crash in crashes(lab)]
    early = [kill for kill in single if kill.number <= len(lab.undisturbed.requests) // 2]
    return [Crash((rng.choice(single), rng.choice(early))) for _ in range(count)]


def inflict(lab: Lab, crash: Crash) -> list[Verdict]:
    """Carry out the crash, then the run that is to put it right: once with the state file, once with it deleted."""
    tool = lab.fresh()
    killed = [kill_at(lab, tool, kill) for kill in crash.kills]
    after = lab.azure.keep()
    files = {file.name: (file.read_bytes(), file.stat().st_mode) for file in tool.folder.iterdir()}
    verdicts = []
    for memory in ("state kept", "state deleted"):
        lab.azure.faults()
        lab.azure.put_back(after)
        for file in list(tool.folder.iterdir()):
            file.unlink()
        for name, (content, mode) in files.items():
            if memory == "state kept" or name not in lab.scenario.states:
                (tool.folder / name).write_bytes(content)
                (tool.folder / name).chmod(mode)
        verdict = Verdict(_kind(crash, killed, memory), {**crash.json(), "memory": memory})
        verdict.what = ", then ".join(run.note for run in killed if run.note)
        verdict.reached = all(run.code == -9 for run in killed)
        again = lab.run(tool)
        look_at_outputs(verdict, lab, tool, *killed, again)
        look_at_the_end(verdict, lab, tool, again)
        verdicts.append(verdict)
    return verdicts


def kill_at(lab: Lab, tool: Tool, kill: Kill) -> Ran:
    """Run the tool until it is killed there, or ends by itself before."""
    if kill.at == "write":
        ran = lab.run(tool, environment=lab.points(tool, kill.number))
        point = (lab.seen_points() or [""])[-1]
        return Ran(ran.code, ran.stdout, ran.stderr, ran.seconds, point if ran.code == -9 else "", ran.leaks)
    lab.azure.faults({"path": ANY, "nth": kill.number, "phase": kill.phase, "do": "hold"})
    try:
        return lab.run(tool, watch=until_held(lab, kill.number))
    finally:
        lab.azure.faults()


def until_held(lab: Lab, number: int) -> Callable[[Process], str | None]:
    """Return what says which request is held, once request `number` is."""

    def look(_: Process) -> str | None:
        seen = lab.azure.requests()
        if not seen["held"]:
            return None
        request = seen["log"][number - 1]
        return f"{request['method']} {request['path']}"

    return look


def _kind(crash: Crash, killed: list[Ran], memory: str) -> str:
    if len(crash.kills) > 1:
        return f"killed twice; {memory}"
    kill = crash.kills[0]
    if kill.at == "request":
        return f"killed at a request, {kill.phase} it is carried out; {memory}"
    point = killed[0].note
    where = next((word for word in ("after the rename", "before the rename", "empty", "opened") if word in point), "")
    return f"killed at a write, {'before' if where == 'opened' else where or '(not reached)'}; {memory}"

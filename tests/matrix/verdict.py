"""What a case came to: converged or not, and everything that is wrong, in words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from state.document import StateRefused, parse
from tests.matrix.lab import SETTINGS, Inventory, Lab, Ran
from tests.support.tool import Tool

TRACEBACK = "Traceback (most recent call last)"
NOISE = re.compile(
    r"was never retrieved|was never awaited|Unclosed (?:client|connector|connection)|Exception ignored|"
    r"Event loop is closed|[A-Z]\w+Warning:|ERROR asyncio"
)
RAISED = re.compile(r"^[\s|]*([A-Za-z_.]*[A-Z]\w*: .{0,200})", re.MULTILINE)
"""The last line of a traceback, also of one in a group."""
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass
class Verdict:
    """One case. It went well when `problems` is empty."""

    kind: str
    """The row of the table that it is counted in."""
    case: Mapping[str, Any]
    """What makes it again."""
    what: str = ""
    """What was hit: the request, the point of a write."""
    reached: bool = True
    """Whether the run came as far as what was to hit it."""
    converged: bool = False
    ridden_out: bool = False
    """The run that was hit went well by itself."""
    duplicates: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    tracebacks: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is worth knowing, and no failure."""
    runs: list[Ran] = field(default_factory=list)
    state: str = ""

    def json(self) -> dict[str, Any]:
        """Return all of it, for a file."""
        shown = {key: value for key, value in vars(self).items() if key != "runs"}
        return {**shown, "runs": [run.json() for run in self.runs]}

    @classmethod
    def of(cls, verdict: dict[str, Any]) -> Verdict:
        """Return the verdict that `json` described."""
        return cls(**{**verdict, "runs": [Ran(**run) for run in verdict["runs"]]})


def look_at_outputs(verdict: Verdict, lab: Lab, tool: Tool, *runs: Ran) -> None:
    """Add what is wrong with what was printed and written: tracebacks, noise, secrets, a state file that is torn."""
    verdict.runs += runs
    for number, run in enumerate(runs, 1):
        if TRACEBACK in run.text or run.code == 70:
            verdict.tracebacks += 1
            verdict.problems.append(f"run {number}: a traceback: {(RAISED.findall(run.text) or ['?'])[-1]}")
        noise = sorted({found.group() for found in NOISE.finditer(run.text)})
        if noise:
            verdict.problems.append(f"run {number}: noise: {', '.join(noise)}")
        if "still running" in run.note:
            verdict.problems.append(f"run {number}: {run.note}")
    verdict.leaks = lab.leaks(tool, *runs)
    verdict.problems += [f"leak: {leak}" for leak in verdict.leaks]
    for file in (tool.folder / name for name in lab.scenario.states):
        if file.exists():
            content = file.read_text(encoding="utf-8", errors="replace")
            verdict.state += content
            try:
                parse(content, file)
            except StateRefused as refused:
                verdict.problems.append(f"the state file is not valid: {refused}")


def look_at_the_end(verdict: Verdict, lab: Lab, tool: Tool, last: Ran) -> None:
    """Add what is wrong with how it all ended: the last run went well, and all is as after an undisturbed run."""
    found, expected = lab.inventory(), lab.undisturbed.inventory
    verdict.duplicates = duplicates(found, expected)
    verdict.problems += [f"duplicate: {duplicate}" for duplicate in verdict.duplicates]
    if last.code != 0:
        verdict.problems.append(f"the last run ended with {last.code}: {ending(last)}")
    if found != expected and not verdict.duplicates:
        verdict.problems.append(f"the inventory differs: {difference(found, expected)}")
    verdict.converged = last.code == 0 and found == expected
    if last.code == 0:
        for name in lab.scenario.states:
            _look_at_the_state(verdict, lab, tool.folder / name)
        _look_for_litter(verdict, lab, tool)
        _look_at_the_secret(verdict, lab, tool, last)


def _look_at_the_state(verdict: Verdict, lab: Lab, file: Path) -> None:
    document = parse(file.read_text(encoding="utf-8"), file)
    for key, step in document.steps.items():
        if step.state not in ("done", "needs you", "skipped") or step.in_progress or step.error:
            verdict.problems.append(f"the state file says that step {key} is {step.state}, doing {step.in_progress}")
    there = json.dumps(lab.azure.inventory(volatile=True)).lower()
    for name, value in document.produced().items():
        missing = [identifier for identifier in GUID.findall(value) if identifier.lower() not in there]
        if missing:
            verdict.problems.append(f"the state file has {name} {value}, which does not exist")


def _look_for_litter(verdict: Verdict, lab: Lab, tool: Tool) -> None:
    states = (name.removesuffix("json") for name in lab.scenario.states)
    ours = (*states, *(name for name in (SETTINGS, lab.scenario.secret_file, *lab.scenario.files) if name))
    litter = [file.name for file in tool.folder.iterdir() if not file.name.startswith(ours)]
    if litter:
        names = sorted({re.sub(r"json[.].*[.]tmp", "json.*.tmp", name) for name in litter})
        verdict.problems.append(f"litter: {', '.join(names)}")


def _look_at_the_secret(verdict: Verdict, lab: Lab, tool: Tool, last: Ran) -> None:
    """Add a secret that doesn't sign in; where the state was lost, one that nobody has is at least to be said."""
    if not lab.scenario.secret_file:
        return
    file = tool.folder / lab.scenario.secret_file
    if not file.exists():
        if verdict.case.get("memory") != "state deleted" or "--rotate-secret" not in last.text:
            verdict.problems.append("there is no file of the client secret")
        return
    living = lab.living_secrets()
    if file.read_text(encoding="utf-8").strip() not in living:
        verdict.problems.append("the file has a client secret that doesn't sign in")


def duplicates(found: Inventory, expected: Inventory) -> list[str]:
    """Return the kinds of which there are more than there should be, credentials of applications included."""
    more = [
        f"{len(items)} {kind}, not {len(expected.get(kind, []))}"
        for kind, items in found.items()
        if len(items) > len(expected.get(kind, []))
    ]
    secrets, known = _credentials(found), _credentials(expected)
    return more + [f"{count} {name}, not {known[name]}" for name, count in secrets.items() if count > known[name]]


def _credentials(inventory: Inventory) -> Counter[str]:
    names = ("passwordCredentials", "keyCredentials")
    bodies = [body for kind in ("applications", "servicePrincipals") for body in inventory.get(kind, [])]
    return Counter({name: sum(len(body.get(name) or ()) for body in bodies) for name in names})


def difference(found: Inventory, expected: Inventory) -> str:
    """Return the first difference, in words."""
    for kind in sorted({*found, *expected}):
        has, wants = found.get(kind, []), expected.get(kind, [])
        if has != wants:
            odd = [item for item in has if item not in wants] + [item for item in wants if item not in has]
            return f"{len(has)} {kind}, expected {len(wants)}: {json.dumps(odd)[:300]}"
    return "nothing"


def ending(run: Ran) -> str:
    """Return what a run said at its end, in one line."""
    lines = [line.strip() for line in run.stderr.splitlines() + run.stdout.splitlines()]
    told = [line for line in lines if line.startswith(("✗", "Why:", "Next:"))]
    return " | ".join(told or lines[-3:])[:500]

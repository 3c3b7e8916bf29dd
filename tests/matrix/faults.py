"""Every fault at every request: what passes is ridden out, what stays ends in clear words, and a rerun mends it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tests.matrix.catalogue import Affliction
from tests.matrix.lab import Clock, Lab, Ran, state_of
from tests.matrix.verdict import Verdict, look_at_outputs, look_at_the_end
from tests.support.processes import Process
from tests.support.tool import Tool

LONGEST = 3 * 3600
"""Seconds, on the tool's clock, after which a wait counts as endless."""
SILENCE = 60
"""Seconds, on the tool's clock, within which one unanswered request is to be noticed."""
RAW = re.compile(
    r"<html|object at 0x|bytearray|\bb'|\b(?!InternalServerError)[A-Z]\w+Error\b|cancel scope|Why: (?:OK|None|\S*)$",
    re.MULTILINE,
)
"""What tells nobody anything."""


def inflict(lab: Lab, affliction: Affliction) -> Verdict:
    """Run the tool under the fault, look at how it bears it, take the fault away, and run it again if it has to be."""
    tool = lab.fresh()
    how = "every time" if affliction.every else "once"
    verdict = Verdict(f"{affliction.fault.name}, {how}", affliction.json(), str(affliction.target))
    lab.azure.faults(affliction.rule())
    arguments = ("--output", "json") if affliction.every else ("--verbose",)
    if affliction.fault.clock:
        clock, environment = lab.clock()
        watch = _advance(lab, clock, affliction)
        first = lab.run(tool, arguments=arguments, watch=watch, environment=environment)
    else:
        first = lab.run(tool, arguments=arguments)
    verdict.reached = _matched(lab) >= affliction.target.number
    lab.azure.faults()
    look_at_outputs(verdict, lab, tool, first)
    _look_at_patience(verdict, lab, affliction)
    if first.code == 0:
        verdict.ridden_out = True
        look_at_the_end(verdict, lab, tool, first)
        _look_at_progress(verdict, affliction, first)
        return verdict
    if not affliction.every and not affliction.fault.lasting and first.code != -9:
        verdict.problems.append(f"not ridden out: {first.code}")
    _look_at_the_refusal(verdict, tool, first, as_json=affliction.every)
    again = lab.run(tool)
    look_at_outputs(verdict, lab, tool, again)
    look_at_the_end(verdict, lab, tool, again)
    return verdict


def _advance(lab: Lab, clock: Clock, affliction: Affliction) -> Callable[[Process], str | None]:
    """Return what lets the tool's clock jump while it waits for an answer, or for an operation that never ends."""
    waits = affliction.fault.rule["do"] != "hold"
    silent, last = 0.0, 0

    def look(_: Process) -> str | None:
        nonlocal silent, last
        held, matched = bool(lab.azure.requests()["held"]), _matched(lab)
        if not held or matched != last:
            silent, last = 0.0, matched
        if not held and not (waits and matched >= affliction.target.number):
            return None
        if clock.jump(affliction.fault.clock) and held:
            silent += affliction.fault.clock
        if silent > SILENCE:
            return f"still running after {silent:.0f} s of silence, on its own clock"
        return f"still running after {LONGEST} s on its own clock" if clock.ahead > LONGEST else None

    return look


def _matched(lab: Lab) -> int:
    (rule,) = lab.azure.control("GET", "/faults")
    return int(rule["matched"])


def _look_at_the_refusal(verdict: Verdict, tool: Tool, run: Ran, *, as_json: bool) -> None:
    """Add what is wrong with a run that gave up: it says why and what next, with exit code 1, and so does its state."""
    if run.code == -9:  # ended by us, and that is a problem already
        return
    if run.code not in (1, 70):
        verdict.problems.append(f"exit code {run.code} for a fault of Azure's")
    if run.code != 70:
        words = run.stderr if as_json else run.text
        lacks = [word for word in ("✗ ", "Why:", "Next:") if word not in words]
        if lacks:
            verdict.problems.append(f"the message lacks {', '.join(lacks)}")
        told = "\n".join(line for line in words.splitlines() if line.strip().startswith(("✗", "Why:", "Next:")))
        if raw := RAW.search(told):
            verdict.problems.append(f"the message says {raw.group()!r}")
        if as_json:
            _look_at_the_document(verdict, run)
    document = state_of(tool)
    if document is None:
        return
    failed = [step for step in document["steps"].values() if step["state"] == "failed"]
    if not failed or not all(step.get("error", {}).get("what") for step in failed):
        states = ", ".join(f"{key} {step['state']}" for key, step in document["steps"].items())
        verdict.problems.append(f"the state file does not say what happened: {states}")


def _look_at_the_document(verdict: Verdict, run: Ran) -> None:
    try:
        document = json.loads(run.stdout)
    except ValueError:
        verdict.problems.append("stdout is not one JSON document")
        return
    if document.get("exit_code") != run.code:
        verdict.problems.append(f"the document's exit_code is {document.get('exit_code')}")


def _look_at_progress(verdict: Verdict, affliction: Affliction, run: Ran) -> None:
    """Note a fault that was ridden out without a word."""
    shown = [line for line in run.text.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", line)]
    if verdict.reached and not any("again" in line for line in shown):
        verdict.notes.append("ridden out without a word")


def _look_at_patience(verdict: Verdict, lab: Lab, affliction: Affliction) -> None:
    """Add every request that was repeated before its `Retry-After` was over."""
    if affliction.fault.clock or "headers" not in affliction.rule():
        return
    entries = lab.azure.recorded()
    for position, entry in enumerate(entries):
        named = _header(entry["response"], "retry-after")
        if not entry.get("_injected") or not named:
            continue
        answered = datetime.fromisoformat(entry["startedDateTime"]).timestamp() + entry["time"] / 1000
        later = [one for one in entries[position + 1 :] if _same(one, entry)]
        if not later:
            continue
        until = answered + float(named) if named.isdigit() else parsedate_to_datetime(named).timestamp()
        early = until - datetime.fromisoformat(later[0]["startedDateTime"]).timestamp()
        if early > 0.05:
            verdict.problems.append(f"Retry-After not honoured: repeated {early:.1f} s early")
            return


def _header(message: dict[str, Any], name: str) -> str:
    return next((str(one["value"]) for one in message["headers"] if one["name"].lower() == name), "")


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether one is a repeat of the other; Resource Manager's SDKs number their requests, and repeats keep theirs."""
    number = "x-ms-client-request-id"
    return _header(one["request"], number) == _header(other["request"], number) and all(
        one["request"][part] == other["request"][part] for part in ("method", "url")
    )

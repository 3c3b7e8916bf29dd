"""The JSON documents of `--output json`. Everything else is for people, on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cli.signs import kind_of
from cli.streams import is_unicode
from cli.version import VERSION

if TYPE_CHECKING:
    from cli.check import Check
    from cli.hand_off import MissingRights
    from cloud.clients import Azure
    from engine.change import AnyChange
    from engine.outcome import Result, StepLook
    from engine.refusal import Refusal
    from engine.step import AnyStep, NeedsYou, Plan
    from engine.walk import Walk
    from state.document import StateDocument


def emit(document: Mapping[str, Any]) -> None:
    """Write one JSON document, with this tool's version, to stdout."""
    sys.stdout.write(_dumps({**document, "tool_version": VERSION}))
    sys.stdout.flush()


def _dumps(document: Mapping[str, Any]) -> str:
    """Return the document as JSON that stdout can take: where it isn't Unicode, with JSON's own escapes."""
    return json.dumps(dict(document), indent=2, ensure_ascii=not is_unicode(sys.stdout.encoding)) + "\n"


def error_document(refusal: Refusal) -> dict[str, Any]:
    """Return an error's document: what, why, next, code, request_id."""
    return {
        "what": refusal.what,
        "why": refusal.why,
        "next": refusal.next,
        "code": refusal.code,
        "request_id": refusal.request_id,
    }


def refusal_document(refusal: Refusal) -> dict[str, Any]:
    """Return the document of a command that came to nothing: its exit code, and why."""
    return {"exit_code": refusal.exit_code, "error": error_document(refusal)}


def plan_document(
    walk: Walk[Azure], looks: Mapping[str, StepLook], missing: MissingRights, exit_code: int
) -> dict[str, Any]:
    """Return what would be done, and the rights that are missing for it."""
    return {
        "command": "plan",
        "exit_code": exit_code,
        "steps": [
            {
                **_step(step),
                **_planned(looks[step.key].plan, looks[step.key].error),
                "missing_rights": [
                    {"action": right.action, "scope": right.scope, "eligible": list(right.eligible)}
                    for right in missing.get(step.key, ())
                    if not right.condition
                ],
                "conditional_rights": [
                    {"action": right.action, "scope": right.scope, "condition": right.condition}
                    for right in missing.get(step.key, ())
                    if right.condition
                ],
            }
            for step in walk.steps
            if not looks[step.key].is_idle(step)
        ],
    }


def run_document(
    walk: Walk[Any], results: Mapping[str, Result], values: Mapping[str, str], exit_code: int, command: str
) -> dict[str, Any]:
    """Return what was done; an optional step that was not desired is left out.

    `changes` are the titles of a step's changes; `writes` the same, as `plan` describes them, whether each was `done`,
    and, where it wasn't, the `command` for a POSIX shell by which somebody makes it, if there is one.
    """
    described = []
    for step in walk.steps:
        result = results[step.key]
        if result.is_idle(step, removing=walk.removes):
            continue
        body = {**_step(step), "outcome": result.outcome.value, "reason": result.reason}
        if result.plan:
            done = len(result.plan.changes) - len(result.remaining)
            body["changes"] = [change.title for change in result.plan.changes]
            body["writes"] = [_write(change, done=number < done) for number, change in enumerate(result.plan.changes)]
            body["notes"] = list(result.plan.notes)
            if result.plan.needs_you:
                body["needs_you"] = _needs(result.plan.needs_you)
        if result.error:
            body["error"] = error_document(result.error)
        described.append(body)
    return {"command": command, "exit_code": exit_code, "steps": described, "values": dict(values)}


def _step(step: AnyStep) -> dict[str, Any]:
    return {"number": step.number, "step": step.key, "title": step.title}


def _needs(needs: NeedsYou) -> dict[str, Any]:
    return {"what": needs.what, "how": [{"label": label, "value": how} for label, how in needs.how]}


def change_document(change: AnyChange) -> dict[str, Any]:
    """Return a change's document; `kind`: create, change, delete or wait; `names`, where it writes several things."""
    body: dict[str, Any] = {"change": change.key, "title": change.title, "kind": kind_of(change)}
    body["drift"] = change.drift.value
    if change.names:
        body["names"] = list(change.names)
    if change.differences:
        body["differences"] = [asdict(difference) for difference in change.differences]
    return body


def _write(change: AnyChange, *, done: bool) -> dict[str, Any]:
    command = "" if done else change.az()
    return {**change_document(change), "done": done, **({"command": command} if command else {})}


def _planned(plan: Plan | None, error: Refusal | None) -> dict[str, Any]:
    if plan is None:
        return {"changes": [], "error": error_document(error) if error else None}
    body: dict[str, Any] = {
        "changes": [change_document(change) for change in plan.changes],
        "reason": plan.reason,
        "notes": list(plan.notes),
        "skipped": plan.skipped,
    }
    if plan.needs_you:
        body["needs_you"] = _needs(plan.needs_you)
    return body


def verify_document(checks: Sequence[Check], exit_code: int) -> dict[str, Any]:
    """Return what was checked, and how it is."""
    described: list[dict[str, Any]] = []
    for check in checks:
        body: dict[str, Any] = {"check": check.title, "result": check.result, "detail": check.detail}
        if check.step:
            body["step"] = check.step
        if check.change:
            body |= change_document(check.change)
        if check.error:
            body["error"] = error_document(check.error)
        described.append(body)
    return {"command": "verify", "exit_code": exit_code, "checks": described}


def status_document(document: StateDocument | None) -> dict[str, Any]:
    """Return what the state file says."""
    if document is None:
        return {"command": "status", "exit_code": 0, "deployment": None}
    body = {"command": "status", "exit_code": 0, "deployment": document.model_dump(exclude_none=True)}
    return {**body, "removed": document.removed_at} if document.removed_at else body

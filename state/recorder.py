"""Writes down a walk while it happens: before and after every write to Azure."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from state.document import StateDocument, StepError, StepRecord
from state.file_store import StateFile, now

if TYPE_CHECKING:
    from cloud.errors import Refusal
    from steps.model import Change, Plan, Step, Values
    from steps.walk import Outcome


class StateRecorder:
    """A walk's recorder over a state file, whose lock the caller holds. Every method returns with the file synced."""

    def __init__(self, file: StateFile, document: StateDocument, *, removing: bool = False) -> None:
        self._file, self._document, self._removing = file, document, removing

    def planned(self, step: Step, plan: Plan) -> None:
        """Conclude what became of a write that was interrupted: what a new plan no longer names was carried out.

        But for what the plan has seen here. What it has found gone is forgotten; what it has found to carry our mark is
        ours again.
        """
        record = self._document.step(step.key)
        concluded = record.doing and record.doing not in {change.key for change in plan.changes}
        if concluded:
            record.unmaking = [thing for thing in record.unmaking if thing not in plan.here]
            self._carried_out(record)
        self._forget(plan.gone)
        found = [] if self._removing else [thing for thing in plan.unrecorded if thing not in record.made]
        record.made = [*record.made, *found]
        if concluded or plan.gone or found:
            self._file.write(self._document)

    def about_to(self, step: Step, change: Change) -> None:
        """Remember the write that is about to be made."""
        record = self._document.step(step.key)
        record.state, record.doing, record.error = "doing", change.key, None
        record.making, record.unmaking = list(change.makes), list(change.unmakes)
        record.started, record.finished = now(), None
        self._file.write(self._document)

    def made(self, step: Step, _change: Change, values: Values) -> None:
        """Remember that the write was made, and what it produced."""
        record = self._document.step(step.key)
        self._carried_out(record)
        _learn(record, values)
        self._file.write(self._document)

    def ended(self, step: Step, outcome: Outcome, values: Values, reason: str, error: Refusal | None) -> None:
        """Remember how the step ended. A step that was done before keeps its times."""
        record = self._document.step(step.key)
        _learn(record, values)
        record.state = "done" if outcome.value == "already done" else outcome.value  # type: ignore[assignment]
        if self._removing and outcome.value in ("removed", "nothing to do", "skipped"):
            record.produced = {}
        if outcome.value in ("removed", "done", "already done"):
            record.removed = outcome.value == "removed"
        record.reason = reason
        record.error = None
        if error is not None:
            record.error = StepError(
                what=error.what, why=error.why, code=error.code, next=error.next, request_id=error.request_id
            )
        if record.finished is None or outcome.value in ("done", "failed", "removed"):
            record.finished = now()
        self._file.write(self._document)

    def _carried_out(self, record: StepRecord) -> None:
        self._forget(record.unmaking)
        record.made = [*(thing for thing in record.made if thing not in record.making), *record.making]
        record.doing, record.making, record.unmaking = None, [], []

    def _forget(self, things: Collection[str]) -> None:
        for record in self._document.steps.values():  # what is gone is gone, whichever step made it
            record.made = [thing for thing in record.made if thing not in things]


def _learn(record: StepRecord, values: Values) -> None:
    known = {**record.produced, **values}
    record.produced = {name: value for name, value in known.items() if value}

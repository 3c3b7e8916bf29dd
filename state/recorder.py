"""Writes down a walk while it happens: before and after every write to Azure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.document import StateDocument, StepError
from state.file_store import StateFile, now

if TYPE_CHECKING:
    from cloud.errors import Refusal
    from steps.model import Change, Step, Values
    from steps.walk import Outcome


class StateRecorder:
    """A walk's recorder over a state file, whose lock the caller holds. Every method returns with the file synced."""

    def __init__(self, file: StateFile, document: StateDocument) -> None:
        self._file, self._document = file, document

    def about_to(self, step: Step, change: Change) -> None:
        """Remember the write that is about to be made."""
        record = self._document.step(step.key)
        record.state, record.doing, record.error = "doing", change.key, None
        record.started, record.finished = now(), None
        self._file.write(self._document)

    def made(self, step: Step, change: Change, values: Values) -> None:
        """Remember that the write was made, and what it produced."""
        record = self._document.step(step.key)
        record.doing = None
        if change.key not in record.made:
            record.made = [*record.made, change.key]
        record.produced = {**record.produced, **values}
        self._file.write(self._document)

    def ended(self, step: Step, outcome: Outcome, values: Values, reason: str, error: Refusal | None) -> None:
        """Remember how the step ended. A step that was done before keeps its times."""
        record = self._document.step(step.key)
        record.produced = {**record.produced, **values}
        record.state = "done" if outcome.value == "already done" else outcome.value  # type: ignore[assignment]
        record.reason = reason
        record.error = None
        if error is None:
            record.doing = None
        else:
            record.error = StepError(
                what=error.what, why=error.why, code=error.code, next=error.next, request_id=error.request_id
            )
        if record.finished is None or outcome.value in ("done", "failed"):
            record.finished = now()
        self._file.write(self._document)

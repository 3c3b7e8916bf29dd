"""Records a walk while it happens: before and after every write to Azure."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from state.document import StateDocument, StepError, StepRecord
from state.store import now

if TYPE_CHECKING:
    from engine.change import AnyChange
    from engine.outcome import Result
    from engine.record import Values
    from engine.step import AnyStep, Plan
    from state.store import StateStore


IDLE = ("already done", "nothing to do", "skipped")
"""How steps end that changed nothing. That is kept with the next write, or the caller's at the end."""


class StateRecorder:
    """A walk's recorder over a state store, whose lock the caller holds.

    Every method returns with the state kept, but for how steps ended that changed nothing.
    """

    def __init__(self, store: StateStore, document: StateDocument, *, removing: bool = False) -> None:
        self._store, self._document, self._removing = store, document, removing

    def planned(self, step: AnyStep, plan: Plan) -> None:
        """Conclude from a new plan what became of a write that was interrupted.

        If the plan no longer contains the interrupted change, it succeeded: record what it owns and releases, except
        releases of what the plan has confirmed. What vanished is forgotten, what is adoptable is recorded again.
        """
        record = self._document.step(step.key)
        concluded = record.in_progress and record.in_progress not in {change.key for change in plan.changes}
        if concluded:
            record.releasing = [item for item in record.releasing if item not in plan.confirmed]
            self._conclude(record)
        self._forget(plan.vanished)
        adopted = [] if self._removing else [item for item in plan.adoptable if item not in record.owned]
        record.owned = [*record.owned, *adopted]
        if concluded or plan.vanished or adopted:
            self._store.write(self._document)

    def about_to(self, step: AnyStep, change: AnyChange) -> None:
        """Remember the write that is about to be made."""
        _begin(self._document.step(step.key), change)
        self._store.write(self._document)

    def done(self, step: AnyStep, change: AnyChange, values: Values, following: AnyChange | None) -> None:
        """Remember that the write was made, and what it produced, and that the `following` one is about to be made.

        One write of the file for both: syncing it takes longer than some writes to Azure.
        """
        del change
        record = self._document.step(step.key)
        self._conclude(record)
        _learn(record, values)
        if following is not None:
            _begin(record, following)
        self._store.write(self._document)

    def ended(self, step: AnyStep, result: Result) -> None:
        """Remember how the step ended. A step that was done before keeps its times."""
        record, outcome, error = self._document.step(step.key), result.outcome.value, result.error
        _learn(record, result.values)
        record.state = "done" if outcome == "already done" else outcome  # type: ignore[assignment]
        if self._removing and outcome in ("removed", "nothing to do", "skipped"):
            record.values = {}
        if outcome in ("removed", "done", "already done"):
            record.removed = outcome == "removed"
        record.reason = result.reason
        record.error = None
        if error is not None:
            record.error = StepError(
                what=error.what, why=error.why, code=error.code, next=error.next, request_id=error.request_id
            )
        if record.finished is None or outcome in ("done", "failed", "removed"):
            record.finished = now()
        if outcome not in IDLE or error is not None:
            self._store.write(self._document)

    def _conclude(self, record: StepRecord) -> None:
        self._forget(record.releasing)
        pending = frozenset(record.pending)  # of thousands, when models are uploaded
        record.owned = [*(item for item in record.owned if item not in pending), *record.pending]
        record.in_progress, record.pending, record.releasing = None, [], []

    def _forget(self, items: Collection[str]) -> None:
        forgotten = frozenset(items)
        for record in self._document.steps.values():  # whichever step created them
            record.owned = [item for item in record.owned if item not in forgotten]


def _begin(record: StepRecord, change: AnyChange) -> None:
    record.state, record.in_progress, record.error = "doing", change.key, None
    record.pending, record.releasing = list(change.owns), list(change.releases)
    record.started, record.finished = now(), None


def _learn(record: StepRecord, values: Values) -> None:
    known = {**record.values, **values}
    record.values = {name: value for name, value in known.items() if value}

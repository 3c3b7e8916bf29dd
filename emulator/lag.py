"""Durations: of answers, long-running operations and replication.

There are two modes. *Timed*: durations of a latency table times a scale. *Counted* (`--latency none`): nothing ever
sleeps, and work takes a number of observations instead, so that a test that never waits still meets a `Provisioning`
instance and a Graph replica that does not show the object yet.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from emulator.store import Store

AZURE_TABLE: dict[str, float] = {
    # Answers, in seconds.
    "read": 0.1,
    "token": 0.15,
    "write": 0.4,
    "group": 1.0,
    "role": 1.5,
    "graph_read": 0.12,
    "graph_write": 0.8,
    "data_plane": 0.08,
    # What goes on after the answer, in seconds.
    "registration": 20.0,
    "instance": 45.0,
    "instance_update": 1.4,
    "instance_deletion": 39.0,
    "group_deletion": 138.0,
    "endpoint": 6.4,
    "identity_loss": 120.0,
    "destination": 30.0,
    "replication": 15.0,
    "principal": 20.0,
    "role_effect": 30.0,
    "name_release": 60.0,
}
"""Typical durations, as observed by people who run these operations. Those of Digital Twins and of a group are of
published recordings of Azure: an instance took 9, 29, 65 and 99 s to create, 1.4 to change, 39 to delete; an endpoint
6.4 and 4.4; a group with an instance in it 138 to delete, others 61 to 185."""

COUNTED: dict[str, int] = {
    "registration": 2,
    "instance": 2,
    "instance_update": 1,
    "instance_deletion": 1,
    "group_deletion": 1,
    "endpoint": 2,
    "identity_loss": 1,
    "destination": 1,
    "replication": 1,
    "principal": 1,
    "role_effect": 2,
    "name_release": 1,
}
"""How many observations still get the old state, under `--latency none`."""


@dataclass
class Latency:
    """A latency table and its scale; scale None counts instead of timing. `delay` is in seconds."""

    scale: float | None = None
    table: dict[str, float] = field(default_factory=lambda: dict(AZURE_TABLE))

    @property
    def is_azure(self) -> bool:
        """Whether everything takes as long as in Azure."""
        return self.scale == 1.0 and self.table == AZURE_TABLE

    @property
    def counted(self) -> bool:
        """Whether observations are counted instead of timed."""
        return self.scale is None

    def delay(self, row: str) -> float:
        """Return the seconds that an answer or operation named `row` takes; 0 when counted."""
        return 0.0 if self.scale is None else self.table[row] * self.scale


class Lag:
    """Work under way. It is in the store, so it survives the server and goes on while that is down."""

    def __init__(self, store: Store, latency: Latency) -> None:
        self._store = store
        self.latency = latency
        self._begun: list[tuple[str, str, float]] = []

    def begin(self, key: str, row: str) -> None:
        """Start or restart the work `key`, which takes as long as row `row` of the latency table."""
        self._store.put("lag", key, {"row": row, "begun": time.time(), "left": COUNTED[row]})
        self._begun.append((key, row, self.latency.delay(row)))

    def just_begun(self) -> list[tuple[str, str, float]]:
        """Return the work that began since the last call: key, row and seconds of each."""
        begun, self._begun = self._begun, []
        return begun

    def pending(self, key: str) -> bool:
        """Whether `key` is under way; counts as one observation, which moves counted worlds on."""
        record = self._store.get("lag", key)
        if record is None:
            return False
        if self.latency.counted:
            if record["left"] > 0:
                self._store.put("lag", key, {**record, "left": record["left"] - 1})
                return True
        elif self.elapsed(key) < 1.0:
            return True
        self._store.delete("lag", key)
        return False

    def active(self, key: str) -> bool:
        """Whether `key` is under way; no observation."""
        record = self._store.get("lag", key)
        if record is None:
            return False
        return bool(record["left"] > 0) if self.latency.counted else self.elapsed(key) < 1.0

    def elapsed(self, key: str) -> float:
        """Return the fraction of its time that `key` has used: 0.0 at the start, >= 1.0 at the end. Timed only."""
        record = self._store.get("lag", key)
        if record is None:
            return 1.0
        duration = self.latency.delay(record["row"])
        return 1.0 if duration <= 0 else (time.time() - record["begun"]) / duration

    def retry_after(self, seconds: int | None, *, first: bool, every: bool = False) -> dict[str, str]:
        """Return the `Retry-After` header of an answer whose work goes on.

        With Azure's own timing it is as recorded: `seconds` on the `first` answer of an operation, or on `every` one;
        nothing on the others. Else every answer has one, on purpose: without it the SDKs would ask again only after
        30 seconds, which suits none of the shorter times. It is `seconds` times the scale, at least 1.
        """
        if self.latency.is_azure:
            return {"Retry-After": str(seconds)} if seconds is not None and (first or every) else {}
        return {"Retry-After": str(max(1, round((seconds or 0) * (self.latency.scale or 0))))}

    def end(self, key: str) -> None:
        """End the work `key`."""
        self._store.delete("lag", key)

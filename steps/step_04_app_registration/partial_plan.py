"""A part of the step's plan, beside the application's own settings. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.change import AnyChange
from engine.record import Values


@dataclass(frozen=True)
class PartialPlan:
    """What a part of the step contributes to its plan."""

    first: tuple[AnyChange, ...] = ()
    """What is done before anything else, so that a second interruption finds it recorded."""
    changes: tuple[AnyChange, ...] = ()
    notes: tuple[str, ...] = ()
    values: Values = field(default_factory=dict)
    vanished: tuple[str, ...] = ()
    adoptable: tuple[str, ...] = ()


def joined(*parts: PartialPlan) -> PartialPlan:
    """Return the parts as a single one, in this order."""
    return PartialPlan(
        first=tuple(change for part in parts for change in part.first),
        changes=tuple(change for part in parts for change in part.changes),
        notes=tuple(note for part in parts for note in part.notes),
        values={name: value for part in parts for name, value in part.values.items()},
        vanished=tuple(item for part in parts for item in part.vanished),
        adoptable=tuple(item for part in parts for item in part.adoptable),
    )

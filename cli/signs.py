"""The signs, colours and short forms that every screen shares. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from engine.change import Drift
from steps import STEPS

if TYPE_CHECKING:
    from engine.change import AnyChange
    from engine.outcome import StepLook
    from engine.step import AnyStep

ChangeKind = Literal["create", "change", "delete", "wait"]

KINDS: Mapping[Drift, ChangeKind] = {
    Drift.MISSING: "create",
    Drift.DIFFERS: "change",
    Drift.LEFT_OVER: "delete",
    Drift.UNDER_WAY: "wait",
    Drift.NONE: "change",
}
SIGNS: Mapping[ChangeKind, tuple[str, str]] = {
    "create": ("+", "green"),
    "change": ("~", "yellow"),
    "delete": ("-", "red"),
    "wait": ("…", "cyan"),
}
UNCHANGED = ("·", "dim")
WORDS = {"already done": "no change"}
"""What is said on screens of an outcome that the state file and JSON have another word for."""
_DONE: Mapping[ChangeKind, str] = {"create": "created", "change": "changed", "delete": "deleted"}

_SETTINGS = frozenset(kind.name for step in STEPS for kind in step.kinds if kind.is_setting)

SYMBOLS = {
    "done": ("✓", "green"),
    "already done": UNCHANGED,
    "no change": UNCHANGED,
    "needs you": ("!", "yellow"),
    "skipped": UNCHANGED,
    "failed": ("✗", "red"),
    "blocked": ("✗", "dim"),
    "removed": ("✓", "green"),
    "nothing to do": UNCHANGED,
    "kept": ("!", "yellow"),
    "ok": ("✓", "green"),
    "drift": ("✗", "red"),
    "note": ("!", "yellow"),
    "doing": ("…", "cyan"),
    "interrupted": ("✗", "yellow"),
    "pending": (" ", "dim"),
}
"""The symbol and colour of how a step or a check is."""

_PART = r"[^/\s,;:()]*[^/\s,;:().]"
"""A part of a resource id. A full stop at its end is the sentence's."""
_ID = re.compile(
    rf"(?<![^\s(])/subscriptions/(?P<subscription>{_PART})(?:/resourceGroups/(?P<group>{_PART}))?"
    rf"(?:/providers/{_PART}(?P<path>(?:/{_PART}/{_PART})+))?(?![^\s,;:.)])",
    re.IGNORECASE,
)


def kind_of(change: AnyChange) -> ChangeKind:
    """Return what a change does to Azure."""
    return KINDS[change.drift]


def sign_of(change: AnyChange) -> tuple[str, str]:
    """Return the sign of a change and its colour."""
    return SIGNS[kind_of(change)]


def short_ids(text: str) -> str:
    """Return the text with names in place of full resource ids: `contoso-events/twin-events in shared-services`."""
    return _ID.sub(_short, text)


def _short(found: re.Match[str]) -> str:
    group, path = found["group"], found["path"]
    if path:
        within = re.sub("/providers/[^/]+", "", path, flags=re.IGNORECASE)  # of an extension: an assignment at a scope
        names = "/".join(within.split("/")[2::2])
        return f"{names} in {group}" if group else names
    return f"resource group {group}" if group else f"subscription {found['subscription']}"


def clock(seconds: float) -> str:
    """Return a duration: `0.4 s`, `61 s`, `12 min 5 s`."""
    if seconds >= 100:
        return f"{int(seconds) // 60} min {int(seconds) % 60} s"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def about(seconds: float) -> str:
    """Return an estimate, no more precise than it is: `less than 10 s`, `about 30 s`, `about 2 minutes`."""
    if seconds < 10:
        return "less than 10 s"
    if seconds < 45:
        return f"about {round(seconds / 10) * 10} s"
    minutes = max(1, round(seconds / 60))
    return f"about {minutes} minute{'s' if minutes > 1 else ''}"


def estimate(steps: Iterable[AnyStep], looks: Mapping[str, StepLook], needs: Mapping[str, tuple[str, ...]]) -> float:
    """Return the seconds that the planned changes usually take: steps run side by side, as far as `needs` lets them.

    `steps` are in an order in which each follows what it needs.
    """
    ends: dict[str, float] = {}
    for step in steps:
        plan = looks[step.key].plan
        own = sum(change.seconds for change in plan.changes) if plan else 0.0
        ends[step.key] = max((ends[key] for key in needs[step.key]), default=0.0) + own
    return max(ends.values(), default=0.0)


def planned_counts(changes: Iterable[AnyChange], *, removing: bool = False) -> str:
    """Return `5 to create, 1 to change, 0 to delete`; in a removal only what there is: `5 to delete`."""
    counts = _counts(changes)
    words = [f"{counts[kind]} to {kind}" for kind in _DONE if counts[kind] or not removing]
    return ", ".join([*words, f"{counts['wait']} to wait for"] if counts["wait"] else words)


def done_counts(changes: Iterable[AnyChange], *, removing: bool = False) -> str:
    """Return `5 created, 1 changed, 0 deleted`; in a removal only what there is: `5 deleted`."""
    counts = _counts(changes)
    return ", ".join(f"{counts[kind]} {word}" for kind, word in _DONE.items() if counts[kind] or not removing)


def _counts(changes: Iterable[AnyChange]) -> Counter[ChangeKind]:
    """Return how much is created, changed and deleted: what is recorded of it, as `status` lists it.

    What is deleted along, with an instance or an application, counts too, and nothing twice. A write of which nothing
    is recorded but settings counts as one.
    """
    counts: Counter[ChangeKind] = Counter()
    known: set[tuple[ChangeKind, str]] = set()
    for change in changes:
        kind = kind_of(change)
        recorded = {"create": change.owns, "delete": change.releases}.get(kind, ())
        items = {(kind, item) for item in recorded if item.partition(":")[0] not in _SETTINGS}
        counts[kind] += len(items - known) if items else 1
        known |= items
    return counts


def by_number(steps: Iterable[AnyStep], *, removing: bool = False) -> tuple[AnyStep, ...]:
    """Return the steps as screens list them: by number, in a removal from the last to the first."""
    return tuple(sorted(steps, key=lambda step: step.number, reverse=removing))


def named(steps: Iterable[AnyStep]) -> str:
    """Return steps in words: `1 Resource group, 3 Data-plane role`."""
    return ", ".join(step.label for step in steps)


def write_words(key: str) -> str:
    """Return the key of a write in words, for one whose title is no longer known: `create-instance`."""
    verb, _, name = key.partition(":")
    return f"{verb.replace('-', ' ')} {name}".rstrip()

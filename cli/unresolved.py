"""Names that stand for nothing, told all at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.input import Lookup
from engine.refusal import Refusal


def sources_of(lookups: Iterable[Lookup]) -> dict[tuple[str, str], list[str]]:
    """Return the settings that a name comes from, by its kind and itself."""
    found: dict[tuple[str, str], list[str]] = {}
    for lookup in lookups:
        sources = found.setdefault((lookup.kind, lookup.name), [])
        if lookup.source and lookup.source not in sources:
            sources.append(lookup.source)
    return found


def refuse(found: Sequence[tuple[tuple[str, str], object]], sources: Mapping[tuple[str, str], Sequence[str]]) -> None:
    """Raise what was met while names were looked up; of several names that stand for nothing, a Refusal of all.

    `found` has what each look-up came to, by the kind and the name: an exception where it failed.
    """
    failed = [(key, error) for key, error in found if isinstance(error, BaseException)]
    refusals = [(key, error) for key, error in failed if isinstance(error, Refusal) and error.exit_code == 2]
    for key, error in failed:
        if (key, error) not in refusals:
            raise error
    if not refusals:
        return
    lines = [f"{_where(sources.get(key, ()))}{refusal.what}" for key, refusal in refusals]
    every = [refusal for _, refusal in refusals]
    raise Refusal(
        lines[0] if len(lines) == 1 else "\n  ".join((f"{len(lines)} names stand for nothing:", *lines)),
        why="\n".join(dict.fromkeys(refusal.why for refusal in every if refusal.why)),
        next="\n".join(dict.fromkeys(refusal.next for refusal in every if refusal.next)),
        code=every[0].code,
        request_id=every[0].request_id,
        exit_code=2,
    ) from every[0]


def _where(sources: Sequence[str]) -> str:
    return f"{', '.join(sources)}: " if sources else ""

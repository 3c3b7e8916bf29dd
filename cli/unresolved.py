"""Wrong inputs, and names that stand for nothing, told all at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from engine.input import Lookup
from engine.refusal import WRONG, BadInput, Refusal, together


class Wrong:
    """Collects the inputs that can't be right, to tell all of them."""

    def __init__(self) -> None:
        self._found: list[Refusal] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keep a BadInput that is raised inside, and go on."""
        try:
            yield
        except BadInput as error:
            if error not in self._found:
                self._found.append(error)

    def refuse(self) -> None:
        """Raise what was collected: one as it is, several as one Refusal (exit code 2)."""
        if self._found:
            raise together(self._found, WRONG) if len(self._found) > 1 else self._found[0]


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
    raise together(every, "names stand for nothing", lines) from every[0]


def _where(sources: Sequence[str]) -> str:
    return f"{', '.join(sources)}: " if sources else ""

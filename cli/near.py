"""What somebody who mistyped a name may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

MOST = 3
"""Names that are proposed at once."""


def nearest(name: str, known: Sequence[str], cutoff: float = 0.5) -> str | None:
    """Return the known name that is like this one, if any is. Hyphens and underscores, large and small are the same."""
    near = _like(name, known, 1, cutoff)
    return near[0] if near else None


def hint(name: str, known: Sequence[str]) -> str:
    """Return a sentence, after a blank: the names that were probably meant, or all that there are.

    Probably meant are those that the typed name is a word of, or that are like it.
    """
    words = set(_plain(name).split("_"))
    whole = [each for each in known if words & set(_plain(each).split("_")) and words - {""}]
    found = list(dict.fromkeys((*_like(name, known, 1, 0.8), *whole, *_like(name, known, 1, 0.5))))[:MOST]
    if not found:
        return f" There are: {', '.join(known)}."
    return f" Did you mean {' or '.join(filter(None, (', '.join(found[:-1]), found[-1])))}?"


def _like(name: str, known: Sequence[str], count: int, cutoff: float) -> list[str]:
    alike = {_plain(known_name): known_name for known_name in known}
    return [alike[near] for near in difflib.get_close_matches(_plain(name), list(alike), n=count, cutoff=cutoff)]


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")

"""What somebody who mistyped a name may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def nearest(name: str, known: Sequence[str], cutoff: float = 0.5) -> str | None:
    """Return the known name that is like this one, if any is. Hyphens and underscores, large and small are the same."""
    alike = {known_name.lower().replace("-", "_"): known_name for known_name in known}
    near = difflib.get_close_matches(name.lower().replace("-", "_"), list(alike), n=1, cutoff=cutoff)
    return alike[near[0]] if near else None


def hint(name: str, known: Sequence[str]) -> str:
    """Return a sentence, after a blank: the name that was probably meant, or all that there are."""
    near = nearest(name, known)
    return f" Did you mean {near}?" if near else f" There are: {', '.join(known)}."

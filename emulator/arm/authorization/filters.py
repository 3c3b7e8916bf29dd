"""The `$filter` expressions of Microsoft.Authorization: terms joined by `and`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from emulator.messages import Refused

_TERM = re.compile(
    r"(?P<call>\w+)\(\s*(?:'(?P<argument>[^']*)')?\s*\)|(?P<field>\w+)\s+eq\s+'(?P<value>[^']*)'", re.IGNORECASE
)


def terms(expression: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return the terms by name: `atScope()` as "", `roleName eq 'x'` as "x". `known` maps lower case to the name."""
    found: dict[str, str] = {}
    for part in re.split(r"\s+and\s+", expression.strip(), flags=re.IGNORECASE) if expression.strip() else []:
        match = _TERM.fullmatch(part.strip())
        name = known.get((match["call"] or match["field"]).lower()) if match else None
        if match is None or name is None:
            raise Refused(400, "InvalidFilter", f"The filter '{expression}' is not supported or invalid.")
        found[name] = match["argument"] or match["value"] or ""
    return found

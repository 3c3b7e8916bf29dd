"""Records of the past, moved to the present: a test meets what has just happened, however long ago it was recorded."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?=(\.\d+)?Z)")


def age_of(state: str) -> timedelta:
    """Return how long ago a state file says that its last step was at work, in whole seconds."""
    steps = json.loads(state)["steps"].values()
    last = max(step[key] for step in steps for key in ("started", "finished") if step.get(key))
    return timedelta(seconds=round((datetime.now(UTC) - datetime.fromisoformat(last)).total_seconds()))


def moved(text: str, age: timedelta) -> str:
    """Return the text with every moment in it that much later."""
    return _MOMENT.sub(lambda found: (datetime.fromisoformat(found[0]) + age).isoformat(), text)


def as_of_now(state: str) -> str:
    """Return a state file as if its last step had just ended."""
    return moved(state, age_of(state))

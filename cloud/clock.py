"""How far this machine's clock is from Azure's, by the Date header of Azure's answers.

A clock that is minutes off makes tokens and assertions look expired or not yet valid, and certificates too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

TOLERATED = 120
"""Seconds of difference that explain nothing: Entra ID allows for five minutes, answers take seconds."""

_ahead: list[float] = []
"""Seconds that this machine is ahead of Azure, by the last answer; empty before the first."""


def note(headers: Mapping[str, str], now: datetime | None = None) -> None:
    """Compare an answer's Date header with this machine's clock."""
    try:
        said = parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return
    if said.tzinfo is None:
        said = said.replace(tzinfo=UTC)
    _ahead[:] = [((now or datetime.now(UTC)) - said).total_seconds()]


def azure_now() -> datetime:
    """Return the time by Azure's clock, to a few seconds; by this machine's where they agree, or before an answer."""
    ahead = _ahead[0] if _ahead and abs(_ahead[0]) > TOLERATED else 0.0
    return datetime.now(UTC) - timedelta(seconds=ahead)


def difference() -> str:
    """Return how far this machine's clock is off, as a sentence; "" where it agrees, or before the first answer."""
    if not _ahead or abs(_ahead[0]) <= TOLERATED:
        return ""
    minutes, direction = abs(_ahead[0]) / 60, "ahead of" if _ahead[0] > 0 else "behind"
    return f"This machine's clock is {minutes:.0f} minutes {direction} Azure's: set it right first."

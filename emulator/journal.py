"""The requests that this server got since it started, for tests."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.messages import Json

REMEMBERED = 2000


@dataclass
class Visit:
    """One request; `ended` stays None until its answer went out or its connection was lost."""

    method: str
    host: str
    path: str
    started: datetime
    ended: datetime | None = None

    def json(self) -> Json:
        """Return it with times as ISO 8601."""
        ended = self.ended and self.ended.isoformat()
        return {
            "method": self.method,
            "host": self.host,
            "path": self.path,
            "started": self.started.isoformat(),
            "ended": ended,
        }


class Journal:
    """Counts requests, hosts that the proxy refused, and requests that a fault keeps unanswered right now."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Reset the counts; requests that are unanswered now still count as held."""
        self._total = 0
        self._by_method: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._log: deque[Visit] = deque(maxlen=REMEMBERED)
        self._unanswered = getattr(self, "_unanswered", 0)

    def visit(self, method: str, host: str, path: str) -> Visit:
        """Count a request."""
        self._total += 1
        self._by_method[method] += 1
        visit = Visit(method, host, path, datetime.now(UTC))
        self._log.append(visit)
        return visit

    def refuse(self, host: str) -> None:
        """Count a host that the proxy does not know."""
        self._refused[host] += 1

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Count a request as held while the block runs."""
        self._unanswered += 1
        try:
            yield
        finally:
            self._unanswered -= 1

    def json(self) -> Json:
        """Return everything as the control interface shows it; `log` has the latest requests, oldest first."""
        return {
            "total": self._total,
            "byMethod": dict(sorted(self._by_method.items())),
            "held": self._unanswered,
            "refusedHosts": dict(sorted(self._refused.items())),
            "log": [visit.json() for visit in self._log],
        }

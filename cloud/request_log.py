"""The log of requests: no headers, no bodies, no signed URLs."""

from __future__ import annotations

import logging
from time import monotonic

log = logging.getLogger("cloud")


def log_request(what: str, status: int, begun: float, request_id: str) -> None:
    """Log an attempt that was answered, without headers or bodies; `begun` is a time.monotonic()."""
    log.info("%s %s %.2fs %s", what, status, monotonic() - begun, request_id)


def log_failure(what: str, begun: float, error: Exception) -> None:
    """Log an attempt that was not answered."""
    log.info("%s failed after %.2fs: %s", what, monotonic() - begun, type(error).__name__)


def loggable(url: str) -> str:
    """Return a URL without its query, but for the api-version: those of operations are signed, and kilobytes long."""
    address, _, query = url.partition("?")
    version = next((part for part in query.split("&") if part.lower().startswith("api-version=")), "")
    return f"{address}?{version}" if version else address

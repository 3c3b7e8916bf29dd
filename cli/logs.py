"""The log of a run: what was asked of Azure and answered, without bodies, tokens or secrets."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from cli.version import VERSION
from engine.refusal import redact

MOST_BYTES = 1_000_000
ESCAPED = "backslashreplace"
"""Of a file's name that is no text."""


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def start_logging(file: Path | None, *, verbose: bool) -> None:
    """Log requests to `file`, if any, and to stderr when verbose. A file that can't be written is gone without."""
    formatter = _Redacting("%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z")
    handlers: list[logging.Handler] = []
    if file is not None:
        with suppress(OSError):
            handlers.append(
                RotatingFileHandler(file, maxBytes=MOST_BYTES, backupCount=1, encoding="utf-8", errors=ESCAPED)
            )
    if verbose:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(formatter)
    logging.raiseExceptions = False  # a full disk is told of once, where it matters: by the state file
    root = logging.getLogger()
    root.handlers = handlers or [logging.NullHandler()]
    root.setLevel(logging.INFO)
    # They repeat what our own line says, with headers.
    for name in ("httpx", "azure.core", "azure.identity", "msal", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # A chain of credentials reports every one that is not configured, which is normal.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    logging.getLogger("deploy").info("deploy.py %s", VERSION)

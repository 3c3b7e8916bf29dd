"""The log of a run: what was asked of Azure and answered, without bodies, tokens or secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler
from pathlib import Path

from cli.version import VERSION
from engine.refusal import redact

MOST_BYTES = 1_000_000
ESCAPED = "backslashreplace"
"""Of a file's name that is no text."""


current_run: ContextVar[str] = ContextVar("current_run", default="")
"""The name of the deployment whose run this is, where several run in one process."""


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _OfRuns(logging.Handler):
    """Writes what each run of several says to its own file, which is open only while it is written to."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        super().__init__()
        self._files = {
            name: RotatingFileHandler(
                file, maxBytes=MOST_BYTES, backupCount=1, encoding="utf-8", errors=ESCAPED, delay=True
            )
            for name, file in files.items()
        }

    def setFormatter(self, fmt: logging.Formatter | None) -> None:
        for handler in self._files.values():
            handler.setFormatter(fmt)

    def emit(self, record: logging.LogRecord) -> None:
        handler = self._files.get(current_run.get())
        if handler is not None:
            handler.emit(record)
            handler.close()


def start_logging(file: Path | None, *, verbose: bool, of_runs: Mapping[str, Path] = {}) -> None:
    """Log requests to `file`, if any, and to stderr when verbose. A file that can't be written is gone without.

    `of_runs` has the files of several runs by what `current_run` is in each.
    """
    formatter = _Redacting("%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z")
    handlers: list[logging.Handler] = []
    if file is not None:
        with suppress(OSError):
            handlers.append(
                RotatingFileHandler(file, maxBytes=MOST_BYTES, backupCount=1, encoding="utf-8", errors=ESCAPED)
            )
    if of_runs:
        handlers.append(_OfRuns(of_runs))
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

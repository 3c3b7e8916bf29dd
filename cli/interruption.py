"""Signals that end this process: what they come to outside a run, which takes them itself (cli/terminal.py)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator


class Interrupted(BaseException):
    """A signal ended the run. BaseException, as KeyboardInterrupt is: nothing on the way takes it for an error."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
        """As shells tell it: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""


def signals() -> Iterator[signal.Signals]:
    """Yield SIGTERM and SIGHUP, where there are any.

    A signal that whoever started the process has it ignore, as nohup does with SIGHUP, stays ignored.
    """
    for name in ("SIGTERM", "SIGHUP"):
        wanted = getattr(signal, name, None)
        if wanted is not None and os.name != "nt" and signal.getsignal(wanted) != signal.SIG_IGN:
            yield wanted


def raise_signals() -> None:
    """From here on Ctrl-C is KeyboardInterrupt, and the other signals are Interrupted, wherever they come."""
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for wanted in signals():
        signal.signal(wanted, _raise)


def _raise(number: int, _frame: object) -> None:
    raise Interrupted(number)

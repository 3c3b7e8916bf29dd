#!/usr/bin/env python3
"""Sets up Azure Digital Twins: `python3 deploy.py --local --yes` tries it, `python3 deploy.py --help` explains it.

This file stays readable by older Pythons, so that they can be told what is missing.
"""

import gc
import os
import signal
import sys


def end(number, _frame):  # type: ignore[no-untyped-def]
    """End at a signal, before there is anything that could end better."""
    try:
        os.write(2, b"Interrupted.\n")
    finally:
        os._exit(128 + number)


if __name__ == "__main__" and os.name != "nt":  # there, a process that waits for another one must not end before it
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(getattr(signal, name), end)

if sys.version_info < (3, 11):  # noqa: UP036 - the point is to be run by an older Python
    from cli.newer_python import refusal

    sys.exit(refusal("deploy.py needs"))

from cli import bootstrap  # noqa: E402 - signals come first

if __name__ == "__main__":
    gc.set_threshold(100000)  # what is imported stays: looking through it for garbage takes a fifth of the start-up
    bootstrap.enter("deploy", sys.argv[1:])
    from cli.main import main

    bootstrap.leave(main(sys.argv[1:]))

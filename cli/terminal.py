"""The process and its terminal during a run: keys aren't shown, and SIGTERM and SIGHUP end it as Ctrl-C does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress

from cli.interruption import Interrupted, raise_signals, signals

STDIN = 0


def run_until_interrupted(work: Coroutine[object, object, int]) -> int:
    """Run a coroutine and return its result. Interrupted when a signal ended it: first it was cancelled."""
    number = 0

    async def cancellable() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - this is one

        def end(received: int) -> None:
            nonlocal number
            if number:  # and it hasn't ended: as with Ctrl-C, the second one doesn't wait
                raise KeyboardInterrupt
            number = received
            task.cancel()

        for wanted in signals():
            loop.add_signal_handler(wanted, end, wanted)
        return await work

    try:
        return asyncio.run(cancellable())
    except KeyboardInterrupt:
        raise Interrupted(number or signal.SIGINT) from None
    except asyncio.CancelledError:
        if not number:
            raise
        raise Interrupted(number) from None
    finally:
        raise_signals()


@contextmanager
def unseen_keys() -> Iterator[None]:
    """Have the terminal not show what is typed meanwhile; questions show it themselves."""
    try:
        import termios
    except ImportError:  # Windows, where a console shows only what is read
        yield
        return
    try:
        before = termios.tcgetattr(STDIN) if _is_in_front() else None
    except termios.error:
        before = None
    if before is None:
        yield
        return
    flags = [*before]
    flags[3] &= ~termios.ECHO
    termios.tcsetattr(STDIN, termios.TCSANOW, flags)
    try:
        yield
    finally:
        with suppress(termios.error):
            if _is_in_front():
                termios.tcsetattr(STDIN, termios.TCSANOW, before)


def _is_in_front() -> bool:
    """Whether this process is the terminal's foreground: in the background, setting its modes would stop it."""
    with suppress(OSError):
        return os.tcgetpgrp(STDIN) == os.getpgrp()
    return False

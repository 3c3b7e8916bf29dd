"""The process and its terminal during a run: keys aren't shown, and SIGTERM and SIGHUP end it as Ctrl-C does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress

STDIN, STDOUT, STDERR = 0, 1, 2


class Interrupted(BaseException):
    """A signal ended the run. BaseException, as KeyboardInterrupt is: nothing on the way takes it for an error."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
        """As shells tell it: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""


def run_until_interrupted(work: Coroutine[object, object, int]) -> int:
    """Run a coroutine and return its result. Interrupted when a signal ended it: first it was cancelled.

    A signal that whoever started the process has it ignore, as nohup does with SIGHUP, stays ignored.
    """
    number = 0
    terminals = [stream for stream in (STDOUT, STDERR) if os.isatty(stream)]

    async def cancellable() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - this is one

        def end(received: int) -> None:
            nonlocal number
            if number:  # and it hasn't ended: as with Ctrl-C, the second one doesn't wait
                raise KeyboardInterrupt
            number = received
            _forget_closed(terminals)
            task.cancel()

        for name in ("SIGTERM", "SIGHUP"):
            wanted = getattr(signal, name, None)
            if wanted is not None and signal.getsignal(wanted) != signal.SIG_IGN:
                with suppress(NotImplementedError):  # on Windows, where nothing sends them
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


def _forget_closed(terminals: list[int]) -> None:
    """Have what is still written to a terminal that was closed go nowhere: each write would be an error."""
    closed = [stream for stream in terminals if not os.isatty(stream)]
    if closed:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in closed:
            os.dup2(nowhere, stream)
        os.close(nowhere)


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

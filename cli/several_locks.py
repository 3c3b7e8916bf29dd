"""The locks of the states of several deployments, which one run holds side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

from cli.boundary import locked, lost
from engine.refusal import Refusal
from state.document import StateRefused
from state.store import StateLocked, StateLost, StateStore

AT_A_TIME = 20
"""How many locks of blobs are asked for at a time."""


def take_locks(
    stores: Mapping[str, StateStore], locks: ExitStack, resume: Callable[[str], str], *, writes: bool
) -> dict[str, Refusal]:
    """Take the lock of each state, if the run `writes`, and return why some can't be had, by deployment.

    `locks` gives them back, and closes the stores. `resume` returns the command that runs a deployment again.
    """
    refused: dict[str, Refusal] = {}
    for store in stores.values():
        locks.callback(store.close)
    if not writes:
        return refused
    with ThreadPoolExecutor(AT_A_TIME) as pool:  # a file's lock is the thread's that took it
        taking = {name: pool.submit(_held, store) for name, store in stores.items() if store.is_shared}
        for name, store in stores.items():
            try:
                locks.enter_context(taking[name].result() if name in taking else _held(store))
            except StateLocked as error:
                refused[name] = locked(error, store.place)
            except StateLost as error:
                refused[name] = lost(error, resume(name))
            except StateRefused as error:
                refused[name] = Refusal(str(error), exit_code=2)
            except Refusal as refusal:
                refused[name] = refusal
    return refused


def _held(state: StateStore) -> ExitStack:
    """Take the lock of a state, and return what gives it back."""
    with ExitStack() as stack:
        state.check_writable()
        stack.enter_context(state.locked())
        return stack.pop_all()


def allow_many_files() -> None:
    """Have as many files open as this process may: each deployment has its lock."""
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource

        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

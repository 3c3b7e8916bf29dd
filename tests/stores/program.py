"""Uses the store of a state as a run does, and says what comes of it: a command a line on stdin, JSON on both sides.

Run as a script: `program.py PLACE`. `CLOCK_AHEAD` in the environment: seconds that its clock is ahead of the world's.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from cli.stores import place_of, store_of
from engine.refusal import Refusal
from state.document import Belonging, StateDocument, StateRefused
from state.store import StateLocked, StateLost


def main() -> None:
    """Carry out commands until stdin ends."""
    ahead, now = float(os.environ.get("CLOCK_AHEAD", "0")), time.time
    time.time = lambda: now() + ahead
    store, lock, lost = store_of(place_of(sys.argv[1]), {}, None), ExitStack(), threading.Event()
    document = StateDocument(belongs_to=Belonging(cloud="https://cloud", tenant="t", subscription="s"))

    def take() -> None:
        store.check_writable()
        store.on_loss(lost.set)
        lock.enter_context(store.locked())

    def read() -> Any:
        nonlocal document
        found = store.read()
        document = found or document
        return found and found.inputs.get("value")

    def write(value: Any) -> None:
        document.inputs = {"value": value}
        store.write(document)

    commands: dict[str, Callable[..., Any]] = {
        "lock": take,
        "release": lock.close,
        "read": read,
        "write": write,
        "holder": store.holder,
        "unlock": store.unlock,
        "delete": store.delete,
        "await loss": lost.wait,
    }
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = {"answer": commands[name](*arguments)}
        except (Refusal, StateRefused, StateLocked, StateLost) as error:
            answer = {"error": type(error).__name__, "says": str(error), "why": getattr(error, "why", "")}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    store.close()


if __name__ == "__main__":
    main()

"""Runs `FILE PROGRAM ARGUMENTS…`: PROGRAM, noting in FILE what is imported when it first connects, and at its end."""

import json
import os
import resource
import runpy
import sys
from pathlib import Path
from typing import NoReturn

SDK = ("azure", "msal", "msgraph", "kiota_abstractions", "kiota_http", "aiohttp", "httpx")
file = Path(sys.argv[1])
noted: set[str] = set()


def note(event: str) -> None:
    """Write what is imported by now, the first time that `event` happens."""
    if event in noted:
        return
    noted.add(event)
    names = list(sys.modules)
    found = {
        "event": event,
        "modules": len(names),
        "sdk": sum(name.partition(".")[0] in SDK for name in names),
        "models": sum(name.startswith("msgraph.generated.models") for name in names),
        "memory": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    with file.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(found) + "\n")


def watch(event: str, _arguments: tuple[object, ...]) -> None:
    """Take note of the first connection."""
    if event == "socket.connect":
        note("connect")


def leave(status: int) -> NoReturn:
    """End the process without further ado, with a note."""
    note("exit")
    at_once(status)


at_once, os._exit = os._exit, leave
del sys.argv[:2]
sys.path[0] = str(Path(sys.argv[0]).parent)
sys.addaudithook(watch)
runpy.run_path(sys.argv[0], run_name="__main__")

"""`emulate` and `--local`: start the embedded Azure as a process, and learn all they need from its ready line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any, NoReturn

from cli.bootstrap import ROOT, become
from cli.display import arguments_for, shown
from cli.own_venv import say
from cli.stores import TRIAL
from engine.refusal import Refusal

DATA = TRIAL / "azure"
LATENCY = "azure:0.1"
"""A tenth of Azure's typical durations."""
START_SECONDS = 60
"""Until the embedded Azure is ready."""
IN_USE = 4
"""How the embedded Azure ends when another one is using the folder."""
_EMULATOR = (sys.executable, "-P", "-m", "emulator")
"""`-P`: a file in the working directory can't stand in for a module."""


def emulate(options: Mapping[str, Any]) -> NoReturn:
    """Become the embedded Azure: same process, same process group, its signals and its exit code.

    On Windows it is a child: Ctrl-C ends both, and whoever kills this process has to kill its child too (taskkill /T).

    `options` are those of `emulate`, by the name of the flag.
    """
    given = {**options, "data": options["data"] or DATA}
    arguments = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is True]
    for name, value in given.items():
        if value is not None and not isinstance(value, bool):
            arguments.append(f"--{name.replace('_', '-')}={value}")
    become([*_EMULATOR, *arguments], _with_emulator(os.environ))


def run_locally(command: str, options: Mapping[str, Any]) -> int:
    """Start the embedded Azure and run the same command against it. Returns only when that can't be done.

    The embedded Azure ends when this process does, however that ends: it watches a pipe that only this process, and
    what it becomes, hold open.
    """

    def refuse(why: str, code: int = 1) -> int:
        from cli.ending import end

        return end(Refusal(why, exit_code=code), as_json=options["output"] == "json")

    try:
        TRIAL.mkdir(exist_ok=True)
        # Also another run's, which may be going on.
        log = (TRIAL / "azure.log").open("a+", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        return refuse(f"The embedded Azure keeps its data in {TRIAL}, which can't be written: {error.strerror}.")
    say(f"Embedded Azure, in {shown(TRIAL)}: all that follows stays on this machine.")
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    server = [
        *_EMULATOR, "--data", str(DATA), "--latency", LATENCY, f"--sign-in={options['sign_in'] or 'owner'}",
        "--until-stdin-closes",
    ]  # fmt: skip
    before = log.seek(0, os.SEEK_END)
    azure = subprocess.Popen(  # noqa: S603
        server, stdin=reading, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
        env=_with_emulator(os.environ),
    )  # fmt: skip
    os.close(reading)
    assert azure.stdout is not None  # noqa: S101 - it is a pipe
    late = threading.Timer(START_SECONDS, azure.kill)
    late.start()
    line = azure.stdout.readline()
    late.cancel()
    if not line:
        code = azure.wait()
        log.seek(before)
        why = log.read().strip() or f"The embedded Azure did not start within {START_SECONDS} seconds."
        return refuse(f"{why} Wait for that run to end, then run again." if code == IN_USE else why, max(code, 1))
    ready = json.loads(line)
    tool = [
        sys.executable, str(ROOT / "deploy.py"), command, *arguments_for(command, options, again=True),
        "--embedded-azure-runs", "--suggest-subscription", ready["subscriptionId"],
    ]  # fmt: skip
    return become(tool, _environment(ready))


def _with_emulator(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which Python finds the emulator's package, whatever the working directory is."""
    paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}


def _environment(ready: dict[str, Any]) -> dict[str, str]:
    """Return this process's environment with the embedded Azure's on top, and nothing that names a real Azure."""
    environment = {**os.environ, **ready["env"]}
    subscriptions: dict[str, str] = ready["subscriptions"]
    known = {*subscriptions, *(name.lower() for name in subscriptions.values()), ready["tenantId"]}
    for name in ("AZURE_SUBSCRIPTION_ID", "ADT_SUBSCRIPTION", "ADT_TENANT", "ADT_ARM_ENDPOINT"):
        if environment.get(name, "").lower() not in known:
            environment.pop(name, None)
    return environment

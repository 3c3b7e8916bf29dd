"""`--local`: starts the embedded Azure as a process of its own, then becomes the tool inside its environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from cli.bootstrap import ROOT
from cli.inputs import INPUTS

FOLDER = ROOT / ".local-azure"
LATENCY = "azure:0.1"
"""A tenth of Azure's typical durations."""


def run_locally(command: str, options: dict[str, Any], state: Path) -> int:
    """Start the embedded Azure and run the same command against it. Returns only when that can't be done.

    The embedded Azure ends when this process does, however that ends: it watches a pipe that only this process, and
    what it becomes, hold open.
    """
    try:
        FOLDER.mkdir(exist_ok=True)
        log = (FOLDER / "azure.log").open("w+", encoding="utf-8")
    except OSError as error:
        return _say(f"The embedded Azure keeps its data in {FOLDER}, which can't be written: {error.strerror}.", 1)
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    command_line = [
        sys.executable, str(ROOT / "deploy.py"), "emulate", "--data", str(FOLDER / "azure"),
        "--sign-in", options["sign_in"] or "owner", "--latency", LATENCY, "--until-stdin-closes",
    ]  # fmt: skip
    azure = subprocess.Popen(  # noqa: S603
        command_line, stdin=reading, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
    )
    os.close(reading)
    assert azure.stdout is not None  # noqa: S101 - it is a pipe
    line = azure.stdout.readline()
    if not line:
        code = azure.wait()
        log.seek(0)
        return _say(log.read().strip() or "The embedded Azure did not start.", code or 1)
    ready = json.loads(line)
    return _become([command, *_arguments(options), "--state", str(state)], _environment(ready), ready["subscriptionId"])


def _become(arguments: list[str], environment: dict[str, str], subscription: str) -> int:
    command_line = [sys.executable, str(ROOT / "deploy.py"), *arguments, "--suggest-subscription", subscription]
    if os.name != "nt":  # there, exec returns to the shell before the new process ends
        os.execve(command_line[0], command_line, environment)  # noqa: S606
    return subprocess.call(command_line, env=environment)  # noqa: S603


def _environment(ready: dict[str, Any]) -> dict[str, str]:
    """Return this process's environment with the embedded Azure's on top, and no subscription of a real one."""
    from emulator.seed import SUBSCRIPTIONS

    environment = {**os.environ, **ready["env"]}
    if environment.get("AZURE_SUBSCRIPTION_ID", "").lower() not in SUBSCRIPTIONS:
        environment.pop("AZURE_SUBSCRIPTION_ID", None)
    return environment


def _arguments(options: dict[str, Any]) -> list[str]:
    arguments = []
    for one in INPUTS:
        value = options[one.name]
        if one.is_flag and value is not None:
            arguments.append(one.flag if value else one.flag.replace("--no-", "--"))
        elif value is not None:
            arguments += [one.flag, value]
    for name in ("config", "output"):
        if options[name] is not None:
            arguments += [f"--{name}", str(options[name])]
    return arguments + [
        f"--{name.replace('_', '-')}" for name in ("yes", "non_interactive", "verbose") if options[name]
    ]


def _say(message: str, code: int) -> int:
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - there is no console yet
    return code

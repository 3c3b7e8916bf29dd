"""Part 4: start-up. Time, imported modules and memory until `--help`, `status`, the first prompt, the first request."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pexpect

from bench.against_az import signed_in
from bench.lab import DEPLOY, NONE, Failed, Json, Lab, Took, Tool, middle, run
from tests.support.world import ROOT

RUNS = 7
GOALS = {"--help": 0.15, "share of az --help": 1 / 3}
INSIDE = ROOT / "bench/inside.py"
SDK = ("azure", "msal", "msgraph", "kiota_abstractions", "kiota_http", "aiohttp", "httpx")
_IMPORT = re.compile(r"^import time:\s*(\d+) \|\s*(\d+) \| ( *)(\S+)$", re.MULTILINE)


def measure(lab: Lab) -> Json:
    """Return the figures by what is started."""
    found: Json = {}
    with lab.tool() as tool:
        tool.deploy()
        for name in ("--help", "status"):
            found[name] = _command(lab, lambda extra, name=name: tool.run(name, extra=extra))  # type: ignore[misc]
        found["first request"] = _first_request(lab, tool)
        found["first prompt"] = _first_prompt(lab, tool)
        found["first run, whole"] = _imports(tool.run("plan", *DEPLOY, extra=_PROFILED).stderr)
    if lab.az is not None:
        with signed_in(lab, NONE) as az:
            for name, command in (("az --help", ("--help",)), ("az group list", ("group", "list"))):

                def start(extra: dict[str, str], command: tuple[str, ...] = command) -> Took:
                    return run([az.program, *command], az.folder, {**az.environment(), **extra})

                found[name] = _command(lab, start)

            def afresh(extra: dict[str, str]) -> Took:
                return start({"AZURE_CONFIG_DIR": str(lab.place()), **extra}, ("--help",))

            found["az --help, its first"] = _command(lab, afresh)  # before it has an index of its commands
    return found


_PROFILED = {"PYTHONPROFILEIMPORTTIME": "1"}


def _command(lab: Lab, start: Callable[[dict[str, str]], Took]) -> Json:
    """Measure a command that ends by itself; its imports are counted in a run of their own, by Python."""
    runs = [start({}) for _ in range(lab.times(RUNS) + 1)][1:]
    counted = _imports(start(_PROFILED).stderr)
    return {
        "wall": middle([sample.wall for sample in runs]),
        "fastest": round(min(sample.wall for sample in runs), 3),
        "cpu": middle([sample.cpu for sample in runs]),
        "memory": middle([sample.memory for sample in runs]),
        "modules": counted["modules"],
        "sdk": counted["sdk"],
    }


def _imports(said: str) -> Json:
    """Return what Python says it imported: how much, how long, of the SDKs, and what took longest by top package."""
    lines = _IMPORT.findall(said)
    seconds: Counter[str] = Counter()
    for own, _, _, name in lines:
        seconds[name.partition(".")[0]] += int(own)
    slowest = {name: round(micro / 1e6, 3) for name, micro in seconds.most_common(8)}
    names = [name for *_, name in lines]
    sdk = sum(name.partition(".")[0] in SDK for name in names)
    return {"modules": len(names), "sdk": sdk, "seconds": round(sum(seconds.values()) / 1e6, 3), "slowest": slowest}


def _first_request(lab: Lab, tool: Tool) -> Json:
    """Measure a run until its first request is there; the modules and the memory when it connects."""
    (tool.folder / "deploy.state.json").unlink()
    waits = []
    for _ in range(lab.times(RUNS)):
        tool.azure.control("DELETE", "/requests")
        took = tool.run("plan", *DEPLOY)
        first = tool.azure.requests()["log"][0]["started"]
        waits.append(datetime.fromisoformat(first).timestamp() - took.begun)
    noted = tool.folder / "noted.jsonl"
    tool.run("plan", *DEPLOY, starter=[str(INSIDE), str(noted)])
    return {"wall": middle(waits), "fastest": round(min(waits), 3), **_noted(noted, "connect")}


def _first_prompt(lab: Lab, tool: Tool) -> Json:
    """Measure a run in a terminal until it asks its first question."""
    waits = []
    for _ in range(lab.times(RUNS)):
        waits.append(_prompted(tool, [])[0])
    noted = tool.folder / "noted-at-prompt.jsonl"
    _, memory = _prompted(tool, [str(INSIDE), str(noted)])
    return {"wall": middle(waits), "fastest": round(min(waits), 3), **_noted(noted, "exit"), "memory": memory}


def _prompted(tool: Tool, starter: list[str]) -> tuple[float, float]:
    """Return the seconds until the first question, and the memory then, in MB (0 where the system doesn't say)."""
    environment = {**tool.environment(), "TERM": "xterm-256color"}
    begun = time.perf_counter()
    child: pexpect.spawn[str] = pexpect.spawn(
        sys.executable, [*starter, str(ROOT / "deploy.py")], cwd=str(tool.folder), env=environment,
        dimensions=(40, 160), encoding="utf-8", timeout=60,
    )  # fmt: skip
    try:
        child.expect("Subscription .*arrow keys")
        waited = time.perf_counter() - begun
        status = Path(f"/proc/{child.pid}/status")
        memory = int(re.findall(r"VmHWM:\s*(\d+)", status.read_text())[0]) / 1024 if status.exists() else 0.0
        child.sendintr()
        child.expect(pexpect.EOF)
    except (pexpect.TIMEOUT, pexpect.EOF) as error:
        raise Failed(f"there was no first question: {child.before!r}") from error
    finally:
        child.close(force=True)
    return waited, round(memory, 1)


def _noted(file: Path, event: str) -> Json:
    for line in file.read_text(encoding="utf-8").splitlines():
        sample: dict[str, Any] = json.loads(line)
        if sample.pop("event") == event:
            return sample
    raise Failed(f"{os.fspath(file)} has no {event}")

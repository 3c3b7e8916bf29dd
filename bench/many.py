"""Part 8: many deployments of one settings file in one process, beside a shell loop over single runs."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

from bench import chain, traffic
from bench.lab import NONE, Failed, Json, Lab, Tool, say
from cloud.pacing import REFILL
from emulator.limits import kind_of

LIMITED = "azure:0.1"
COUNTS = {NONE: (1, 10, 50, 200, 1000), LIMITED: (1, 10, 50, 200)}
"""So many deployments at each latency; the thousand are for the memory they take."""
IN_A_REGION = 10
"""Instances that a subscription may have in a region. Source: "Azure Digital Twins service limits"."""
LOOPED = 10
"""Single runs that the loop is measured by; of more it is extrapolated."""
GOALS = {"ratio": 1.2, "fewer": 3, "memory": 0.15, "refused": 0}
FASTER = {NONE: 1.0, LIMITED: 10.0}
"""How many times as fast as Azure's the limits are refilled."""
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)")


def measure(lab: Lab) -> Json:
    """Return the figures by latency and by how many deployments there are."""
    found: Json = {}
    for latency, counts in COUNTS.items():
        for count in counts[:2] if lab.quick else counts:
            measured = found.setdefault(latency, {})[str(count)] = _of(lab, latency, count)
            say(
                f"  {latency}, {count}: {measured['wall']:.1f} s, {measured['requests']} requests, "
                f"{measured['cpu']:.1f} s of CPU, {measured['memory']:.1f} MB, {measured['refused']} refused"
            )
    return found


def _of(lab: Lab, latency: str, count: int) -> Json:
    subscriptions = -(-count // IN_A_REGION)
    with lab.azure(latency, *_options(latency, subscriptions)) as azure:
        tool = Tool(azure, lab.place())
        names = settings(tool, count, subscriptions)
        took = tool.run("--all", "--yes")
        lines = azure.traffic.read_text()
    run = traffic.read(lines, took.begun)
    arm = [request for request in run if request.host.startswith("management.")]
    found: Json = {
        **took.json(),
        "subscriptions": subscriptions,
        "requests": len(run),
        "refused": sum(request.status == 429 for request in arm),
        "refill": round(_refill_seconds(arm, FASTER[latency]), 3),
    }
    if count == 1:
        found["chain"] = round(chain.longest(run).seconds, 3)
    if count in COUNTS[LIMITED]:
        found["loop"] = _loop(lab, latency, names[:LOOPED], subscriptions)
    return found


def _options(latency: str, subscriptions: int) -> tuple[str, ...]:
    """Return the options of an embedded Azure with so many subscriptions, and limits where these are measured."""
    limits = ("--limits", "azure") if latency == LIMITED else ()
    return ("--subscriptions", str(max(0, subscriptions - 1)), *limits)


def settings(tool: Tool, count: int, subscriptions: int) -> list[str]:
    """Write the settings file of so many deployments, ten in a subscription; return their names."""
    ids = [one for one, name in tool.azure.ready["subscriptions"].items() if name != "Contoso Fresh"][:subscriptions]
    if len(ids) < subscriptions:
        raise Failed(f"there are {len(ids)} subscriptions, not {subscriptions}")
    names = [f"factory{number:04}" for number in range(count)]
    tables = [
        f'[deployments.{name}]\nsubscription = "{ids[number // IN_A_REGION]}"\n' for number, name in enumerate(names)
    ]
    Path(tool.folder, "deploy.toml").write_text('location = "West US 2"\n' + "".join(tables), encoding="utf-8")
    return names


def _loop(lab: Lab, latency: str, names: list[str], subscriptions: int) -> Json:
    """Return the figures of single runs, one after another, of the same file's first deployments."""
    with lab.azure(latency, *_options(latency, subscriptions)) as azure:
        tool = Tool(azure, lab.place())
        settings(tool, len(names), -(-len(names) // IN_A_REGION))
        begun = time.perf_counter()
        for name in names:
            tool.run("--deployment", name, "--yes")
        return {"runs": len(names), "wall": round(time.perf_counter() - begun, 3)}


def _refill_seconds(arm: list[traffic.Request], faster: float) -> float:
    """Return how long Azure takes to refill what the busiest bucket was asked for."""
    counts = Counter((_scope(request), kind_of(request.method)) for request in arm)
    return max((count / (REFILL[kind] * faster) for (_, kind), count in counts.items()), default=0.0)


def _scope(request: traffic.Request) -> str:
    found = _SUBSCRIPTION.match(request.path)
    return found[1] if found else ""

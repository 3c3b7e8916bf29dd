"""Part 1: wall time of a whole first run, start-up included, over the longest chain of Azure's own latencies in it."""

from __future__ import annotations

from bench import chain, traffic
from bench.chain import Chain
from bench.lab import NONE, Json, Lab, Took, middle, say

LATENCIES = (NONE, "azure:0.1", "azure:1")
GOALS = {"azure:0.1": 1.15, "azure:1": 1.03}
RUNS = {NONE: 5, "azure:0.1": 5, "azure:1": 2}


def measure(lab: Lab) -> Json:
    """Return the figures by latency table."""
    return {latency: _at(lab, latency) for latency in LATENCIES if not (lab.quick and latency == "azure:1")}


def _at(lab: Lab, latency: str) -> Json:
    runs = []
    for number in range(lab.times(RUNS[latency])):
        with lab.tool(latency) as tool:
            took = tool.deploy()
            runs.append(_figures(took, traffic.read(tool.azure.traffic.read_text(), took.begun)))
            say(f"  {latency}, run {number + 1}: {took.wall:.2f} s, chain {runs[-1]['chain']:.2f} s")
    runs.sort(key=lambda sample: sample["wall"])
    return {
        "walls": [sample["wall"] for sample in runs],
        **runs[len(runs) // 2],
        "wall": middle([r["wall"] for r in runs]),
    }


def _figures(took: Took, run: list[traffic.Request]) -> Json:
    waiting = chain.longest(run)
    return {
        **took.json(),
        "requests": len(run),
        "chain": round(waiting.seconds, 3),
        "chain_without_retry_after": round(chain.longest(run, waits=False).seconds, 3),
        "timeline": timeline(waiting, took.wall),
    }


def timeline(found: Chain, wall: float) -> list[Json]:
    """Return where a run's time went along the chain: before each request what is not Azure's, then what is.

    The last line is what came after the last answer. All of it together is the wall time.
    """
    lines, now = [], 0.0
    for part in found.parts:
        azure = part.waited + part.request.latency
        lines.append(
            {
                "what": part.request.label,
                "why": part.why,
                "azure": round(azure, 3),
                "other": round(part.request.ended - now - azure, 3),
            }
        )
        now = part.request.ended
    return [*lines, {"what": "the end of the process", "why": "", "azure": 0.0, "other": round(wall - now, 3)}]

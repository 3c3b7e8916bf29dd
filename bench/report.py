"""Writes the results into docs/performance.md, between its marks, and draws its picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import critical_path, many, models, rerun, start

Json = dict[str, Any]


def write(results: Mapping[str, Json], docs: Path) -> None:
    """Fill in every part that there are results of, and leave the others, and all other text, as they are."""
    from bench.plot import draw

    page = docs / "performance.md"
    text = page.read_text(encoding="utf-8")
    for part, result in results.items():
        about = result["about"]
        where = (
            f"*{about['when']}, commit {about['commit']}, Python {about['python']}, {about['cores']} cores, load "
            f"{about['load'][0]} at the end; {about['seconds']} s{', --quick' if about['quick'] else ''}.*"
        )
        if result["figures"]:
            text = _between(text, part, f"{RENDER[part](result['figures'], results)}\n\n{where}")
    page.write_text(text, encoding="utf-8")
    draw(results, docs / "performance.svg")


def _between(text: str, part: str, filling: str) -> str:
    pattern = re.compile(rf"(<!-- bench: {part} -->\n).*?(<!-- end -->)", re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}\n{filling}\n\n{found[2]}", text)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _goal(value: float, goal: float, *, most: bool = True) -> str:
    met = value <= goal if most else value >= goal
    return f"{value:.2f} ({'goal' if met else '**missed**:'} {'≤' if most else '≥'} {goal:.2f})"


def _critical_path(found: Json, _: Mapping[str, Json]) -> str:
    rows = []
    for latency, measured in found.items():
        goal = critical_path.GOALS.get(latency)
        ratio = measured["wall"] / measured["chain"] if measured["chain"] else 0.0
        shown = _goal(ratio, goal) if goal else "-"
        pure = measured["chain_without_retry_after"]
        rows.append(
            (
                latency,
                f"{measured['wall']:.2f} s",
                f"{measured['chain']:.2f} s",
                shown,
                f"{measured['wall'] - measured['chain']:.2f} s",
                f"{measured['cpu']:.2f} s",
                f"{pure:.2f} s",
                measured["requests"],
            )
        )
    head = ("latency", "wall", "critical path", "ratio", "beyond it", "CPU", "path without Retry-After", "requests")
    parts = [table(head, rows)]
    for latency, measured in found.items():
        if latency == "azure:1" or (latency == "azure:0.1" and "azure:1" not in found):
            continue
        lines = [
            (line["what"], line["why"], f"{line['azure']:.2f}", f"{line['other']:.2f}") for line in measured["timeline"]
        ]
        parts.append(f"Along the critical path at `{latency}` (the run in the middle), in seconds:")
        parts.append(table(("request", "depends by", "Azure's", "not Azure's, before and in it"), lines))
    return "\n\n".join(parts)


WAYS = {"guides": "the guides' az commands", "deploy_ps1": "deploy.ps1's order"}


def _against_az(found: Json, results: Mapping[str, Json]) -> str:
    ours = results.get("critical_path", {}).get("figures", {})
    rows = []
    for latency, ways in found.items():
        measured = ours.get(latency)
        if measured is None:
            continue
        for name, way in ways.items():
            ratio = way["wall"] / measured["wall"]
            if latency == "none":
                bound, share = "-", _goal(ratio, 2.0, most=False)
            else:
                bound = f"{way['wall'] / measured['chain']:.2f}"
                share = f"{_goal(measured['chain'] / measured['wall'], 0.95, most=False)}"
            paused = f", {way['pauses']:.0f} s of them paused" if way["pauses"] else ""
            took = f"{way['wall']:.1f} s ({way['commands']} commands{paused})"
            rows.append((latency, WAYS[name], took, f"{measured['wall']:.1f} s", f"{ratio:.2f}", bound, share))
    head = ("latency", "against", "theirs", "deploy.py", "times as fast", "bound", "of the bound; at none: times az")
    return table(head, rows)


def _rerun(found: Json, _: Mapping[str, Json]) -> str:
    rows = []
    az = found.get("az", {})
    for name, goals in rerun.GOALS.items():
        measured = found[name]
        theirs = f"{az[name]:.2f} s ({az[name] / measured['wall']:.1f} times)" if name in az else "-"
        counted = (f"{_goal(measured[key], goal).replace('.00', '')}" for key, goal in goals.items())
        rows.append((name, *counted, f"{measured['wall']:.2f} s", theirs, f"{measured['wall_at_1_s']:.1f} s"))
    head = ("command", "requests", "round trips deep", "wall", "the same in az", "wall where each answer takes 1 s")
    parts = [table(head, rows)]
    for name in rerun.GOALS:
        parts.append(f"What the {name} asks where each answer takes 1 s, and when it begins:")
        parts.append(
            table(
                ("s", "request"),
                [(f"{measured['started']:.2f}", measured["what"]) for measured in found[name]["asked"]],
            )
        )
    return "\n\n".join(parts)


def _start(found: Json, _: Mapping[str, Json]) -> str:
    rows = []
    for name, measured in found.items():
        if "wall" in measured:
            cpu = f"{measured['cpu']:.2f} s" if "cpu" in measured else "-"
            wall = (
                f"{measured['wall']:.2f} s"
                if name != "--help"
                else f"{_goal(measured['wall'], start.GOALS['--help'])} s"
            )
            figures = (
                wall,
                f"{measured['fastest']:.2f} s",
                cpu,
                measured["modules"],
                measured["sdk"],
                f"{measured['memory']:.0f} MB",
            )
            rows.append((f"`{name}`" if name.startswith(("-", "az", "status")) else name, *figures))
    parts = [table(("until the end of, or until", "median", "fastest", "CPU", "modules", "of SDKs", "memory"), rows)]
    if "az --help" in found:
        share = found["--help"]["wall"] / found["az --help"]["wall"]
        parts.append(f"`--help` takes {_goal(share, 1 / 3)} of what `az --help` takes.")
    whole = found["first run, whole"]
    slowest = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in whole["slowest"].items())
    parts.append(
        f"A whole `plan` imports {whole['modules']} modules ({whole['sdk']} of SDKs), {whole['seconds']:.2f} s with "
        f"Python's own timing on, by package: {slowest}."
    )
    return "\n\n".join(parts)


def _first_run(found: Json, _: Mapping[str, Json]) -> str:
    installed, slowest = found["installed"], max(measured["total"] for measured in found["ways"].values())
    ways = [
        (
            name,
            f"{measured['install']:.1f} s",
            _plan(measured["first plan"]),
            f"{measured['total']:.1f} s",
            f"{measured['total'] / slowest:.2f}",
            f"{measured['mb']:.0f} MB",
        )
        for name, measured in found["ways"].items()
    ]
    biggest = ", ".join(f"{name} {size:.0f} MB" for name, size in installed["biggest"].items())
    rows = [
        ("second `plan`: to its first request; whole", _plan(found["second plan"])),
        ("what is installed", f"{installed['mb']:.0f} MB in {installed['files']} files; {biggest}"),
        ("compiled files after two runs", found["compiled by then"]),
    ]
    head = (
        "caches",
        "`deploy.py status` in a fresh clone",
        "first `plan`: to its first request; whole",
        "fresh clone to first request",
        "of the slowest",
        "size",
    )
    return table(head, ways) + "\n\n" + table(("", ""), rows)


def _plan(measured: Json) -> str:
    return f"{measured['first_request']:.2f} s; {measured['wall']:.2f} s"


def _growth(found: Json, _: Mapping[str, Json]) -> str:
    rows = []
    for what, sizes in found.items():
        for count, measured in sizes.items():
            again = measured["rerun"]
            rows.append(
                (
                    f"{count} {what}",
                    measured["requests"],
                    f"{measured['wall']:.1f} s",
                    f"{measured['memory']:.0f} MB",
                    f"{measured['state_bytes'] / 1000:.1f} kB",
                    again["requests"],
                    f"{again['wall']:.1f} s",
                )
            )
    return table(("with", "requests", "wall", "memory", "state file", "rerun: requests", "rerun: wall"), rows)


def _models(found: Json, _: Mapping[str, Json]) -> str:
    rows = []
    for name, measured in ((f"upload of {found['count']:,} models", found), ("rerun", found["rerun"])):
        upload = name != "rerun"
        requests = (
            f"{_goal(measured['requests'], models.GOALS['requests']).replace('.00', '')}"
            if upload
            else measured["requests"]
        )
        ratio = _goal(measured["ratio"], models.GOALS["ratio"]) if upload else f"{measured['ratio']:.2f}"
        rows.append(
            (
                name,
                requests,
                f"{measured['own']:.2f} s",
                ratio,
                f"{measured['wall']:.1f} s",
                f"{measured['memory']:.0f} MB",
            )
        )
    head = ("", "requests about models", "their own time", "from the first to the last, times that", "wall", "memory")
    sizes = f"The files have {found['bytes'] / 1e6:.1f} MB, the state file {found['state_bytes'] / 1000:.0f} kB."
    return f"{table(head, rows)}\n\n{sizes}"


def _many(found: Json, _: Mapping[str, Json]) -> str:
    rows = []
    for latency, counts in found.items():
        alone = counts["1"]
        for count, measured in ((int(count), measured) for count, measured in counts.items()):
            bound = max(alone["chain"], measured["refill"])
            each, before = measured["requests"] / count, alone["requests"]
            fewer = _goal(before - each, many.GOALS["fewer"], most=False) if count > 1 else "-"
            more = (measured["memory"] - alone["memory"]) / (count - 1) if count > 1 else 0.0
            loop = measured.get("loop")
            looped = f"{loop['wall'] / loop['runs'] * count:.0f} s" if loop else "-"
            rows.append(
                (
                    latency,
                    f"{count} in {measured['subscriptions']}",
                    f"{each:.1f}",
                    fewer,
                    measured["refused"],
                    f"{measured['wall']:.1f} s",
                    f"{bound:.1f} s" if latency == many.LIMITED else "-",
                    _goal(measured["wall"] / bound, many.GOALS["ratio"]) if latency == many.LIMITED else "-",
                    f"{looped}{', extrapolated' if loop and loop['runs'] < count else ''}",
                    f"{measured['cpu']:.1f} s",
                    f"{measured['memory']:.0f} MB",
                    _goal(more, many.GOALS["memory"]) if count > 1 else "-",
                )
            )
    head = (
        "latency",
        "deployments, in subscriptions",
        "requests each",
        "fewer than alone",
        "refused by Resource Manager",
        "wall",
        "bound",
        "of the bound",
        "one after another",
        "CPU",
        "memory",
        "MB for each more",
    )
    return table(head, rows)


RENDER: dict[str, Callable[[Json, Mapping[str, Json]], str]] = {
    "critical_path": _critical_path,
    "against_az": _against_az,
    "rerun": _rerun,
    "start": _start,
    "first_run": _first_run,
    "growth": _growth,
    "models": _models,
    "many": _many,
}

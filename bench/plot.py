"""The picture of docs/performance.md: how long a set-up takes, beside what Azure itself takes; and start-up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot

Json = dict[str, Any]

TITLES = {"none": "no latency", "azure:0.1": "a tenth of Azure's latencies", "azure:1": "Azure's latencies"}
AZURE, OURS, THEIRS = "#9aa5b1", "#0a6cbd", "#d98032"


def draw(results: Mapping[str, Json], file: Path) -> None:
    """Draw what there are results of; the file is the same for the same results."""
    ours = results.get("critical_path", {}).get("figures", {})
    theirs = results.get("against_az", {}).get("figures", {})
    started = results.get("start", {}).get("figures", {})
    style = {"svg.fonttype": "none", "svg.hashsalt": "bench", "font.family": "sans-serif", "font.size": 9}
    with mpl.rc_context(style):
        figure, axes = pyplot.subplots(2, 2, figsize=(9.5, 5), constrained_layout=True)
        for axis, (latency, title) in zip(axes.flat, TITLES.items(), strict=False):
            bars: list[tuple[str, float, str]] = []
            if latency in ours:
                alone = [("Azure alone", ours[latency]["chain"], AZURE)] if ours[latency]["chain"] else []
                bars = [*alone, ("deploy.py", ours[latency]["wall"], OURS)]
            for name, way in theirs.get(latency, {}).items():
                bars.append(({"guides": "guides, az", "deploy_ps1": "deploy.ps1"}[name], way["wall"], THEIRS))
            _bars(axis, f"Set-up, {title}", bars)
        names = ("--help", "status", "first prompt", "first request", "az --help", "az group list")
        bars = [
            (name, started[name]["wall"], THEIRS if name.startswith("az") else OURS)
            for name in names
            if name in started
        ]
        _bars(axes.flat[3], "Start-up", bars)
        figure.savefig(file, metadata={"Date": None, "Creator": None})
        pyplot.close(figure)


def _bars(axis: Any, title: str, bars: list[tuple[str, float, str]]) -> None:
    axis.set_title(f"{title}, seconds", loc="left", fontsize=10)
    axis.set_axisbelow(True)
    axis.grid(axis="x", color="#e4e7eb")
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(left=False)
    if not bars:
        return
    names, values, colours = zip(*reversed(bars), strict=True)
    drawn = axis.barh(names, values, color=colours, height=0.65)
    axis.bar_label(drawn, labels=[f"{value:.2f}" if value < 10 else f"{value:.1f}" for value in values], padding=3)
    axis.margins(x=0.12)

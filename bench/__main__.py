"""`python3 -m bench`: measures all parts, or those named, and writes docs/performance.md with its picture."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from cli import bootstrap

RESULTS = bootstrap.ROOT / "bench-results"
"""One JSON file a part; git ignores it."""
PARTS = ("critical_path", "against_az", "rerun", "start", "first_run", "growth", "models", "many")


def arguments(given: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="at most two of each, and nothing at Azure's own speed")
    parser.add_argument("--render", action="store_true", help="measure nothing: write the page from the last results")
    home = os.environ.get("ADT_AZ", str(bootstrap.ROOT / ".az/venv/bin/az"))
    parser.add_argument(
        "--az", type=Path, default=Path(home), help="the Azure CLI to compare with (default: %(default)s)"
    )
    wanted = parser.parse_args(given)
    if unknown := set(wanted.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return wanted


def main(given: list[str]) -> int:
    """Measure and render; 0 when every part went well, else 1."""
    from bench import against_az, critical_path, first_run, growth, many, models, report, rerun, start
    from bench.lab import Failed, Lab, say

    wanted = arguments(given)
    parts = (critical_path, against_az, rerun, start, first_run, growth, models, many)
    modules = dict(zip(PARTS, parts, strict=True))
    RESULTS.mkdir(exist_ok=True)
    failed = 0
    az = wanted.az if wanted.az.exists() else None
    if az is None and not wanted.render:
        say(f"There is no az at {wanted.az}: nothing is compared with it. `python3 -m tests.az` installs one.")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        lab = Lab(Path(folder), az, wanted.quick)
        if not wanted.render:
            lab.warm_up()
        for part in () if wanted.render else wanted.parts or PARTS:
            say(f"== {part}")
            begun = time.monotonic()
            try:
                figures = modules[part].measure(lab)
            except Failed as error:
                say(f"FAILED {part}: {error}")
                failed += 1
                continue
            about = {**here(), "seconds": round(time.monotonic() - begun), "quick": wanted.quick}
            text = json.dumps({"about": about, "figures": figures}, indent=1)
            (RESULTS / f"{part}.json").write_text(text + "\n", encoding="utf-8")
            say(f"   {about['seconds']} s")
    results = {part: json.loads(file.read_text()) for part in PARTS if (file := RESULTS / f"{part}.json").exists()}
    report.write(results, bootstrap.ROOT / "docs")
    return int(failed > 0)


def here() -> dict[str, object]:
    """Return what the figures were measured on."""
    git = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=bootstrap.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "commit": git.stdout.strip(),
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()],
    }


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's Python keeps what it has compiled
    bootstrap.enter("bench", sys.argv[1:], ("-m", "bench"))
    sys.exit(main(sys.argv[1:]))

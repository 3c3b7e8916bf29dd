"""`python3 -m tests.az`: runs the unmodified Azure CLI against the embedded Azure, and prints a line for each check.

Makes `.az/` for the CLI first. Ends with 1 when a check failed or the recorded traffic is not as published.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cli import bootstrap

LATENCY = "azure:0.001"
"""az starts in a fifth of a second: what Azure is late with is over by then. With `none` it would be met each time."""
UNPUBLISHED = (
    "^GET /subscriptions/[^/]+/resources$",  # Resources_List is not among the contracts
    "/providers/Microsoft.Authorization/locks",
    "^POST /api/RegisteredApplications/",
    "^PUT .*/Microsoft.EventGrid/topics/",  # az sends `kind` and `sku`, which only previews have
)
"""What Azure answers and the contracts don't have."""


def main() -> int:
    """Run the checks; 0 when everything went well, else 1."""
    from tests.az import client, story
    from tests.support.world import Emulator

    program = client.prepare()
    begun, failed, ran = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(prefix="az-") as name:
        folder = Path(name)
        with Emulator(folder / "azure", "--latency", LATENCY) as azure:
            for walk in story.walks(program, azure, folder):
                print(f"== {walk.title}", flush=True)
                for check in walk.checks:
                    started = time.monotonic()
                    try:
                        check(walk.az)
                    except Exception as error:  # noqa: BLE001 - whatever it is, it is said, and the others still run
                        failed += 1
                        print(f"FAILED  {check.__doc__}\n        {type(error).__name__}: {error}", flush=True)
                    else:
                        print(f"ok      {check.__doc__} ({time.monotonic() - started:.1f} s)", flush=True)
                ran += walk.az.ran
            refused = azure.requests()["refusedHosts"]
        failed += _against_contracts(azure.traffic)
    print(f"\nHosts that az asked for and was refused: {', '.join(refused) or 'none'}")
    print(f"{ran} az commands in {time.monotonic() - begun:.0f} s, {failed} failed")
    return int(failed > 0)


def _against_contracts(traffic: Path) -> int:
    shared = Path(os.environ.get("ADT_SHARED", bootstrap.ROOT.parent / "shared"))
    if not (shared / "contracts").is_dir():
        print(f"The traffic is not held against the published contracts: there are none at {shared} (ADT_SHARED).")
        return 0
    command = [sys.executable, str(shared / "tools/check_traffic.py"), str(traffic), "--any-version", "--quiet"]
    for pattern in UNPUBLISHED:
        command += ["--allow", pattern]
    print("== Azure's published contracts", flush=True)
    return int(subprocess.run(command, check=False, timeout=600).returncode != 0)


if __name__ == "__main__":
    bootstrap.enter("tests", sys.argv[1:], ("-m", "tests.az"))
    sys.exit(main())

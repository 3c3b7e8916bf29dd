"""`python3 -m tests.az`: runs the unmodified Azure CLI against the embedded Azure, and prints a line for each check.

Makes `.az/` for the CLI first. Ends with 1 when a check failed or the recorded traffic is not as published.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cli import bootstrap

if TYPE_CHECKING:
    from tests.az.story import Walk

LATENCY = "azure:0.001"
"""az starts in a fifth of a second: what Azure is late with is over by then. With `none` it would be met each time."""
UNPUBLISHED = (
    "^GET /subscriptions/[^/]+/resources$",  # Resources_List is not among the contracts
    "/providers/Microsoft.Authorization/locks",
    "/providers/Microsoft.Resources/deployments/",
    "/roleEligibilityScheduleInstances$",  # another version of Microsoft.Authorization than the one they have
    "^GET /idtoken$",  # what a runner gives to its job is none of Azure's
    "^POST /api/RegisteredApplications/",
    "^PUT .*/Microsoft.EventGrid/topics/",  # az sends `kind` and `sku`, which only previews have
    "^POST /v1.0/directory/deletedItems/getUserOwnedObjects",
    "/v1.0/policies/authorizationPolicy$",
    "/roleEligibilityScheduleInstances",  # another version of Microsoft.Authorization than the one they have
)
"""What Azure answers and the contracts don't have."""


def arguments(given: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.az", description=__doc__)
    parser.add_argument("titles", nargs="*", metavar="WORD", help="run the parts with such a word in their title alone")
    return parser.parse_args(given)


def main(titles: list[str]) -> int:
    """Run the checks of the parts with one of these words in their title, of all without any.

    0 when everything went well, else 1.
    """
    from tests.az import client, hand_off_script, story
    from tests.support.world import Emulator

    program = client.prepare()
    begun, failed, ran = time.monotonic(), 0, 0
    refused: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="az-") as name:
        folder = Path(name)
        worlds = (
            ("azure", (), story.walks),
            ("reader", ("--sign-in", hand_off_script.SIGN_IN), lambda *each: [story.hand_off(*each)]),
            ("machine", ("--sign-in", story.MACHINE), lambda *each: [story.machine(*each)]),
        )
        for world, options, walks in worlds:
            with Emulator(folder / world, "--latency", LATENCY, *options) as azure:
                wanted = [walk for walk in walks(program, azure, folder) if _is_wanted(walk, titles)]
                for walk in wanted:
                    failed += _run(walk)
                    ran += walk.az.ran
                refused |= {*azure.requests()["refusedHosts"]}
            failed += _against_contracts(azure.traffic) if wanted else 0
    print(f"\nHosts that az asked for and was refused: {', '.join(sorted(refused)) or 'none'}")
    print(f"{ran} az commands in {time.monotonic() - begun:.0f} s, {failed} failed")
    return int(failed > 0)


def _is_wanted(walk: Walk, titles: list[str]) -> bool:
    return not titles or any(title in walk.title for title in titles)


def _run(walk: Walk) -> int:
    """Run the checks of a walk, print a line for each, and return how many failed."""
    print(f"== {walk.title}", flush=True)
    failed = 0
    for check in walk.checks:
        started = time.monotonic()
        try:
            check(walk.az)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said, and the others still run
            failed += 1
            print(f"FAILED  {check.__doc__}\n        {type(error).__name__}: {error}", flush=True)
        else:
            print(f"ok      {check.__doc__} ({time.monotonic() - started:.1f} s)", flush=True)
    return failed


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
    wanted = arguments(sys.argv[1:])
    bootstrap.enter("tests", sys.argv[1:], ("-m", "tests.az"))
    sys.exit(main(wanted.titles))

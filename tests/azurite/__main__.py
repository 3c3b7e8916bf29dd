"""`python3 -m tests.azurite`: the store of shared states against Azurite, with the embedded Azure's sign-in and roles.

Installs Azurite and node into `.azurite/` first. Prints a line for each case; ends with 1 when one failed.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cli import bootstrap


def main() -> int:
    """Run the cases; 0 when everything went well, else 1."""
    from tests.azurite import crash, installation, leases, runs
    from tests.azurite.stage import BlobBench, Stage
    from tests.stores.cases import CASES

    parser = argparse.ArgumentParser(prog="python3 -m tests.azurite", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases with this in their name")
    parser.add_argument("--crash", type=int, default=8, metavar="N", help="runs to kill (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(1000), help="which of them; default: drawn")
    asked = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it was started with SIGINT ignored
    azurite = installation.prepare()
    begun, ran, failed = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(prefix="azurite-") as name, Stage(azurite, Path(name)) as stage:
        cases: list[tuple[str, Callable[[], None]]] = [
            (f"store: {case.__name__}", partial(case, BlobBench(stage))) for case in CASES
        ]
        for kind, more in (("lease", leases.CASES), ("run", runs.CASES)):
            cases += [(f"{kind}: {case.__name__}", partial(case, stage)) for case in more]
        for title, run in cases:
            if asked.only not in title:
                continue
            started, ran = time.monotonic(), ran + 1
            stage.front.clear()
            try:
                run()
            except Exception:  # noqa: BLE001 - whatever it is, it is said, and the others still run
                failed += 1
                print(f"FAILED  {title}\n{traceback.format_exc()}", flush=True)
            else:
                print(f"ok      {title} ({time.monotonic() - started:.1f} s)", flush=True)
        if asked.crash and asked.only in "crash:":
            print(f"crash: seed {asked.seed}", flush=True)
            for what, problem in crash.sample(stage, asked.crash, asked.seed):
                ran, failed = ran + 1, failed + bool(problem)
                print(f"{'FAILED ' if problem else 'ok     '} crash: {what} {problem}", flush=True)
    print(f"\n{ran} cases in {time.monotonic() - begun:.0f} s, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    bootstrap.enter("tests", sys.argv[1:], ("-m", "tests.azurite"))
    sys.exit(main())

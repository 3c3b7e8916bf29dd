"""`python3 -m tests.matrix`: runs the crash matrix, the fault matrix, or both, and prints what came of it."""

from __future__ import annotations

import argparse
import random
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

from cli import bootstrap


def arguments(given: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.matrix", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--crash", action="store_true", help="only the crash matrix")
    which.add_argument("--fault", action="store_true", help="only the fault matrix")
    which.add_argument("--all", action="store_true", help="both, the default")
    which.add_argument("--again", type=Path, metavar="FILE", help="only what failed according to such a file")
    parser.add_argument("--only", default="", metavar="REGEX", help="only cases whose description matches")
    parser.add_argument("--sample", type=int, metavar="N", help="N cases of each matrix, drawn with the seed")
    parser.add_argument("--seed", type=int, help="default: drawn, or that of --resume")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time (default: %(default)s)")
    parser.add_argument("--twice", type=int, default=40, metavar="N", help="runs killed twice (default: %(default)s)")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="keep each result in FILE, and skip what it has")
    parser.add_argument("--report", type=Path, default=Path("matrix-failures.json"), help="default: %(default)s")
    return parser.parse_args(given)


def main(given: list[str]) -> int:
    """Run the matrix; 0 when every case went well, else 1."""
    from tests.matrix import cases, report

    wanted = arguments(given)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it was started with SIGINT ignored
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder, cases.Pool(Path(folder), wanted.jobs) as pool:
        journal = report.Journal(wanted.resume or Path(folder, "journal"), wanted.seed)
        print(f"seed {journal.seed}, {wanted.jobs} at a time", flush=True)
        chosen: list[cases.Case] = []
        again = report.read_failed(wanted.again) if wanted.again else None
        rng = random.Random(journal.seed)
        for matrix in ("crash", "fault"):
            if (wanted.crash or wanted.fault) and not getattr(wanted, matrix):
                continue
            found = cases.of(matrix, pool, rng, twice=wanted.twice)
            found = [case for case in found if re.search(wanted.only, str(cases.described(case)))]
            found = found if again is None else [case for case in found if cases.is_among(case, again)]
            chosen += rng.sample(found, min(wanted.sample, len(found))) if wanted.sample else found
        left = [case for case in chosen if not cases.is_among(case, journal.verdicts)]
        print(f"{len(left)} of {len(chosen)} cases", flush=True)
        try:
            for done, some in enumerate(pool.run(left), 1):
                journal.add(some)
                for verdict in some:
                    if verdict.problems:
                        print(f"FAILED {verdict.kind}: {verdict.what}: {'; '.join(verdict.problems)[:300]}", flush=True)
                if done % 25 == 0:
                    print(f"{done} of {len(left)} after {time.monotonic() - begun:.0f} s", flush=True)
        except KeyboardInterrupt:
            print("interrupted: what follows is of the cases so far")
        verdicts = journal.verdicts
    took = time.monotonic() - begun
    report.save(verdicts, wanted.report, seed=journal.seed, seconds=round(took))
    print(f"\n{report.table(verdicts)}\n\n{report.causes(verdicts)}\n{took:.0f} s; failures are in {wanted.report}")
    return int(any(verdict.problems for verdict in verdicts))


if __name__ == "__main__":
    bootstrap.enter("tests", sys.argv[1:], ("-m", "tests.matrix"))
    sys.exit(main(sys.argv[1:]))

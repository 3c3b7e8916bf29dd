"""`python -m emulator`: runs the embedded Azure, as `deploy.py emulate`, `deploy.py --local` and the tests start it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emulator.command import run


def main() -> int:
    """Read the arguments and run until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the custom cloud's origin; 0 picks a free one")
    parser.add_argument("--data", type=Path, default=Path(".local-azure"), help="the folder of its memory and keys")
    parser.add_argument("--sign-in", default="owner", metavar="NAME", help="the signed-in user")
    parser.add_argument("--latency", default="none", help="none, azure, azure:SCALE or a TOML or JSON file")
    parser.add_argument("--faults", type=Path, metavar="FILE", help="rules, as PUT /_emulator/faults takes them")
    parser.add_argument("--traffic", type=Path, metavar="FILE", help="append one HAR entry a line")
    parser.add_argument("--limits", default="none", help="none, azure: Resource Manager's, azure:SHARE: a part of it")
    parser.add_argument("--subscriptions", type=int, default=0, metavar="N", help="so many more subscriptions")
    parser.add_argument("--network", metavar="inside|outside", help="where callers are, seen from private endpoints")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when the starter does")
    chosen = parser.parse_args()
    return run(
        chosen.port,
        chosen.data,
        chosen.sign_in,
        chosen.latency,
        chosen.faults,
        chosen.traffic,
        limits=chosen.limits,
        subscriptions=chosen.subscriptions,
        network=chosen.network,
        until_stdin_closes=chosen.until_stdin_closes,
    )


if __name__ == "__main__":
    sys.exit(main())

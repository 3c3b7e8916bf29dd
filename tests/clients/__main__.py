"""`python3 -m tests.clients [PART…]`: clients that nobody here wrote, unmodified, against the embedded Azure.

What they need is installed first, from public package indexes, into `.clients/` or the folder that ADT_CLIENTS names.
Each part prints a line for each check; the last line counts them. Ends with 1 when a check failed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from cli import bootstrap


def main(arguments: list[str]) -> int:
    """Run the parts; 0 when everything passed, else 1."""
    from tests.clients import ansible, credentials, dtdl, javascript, microsoft
    from tests.clients.score import Score

    parts = {
        "core": microsoft.core,
        "mgmt": microsoft.mgmt,
        "credentials": credentials.credentials,
        "javascript": javascript.javascript,
        "dtdl": dtdl.dtdl,
        "ansible": ansible.ansible,
    }
    parser = argparse.ArgumentParser(prog="python3 -m tests.clients", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(parts)}; all when none is named")
    chosen = parser.parse_args(arguments).parts or list(parts)
    if unknown := sorted(set(chosen) - set(parts)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(parts)}")
    total = Score()
    for name in chosen:
        print(f"== {name}: {parts[name].__doc__}", flush=True)
        begun, score = time.monotonic(), Score()
        with tempfile.TemporaryDirectory(prefix=f"clients-{name}-") as folder:
            try:
                parts[name](Path(folder), score)
            except Exception as error:  # noqa: BLE001 - the other parts still run
                score.count(f"{name} as a whole", f"{type(error).__name__}: {str(error)[:1500]}")
        print(f"-- {name}: {time.monotonic() - begun:.0f} s", flush=True)
        print(f"{name}: {score}", flush=True)
        total.add(score)
    print(f"\n{total}")
    return int(total.failed > 0)


if __name__ == "__main__":
    bootstrap.enter("tests", sys.argv[1:], ("-m", "tests.clients"))
    sys.exit(main(sys.argv[1:]))

"""Runs pytest on the tree it is started in, once for each line of JSON on stdin, and prints how that ended.

pytest is loaded once, and each run is a fork: it loads only the project, and leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys

import hypothesis.strategies
import pytest
from hypothesis import Phase, settings

LOADED = (asyncio, hypothesis.strategies)
OPTIONS = (
    *("-x", "-q", "--noconftest", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # plugins are loaded before pytest starts
)


def run(tests: list[str], keep_bytecode: bool) -> None:
    """Run these tests, silently; end the process with pytest's exit code."""
    sys.dont_write_bytecode = not keep_bytecode  # a mutant's would pass for the file's
    settings.register_profile("mutation", database=None, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutation")  # that a mutant fails is enough: nothing is shrunk
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    sys.exit(int(pytest.main([*OPTIONS, *tests])))


def main() -> None:
    """Carry out orders until stdin is closed. Prints pytest's exit code, or "timeout"."""
    forks = multiprocessing.get_context("fork")
    for line in sys.stdin:
        order = json.loads(line)
        child = forks.Process(target=run, args=(order["tests"], order["keep_bytecode"]))
        child.start()
        child.join(order["seconds"])
        outcome: int | str | None = child.exitcode
        if outcome is None:
            child.kill()
            child.join(10)
            outcome = "timeout"
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()

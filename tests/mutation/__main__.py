"""`python3 -m tests.mutation [PATH ...]`: mutates engine/ and steps/, and says which mutants the pure tests let live.

PATHs are files or folders of these; all of both without any. What is known of a mutant is kept in `.mutation/`, so an
interrupted run goes on where it was; `--fresh` forgets it. `judged.toml` says of survivors why no test tells them. Ends
with 1 when a survivor is not judged there, or a judged mutant doesn't survive or no longer exists.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from cli import bootstrap

ROOT = bootstrap.ROOT
HOME = ROOT / ".mutation"
"""Where the environment of cosmic-ray is, and what is known; git ignores it."""
KNOWN = HOME / "known.jsonl"
JUDGED = Path(__file__).parent / "judged.toml"
"""Groups of survivors, each with the reason why no pure test tells them from the code."""
REQUIREMENTS = Path(__file__).parent / "requirements.txt"
MAKERS = ("mutants.py", "operators.py", "scope.py", "requirements.txt")
"""What decides which mutants there are."""
WORKERS = 2


class Mutant(NamedTuple):
    """A file with a change in it."""

    path: str
    line: int
    operator: str
    text: str

    @property
    def id(self) -> str:
        """Tells it from every other."""
        return hashlib.sha256(f"{self.path}\n{self.text}".encode()).hexdigest()[:24]

    @property
    def diff(self) -> str:
        """The lines that differ."""
        before = (ROOT / self.path).read_text(encoding="utf-8").splitlines()
        lines = difflib.unified_diff(before, self.text.splitlines(), lineterm="", n=0)
        return "\n".join(f"    {line}" for line in list(lines)[2:] if not line.startswith("@@"))

    @property
    def name(self) -> str:
        """What `judged.toml` calls it: the file and the lines that differ, wherever in the file they are."""
        lines = ((line[4], line[5:].strip()) for line in self.diff.splitlines())
        return f"{self.path}: {' '.join(f'{sign} {text}' for sign, text in lines if text)}"


INSTALLING = 600
"""Seconds that an installation, or making the mutants of a file, may take."""


def prepare() -> Path:
    """Return the Python that has the pinned cosmic-ray, installed first if it isn't there yet."""
    fingerprint = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    stamp, venv = HOME / f"prepared-{fingerprint}", HOME / "venv"
    python = venv / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not stamp.exists():
        print(f"Installing cosmic-ray into {venv}.", flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=INSTALLING)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True, timeout=INSTALLING)
        stamp.touch()
    return python


def mutants(python: Path, paths: list[str]) -> list[Mutant]:
    """Return the mutants of the files at these paths. Those of a file are made once and kept."""
    from tests.mutation.scope import is_mutated

    places = [ROOT / path for path in paths]
    found = {file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))}
    makers = b"".join((Path(__file__).parent / name).read_bytes() for name in MAKERS)
    made: list[Mutant] = []
    for path in sorted(filter(is_mutated, (str(file.resolve().relative_to(ROOT)) for file in found))):
        digest = hashlib.sha256(path.encode() + (ROOT / path).read_bytes() + makers).hexdigest()[:16]
        kept = HOME / f"mutants-{digest}.jsonl"
        if not kept.exists():
            command = [str(python), "-m", "tests.mutation.mutants", path]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=INSTALLING)
            kept.write_text(done.stdout)
        made += [Mutant(**json.loads(line)) for line in kept.read_text().splitlines()]
    return made


def fingerprint() -> str:
    """Return what changes with the code and its pure tests: a survivor may be killed then."""
    digest = hashlib.sha256()
    for room in ("engine", "steps", "cloud", "tests/plans"):
        for file in sorted((ROOT / room).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def known(current: str) -> dict[str, str]:
    """Return what became of mutants by their ids. What was killed stays so; survivors count for the same code alone."""
    lines = KNOWN.read_text().splitlines() if KNOWN.exists() else []
    facts = [json.loads(line) for line in lines]
    return {fact["id"]: fact["outcome"] for fact in facts if fact["outcome"] != "survived" or fact["code"] == current}


def try_all(pending: list[Mutant], current: str) -> dict[str, str]:
    """Try each mutant and return what became of it; each outcome is kept at once."""
    from tests.mutation.related import tests_of
    from tests.mutation.trees import Tree

    waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    for mutant in pending:
        waiting.put(mutant)
    outcomes: dict[str, str] = {}

    def work(folder: Path) -> None:
        with Tree(folder) as tree, KNOWN.open("a") as file:
            while not waiting.empty():
                try:
                    mutant = waiting.get_nowait()
                except queue.Empty:
                    return
                outcome = tree.survives(mutant.path, mutant.text, tests_of(mutant.path))
                outcomes[mutant.id] = outcome
                file.write(json.dumps({"id": mutant.id, "code": current, "outcome": outcome}) + "\n")
                file.flush()
                if len(outcomes) % 100 == 0:
                    print(f"{len(outcomes)} of {len(pending)}", flush=True)

    with tempfile.TemporaryDirectory(prefix="mutation-") as name, ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, (Path(name, str(number)) for number in range(WORKERS))))
    return outcomes


def judged(paths: list[str]) -> set[str]:
    """Return the names of the judged mutants of the files at these paths."""
    groups = tomllib.loads(JUDGED.read_text(encoding="utf-8"))["group"]
    names = {name for group in groups for name in group["mutants"]}
    wanted = [Path(os.path.normpath(path)) for path in paths]
    return {name for name in names if any(Path(name.partition(":")[0]).is_relative_to(path) for path in wanted)}


def report(tried: list[Mutant], outcomes: dict[str, str], expected: set[str]) -> int:
    """Print survivors that are not judged, each file's score, and what is judged in vain; 1 for any, else 0."""
    survivors = [mutant for mutant in tried if outcomes[mutant.id] == "survived"]
    unjudged = [mutant for mutant in survivors if mutant.name not in expected]
    for mutant in unjudged:
        print(f"{mutant.path}:{mutant.line}  {mutant.operator}\n{mutant.diff}\n")
    total, alive = Counter(mutant.path for mutant in tried), Counter(mutant.path for mutant in survivors)
    for path, count in sorted(total.items()):
        print(f"{count - alive[path]:5} of {count:5} killed  {path}")
    killed = len(tried) - len(survivors)
    late = sum(outcome == "timeout" for outcome in outcomes.values())
    print(f"{killed} of {len(tried)} killed ({late} by a timeout): {100 * killed / max(len(tried), 1):.1f} %")
    vain = sorted(expected - {mutant.name for mutant in survivors})
    for name in vain:
        print(f"Judged, but killed or no longer there: {name}")
    print(f"{len(survivors)} survive, {len(unjudged)} of them not judged in {JUDGED.relative_to(ROOT)}")
    return int(bool(unjudged or vain))


def main(arguments: list[str]) -> int:
    """Try the mutants that nothing is known of, and report on all."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.mutation", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="PATH", default=["engine", "steps"])
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs found")
    options = parser.parse_args(arguments)
    python = prepare()
    if options.fresh:
        KNOWN.unlink(missing_ok=True)
    tried, current = mutants(python, options.paths), fingerprint()
    outcomes = known(current)
    pending = [mutant for mutant in tried if mutant.id not in outcomes]
    print(f"{len(tried)} mutants, {len(tried) - len(pending)} of them known", flush=True)
    outcomes |= try_all(pending, current)
    return report(tried, {mutant.id: outcomes[mutant.id] for mutant in tried}, judged(options.paths))


if __name__ == "__main__":
    bootstrap.enter("tests", sys.argv[1:], ("-m", "tests.mutation"))
    sys.exit(main(sys.argv[1:]))

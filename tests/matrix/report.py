"""The table of a matrix, and the file of what failed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.matrix.verdict import Verdict

COLUMNS = ("tried", "reached", "rode out", "converged", "duplicates", "leaks", "tracebacks", "failed")


def table(verdicts: Iterable[Verdict]) -> str:
    """Return the table: a row for each kind of case, and one for all."""
    rows: dict[str, list[int]] = defaultdict(lambda: [0] * len(COLUMNS))
    for verdict in verdicts:
        counts = (
            1, verdict.reached, verdict.ridden_out, verdict.converged, len(verdict.duplicates), len(verdict.leaks),
            verdict.tracebacks, bool(verdict.problems),
        )  # fmt: skip
        for kind in (verdict.kind, "all"):
            rows[kind] = [before + int(one) for before, one in zip(rows[kind], counts, strict=True)]
    everything = rows.pop("all", [0] * len(COLUMNS))
    width = max((len(kind) for kind in rows), default=3)
    lines = [f"{'':{width}}  " + "  ".join(COLUMNS)]
    for kind, counted in [*sorted(rows.items()), ("all", everything)]:
        cells = (f"{count:>{len(name)}}" for name, count in zip(COLUMNS, counted, strict=True))
        lines.append(f"{kind:{width}}  " + "  ".join(cells))
    return "\n".join(lines)


def causes(verdicts: Iterable[Verdict]) -> str:
    """Return the problems and notes, the most frequent first, each with the cases that have it."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        for problem in dict.fromkeys([*verdict.problems, *(f"(note) {note}" for note in verdict.notes)]):
            found[problem].append(verdict)
    lines = []
    for problem, having in sorted(found.items(), key=lambda item: -len(item[1])):
        lines.append(f"{len(having)} x {problem}")
        lines += [f"      {verdict.kind}: {verdict.what}" for verdict in having[:3]]
        lines += [f"      and {len(having) - 3} more"] if len(having) > 3 else []
    return "\n".join(lines)


class Journal:
    """A file that keeps what each case came to, a line each, so that an interrupted run can go on.

    The first line is the seed: `seed`, or what is there already. A line that was cut short is left out.
    """

    def __init__(self, file: Path, seed: int) -> None:
        self._file = file
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        first, *lines = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()] or [seed]
        self.seed: int = first
        self.verdicts = [Verdict.of(verdict) for line in lines for verdict in line]
        file.write_text("".join(f"{json.dumps(line)}\n" for line in (first, *lines)), encoding="utf-8")

    def add(self, verdicts: list[Verdict]) -> None:
        """Keep what a case came to."""
        self.verdicts += verdicts
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps([verdict.json() for verdict in verdicts]) + "\n")


def read_failed(file: Path) -> list[Verdict]:
    """Return what `save` wrote."""
    return [Verdict.of(verdict) for verdict in json.loads(file.read_text(encoding="utf-8"))["failed"]]


def save(verdicts: Iterable[Verdict], file: Path, **about: object) -> None:
    """Write what failed to `file`, with all that is needed to look into it and to make it again."""
    failed = [verdict.json() for verdict in verdicts if verdict.problems]
    file.write_text(json.dumps({**about, "failed": failed}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

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


def save(verdicts: Iterable[Verdict], file: Path, **about: object) -> None:
    """Write what failed to `file`, with all that is needed to look into it and to make it again."""
    failed = [verdict.json() for verdict in verdicts if verdict.problems]
    file.write_text(json.dumps({**about, "failed": failed}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

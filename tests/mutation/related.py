"""Which pure tests judge a file: the engine's its own, a step's its own, what is shared those that import it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from cli import bootstrap

ROOT = bootstrap.ROOT
TESTS = ROOT / "tests/plans"
ALL_STEPS = (TESTS / "test_steps.py", TESTS / "test_kinds.py")
"""What holds of every step."""


def tests_of(path: str) -> tuple[str, ...]:
    """Return the test files, those first that are likely to tell."""
    step = re.match(r"steps/(step_\d+)_", path)
    if path.startswith("engine/"):
        named = f"test_{Path(path).stem}"
        files = sorted((TESTS / "engine").glob("test_*.py"), key=lambda file: not file.stem.startswith(named))
    elif step:
        files = [*sorted(TESTS.glob(f"test_{step[1]}_*.py")), *ALL_STEPS]
    else:
        importing = {file for file in TESTS.glob("test_*.py") if ROOT / path in _reached(file)}
        files = [*sorted(importing - {*ALL_STEPS}), *ALL_STEPS]
    return tuple(str(file.relative_to(ROOT)) for file in files)


@cache
def _reached(start: Path) -> frozenset[Path]:
    """Return the files of this project that a file imports, directly or not."""
    reached, pending = {start}, [start]
    while pending:
        new = _imported(pending.pop()) - reached
        reached |= new
        pending += new
    return frozenset(reached)


@cache
def _imported(file: Path) -> frozenset[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    files = {ROOT / f"{name.replace('.', '/')}.py" for name in names if name.startswith(("steps.", "tests.plans."))}
    return frozenset(file for file in files if file.is_file())

"""The rules of the rooms: what may import what. Imports for types count."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "engine": {"engine"},
    "cloud": {"cloud", "engine.refusal"},
    "state": {"state", "engine"},
    "steps": {"steps", "engine", "cloud"},
    "cli": {"cli", "steps", "state", "cloud", "engine"},
    "emulator": {"emulator"},
}
ROOMS = {*MAY_IMPORT, "bench", "tests"}
MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for room in MAY_IMPORT
    for file in sorted((ROOT / room).rglob("*.py"))
}


def imports(module: str) -> Iterator[str]:
    """The modules of the project that a module names in its imports, wherever they stand."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.partition(".")[0] in ROOMS:
                yield name if name in MODULES else name.rpartition(".")[0]


@cache
def graph() -> dict[str, list[str]]:
    """What each module imports: found out for these tests alone, as parsing everything takes seconds."""
    return {module: sorted(set(imports(module)) - {module}) for module in MODULES}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_arrows_point_down(room: str) -> None:
    def allowed(name: str) -> bool:
        return any(name == place or name.startswith(f"{place}.") for place in MAY_IMPORT[room])

    upward = {
        module: wrong
        for module, names in graph().items()
        if module.partition(".")[0] == room and (wrong := [name for name in names if not allowed(name)])
    }
    assert not upward


def test_no_step_imports_another() -> None:
    steps = {module: match[0] for module in MODULES if (match := re.match(r"steps\.step_\d\d_\w+", module))}
    crossing = {
        module: wrong
        for module, own in steps.items()
        if (wrong := [name for name in graph()[module] if name in steps and steps[name] != own])
    }
    assert not crossing


def test_there_is_no_circle() -> None:
    state: dict[str, int] = {}
    circles: list[list[str]] = []

    def visit(module: str, path: list[str]) -> None:
        if state.get(module) == 1:
            circles.append([*path[path.index(module) :], module])
        if module in state or module not in graph():
            return
        state[module] = 1
        for name in graph()[module]:
            visit(name, [*path, module])
        state[module] = 2

    for module in graph():
        visit(module, [])
    assert not circles


def test_bootstrap_imports_only_pythons_own_and_what_needs_no_more() -> None:
    import sys

    light = ("at_once", "bootstrap", "own_venv", "installation", "tied", "newer_python", "streams")
    known = {"engine.refusal", "cli.version", *(f"cli.{module}" for module in light)}
    for module in light:
        tree = ast.parse((ROOT / f"cli/{module}.py").read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {name.partition(".")[0] for name in names - known} <= {*sys.stdlib_module_names}
    assert not graph()["engine.refusal"]
    assert (ROOT / "cli/__init__.py").read_text().count("\n") <= 1


def test_few_lines_of_engine_and_steps_name_any() -> None:
    lines = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for room in ("engine", "steps")
        for file in sorted((ROOT / room).rglob("*.py"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"\bAny\b", line)
    ]
    assert len(lines) <= 6, "\n".join(lines)

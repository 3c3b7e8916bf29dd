"""The emulator and the tool don't import each other: the tool starts a process, and reads its ready line."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.imports import imports
from tests.support.world import ROOT

EMULATOR = "emulator"
TOOL = {"deploy", *(file.parent.name for file in ROOT.glob("*/__init__.py"))} - {EMULATOR, "bench", "tests"}


def imported(file: Path) -> Iterator[str]:
    """The packages that a module imports anywhere in it, for type checkers alone too, or by a name in a string."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    yield from (name.partition(".")[0] for name in imports(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(part.value).partition(".")[0] for part in node.args if isinstance(part, ast.Constant))


def modules(*packages: str) -> list[Path]:
    return [file for package in packages for file in (ROOT / package).rglob("*.py")]


def test_the_tool_does_not_import_the_emulator() -> None:
    assert {"cli", "cloud", "state", "steps"} <= TOOL
    assert not [file for file in [*modules(*TOOL), ROOT / "deploy.py"] if EMULATOR in imported(file)]


def test_the_emulator_does_not_import_the_tool() -> None:
    assert not [file for file in modules(EMULATOR) if TOOL & set(imported(file))]


@pytest.mark.parametrize(
    "text",
    [
        "import cli.local",
        "def f():\n    from cli import local",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from cli import local",
        "import importlib\nimportlib.import_module('cli.local')",
    ],
)
def test_every_kind_of_import_counts(text: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(text)
    assert "cli" in imported(tmp_path / "module.py")


@pytest.mark.parametrize(
    ("package", "command"),
    [("emulator", ["-m", "emulator", "--help"]), ("", ["deploy.py", "plan", "--help"])],
    ids=["emulator", "tool"],
)
def test_each_runs_without_the_other(package: str, command: list[str], tmp_path: Path) -> None:
    for name in [package] if package else TOOL - {"deploy"}:
        shutil.copytree(ROOT / name, tmp_path / name)
    for file in ("deploy.py", "requirements.txt") if not package else ():
        shutil.copy(ROOT / file, tmp_path)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage" in done.stdout.lower()

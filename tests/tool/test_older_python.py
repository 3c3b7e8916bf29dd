"""What somebody meets who runs the tool with a Python that is too old."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from tests.support.clones import BARE, older_pythons
from tests.support.documents import names
from tests.support.processes import ended, start
from tests.support.world import ROOT

OLD_READABLE = ["deploy.py", "cli/__init__.py", "cli/newer_python.py", "tests/__init__.py", "tests/__main__.py"]


@pytest.mark.parametrize("file", OLD_READABLE)
def test_what_an_older_python_meets_is_readable_to_it(file: str) -> None:
    ast.parse((ROOT / file).read_text(), feature_version=(3, 7))
    assert "__future__" not in (ROOT / file).read_text()


@pytest.mark.parametrize("command", [("deploy.py",), ("-m", "tests")], ids=" ".join)
def test_an_older_python_is_told_so(command: tuple[str, ...]) -> None:
    older = older_pythons()
    if not older:
        pytest.skip("no Python older than 3.11 is installed here")
    for python in older:
        done = ended(start([python, "-B", *command], ROOT, os.environ))
        assert done.code == 1
        (line,) = done.stderr.splitlines()
        assert names([line], "3.11 or newer")


def test_an_older_python_names_a_newer_one_on_the_path(tmp_path: Path) -> None:
    older = older_pythons()
    if not older:
        pytest.skip("no Python older than 3.11 is installed here")
    refusing = tmp_path / "python3.19"
    refusing.write_text("#!/bin/sh\nexit 127\n")
    refusing.chmod(0o755)
    (tmp_path / "python3.14").symlink_to(BARE[0])
    for python in older:
        done = ended(start([python, "-B", "deploy.py"], ROOT, {**os.environ, "PATH": str(tmp_path)}))
        assert names([done.stderr], "python3.14")

"""`--help` and `--version` of a fresh copy, before anything is installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cli.version import VERSION
from tests.support.clones import Clone


def uncompiled(folder: Path) -> list[Path]:
    """All that is in a folder, but for what Python has compiled."""
    return sorted(file for file in folder.rglob("*") if "__pycache__" not in file.parts)


def test_help_and_version_answer_before_anything_is_installed(tmp_path: Path) -> None:
    clone = Clone.of_project(tmp_path / "project")
    clone.require("click==999.0")
    clone.extra["PIP_INDEX_URL"] = "https://127.0.0.1:9/nothing"
    before = uncompiled(clone.folder)
    for asked, named in (("--help", "--local --yes"), ("-h", "README.md"), ("--version", VERSION)):
        done = clone.run(asked)
        assert done.code == 0, done.text
        assert named in done.stdout
        assert done.stderr == ""
        assert max(map(len, done.stdout.splitlines())) <= 80
    assert uncompiled(clone.folder) == before
    program = clone.folder / "deploy.py"
    assert program.read_text().partition("\n")[0] == f"#!{shutil.which('env')} python3"
    assert os.access(program, os.X_OK)

"""How files and this program's own commands are written for the person who called it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from cli.bootstrap import ROOT

DEFAULT_STATE = "deploy.state.json"


def shown(path: Path) -> str:
    """Return the path as short as it can be written: relative to the current folder when it is inside."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def command(arguments: Sequence[str] = ()) -> str:
    """Return a command line of this program that can be pasted; without arguments, the one it was called with."""
    python = "python" if os.name == "nt" else "python3"
    return shlex.join([python, shown(ROOT / "deploy.py"), *(arguments or sys.argv[1:])])

"""The `.venv` of this project: where it is, and what is noted in it. With nothing but Python's own library.

In `.venv`, a file `prepared-…` stands for each set of requirements that is completely installed, and a file
`unfinished` is there while something is being changed: it outlives a change that was killed.
"""

from __future__ import annotations

import hashlib
import os
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
UNFINISHED = VENV / "unfinished"
REQUIREMENTS: dict[str, tuple[str, ...]] = {"deploy": ("requirements.txt",)}
REQUIREMENTS["tests"] = (*REQUIREMENTS["deploy"], "tests/requirements.txt")
REQUIREMENTS["bench"] = (*REQUIREMENTS["tests"], "bench/requirements.txt")
"""Which files a use of the project needs installed; a later one's include those of the ones before."""
MACHINE = f"{sys.platform} {os.environ.get('PROCESSOR_ARCHITECTURE') if os.name == 'nt' else os.uname().machine}"
"""What packages are compiled for."""
BY_HAND = "install the dependencies yourself (python3 -m pip install -r requirements.txt)"


def fingerprint_of(use: str) -> str:
    """Return what changes with the requirements, and with Python's version."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for name in REQUIREMENTS[use]:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def stamp_of(fingerprint: str) -> Path:
    """Return the file that stands for a set of requirements, and holds for which MACHINE it is installed."""
    return VENV / f"prepared-{fingerprint[:16]}"


def is_prepared(fingerprint: str) -> bool:
    """Whether that set is installed, for this machine, with a Python that can be started."""
    try:
        machine = stamp_of(fingerprint).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return machine in {"", MACHINE} and os.access(python(), os.X_OK)  # earlier versions wrote nothing into it


def python() -> Path:
    """Return the Python of `.venv`."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def say(text: str) -> None:
    """Print a line on stderr, in a terminal folded between words."""
    if sys.stderr.isatty():
        with suppress(OSError):
            width = os.get_terminal_size(sys.stderr.fileno()).columns
            text = textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False) if width else text
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the console is not there yet


def stop(text: str, code: int = 1) -> NoReturn:
    """Say why this ends, and end."""
    say(text)
    sys.exit(code)

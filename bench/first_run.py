"""Part 5: from a fresh clone to the first request, what the installation costs, and what other ways of it would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

from bench.lab import DEPLOY, Failed, Json, Lab, run, say
from tests.support.world import ROOT

KEPT = re.compile("PATH|HOME|LANG|TMPDIR|SSL_CERT_FILE|(PIP|UV)_.*")
"""What an installation takes of the environment of the one who measures."""
FROM_PIP = {
    "UV_DEFAULT_INDEX": "index-url",
    "UV_INDEX": "extra-index-url",
    "UV_FIND_LINKS": "find-links",
    "SSL_CERT_FILE": "cert",
}
"""What uv is told of pip's configuration, which it doesn't read."""


def measure(lab: Lab) -> Json:
    """Return the figures of a fresh clone, and of other ways to install the same."""
    environment = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    clone = lab.place() / "project"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    system = getattr(sys, "_base_executable", sys.executable)
    installing = run([system, "deploy.py", "status"], clone, environment)
    venv = clone / ".venv"
    found: Json = {"install": {**installing.json(), **_size(venv)}}
    say(f"  a fresh clone is ready after {installing.wall:.1f} s")
    python = venv / "bin/python"
    with lab.tool() as tool:
        for name in ("first", "second"):
            tool.azure.control("DELETE", "/requests")
            took = run([python, str(clone / "deploy.py"), "plan", *DEPLOY], tool.folder, tool.environment())
            asked = datetime.fromisoformat(tool.azure.requests()["log"][0]["started"]).timestamp() - took.begun
            found[f"{name} plan"] = {**took.json(), "first_request": round(asked, 3)}
    found["clone to first request"] = round(installing.wall + found["first plan"]["first_request"], 2)
    found["compiled by then"] = sum(1 for _ in venv.rglob("*.pyc"))
    found["ways"] = _ways(lab, system, environment)
    return found


def _size(venv: Path) -> Json:
    """Return what an environment holds, and its biggest packages."""
    files = [file for file in venv.rglob("*") if file.is_file() and not file.is_symlink()]
    sizes: Counter[str] = Counter()
    for file in files:
        parts = file.relative_to(venv).parts
        if "site-packages" in parts:
            sizes[parts[parts.index("site-packages") + 1]] += file.stat().st_size
    biggest = {name: round(size / 1e6, 1) for name, size in sizes.most_common(8)}
    return {"mb": round(sum(file.stat().st_size for file in files) / 1e6, 1), "files": len(files), "biggest": biggest}


def _ways(lab: Lab, system: str, environment: dict[str, str]) -> Json:
    """Time other ways to install the same requirements into a new environment."""
    requirements = ["-r", str(ROOT / "requirements.txt")]
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    ways: Json = {}
    for name, options in (("pip, as it is", []), ("pip, without compiling", ["--no-compile"])):
        room = lab.place()
        took = run([system, "-m", "venv", "new"], room, environment).wall
        took += run([room / "new/bin/python", *pip, *options, *requirements], room, environment).wall
        ways[name] = {"wall": round(took, 1), "mb": _size(room / "new")["mb"]}
    if uv is not None:
        cached = {**_from_pip(lab, system, environment), **environment, "UV_CACHE_DIR": str(lab.folder / "uv-cache")}
        for name in ("uv", "uv, a second time"):
            room = lab.place()
            took = run([uv, "venv", "--quiet", "--python", system, "new"], room, cached).wall
            install = [uv, "pip", "install", "--quiet", "--python", "new/bin/python", *requirements]
            try:
                took += run(install, room, cached).wall
            except Failed as error:
                say(f"  uv could not install: {error}")
                break
            ways[name] = {"wall": round(took, 1), "mb": _size(room / "new")["mb"]}
    return ways


def _from_pip(lab: Lab, system: str, environment: dict[str, str]) -> dict[str, str]:
    found = {}
    for name, key in FROM_PIP.items():
        for where in ("global", ":env:"):
            said = run([system, "-m", "pip", "config", "get", f"{where}.{key}"], lab.folder, environment, code=None)
            if said.stdout.strip():
                found[name] = " ".join(said.stdout.split())
    return found

"""Part 5: from a fresh clone to the first request, by pip and by uv, with empty caches and with full ones."""

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

KEPT = re.compile("HOME|LANG|SSL_CERT_FILE|(PIP|UV)_.*")
"""What an installation takes of the environment of the one who measures, beside the path."""
WAYS = ("pip", "uv")


def measure(lab: Lab) -> Json:
    """Return the figures of a fresh clone by each way, cold and warm, and of the runs after it."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    found: Json = {"ways": {}}
    clone = Path()
    for way in WAYS if uv else WAYS[:1]:
        environment = _environment(lab, way, uv)
        try:
            for caches in ("cold", "warm"):
                clone, measured = _fresh_clone(lab, way, environment)
                found["ways"][f"{way}, {caches}"] = measured
                say(f"  {way}, {caches}: {measured['install']:.1f} s, {measured['total']:.1f} s to the first request")
        except Failed as error:
            say(f"  {way} could not install: {error}")
    if clone == Path():
        raise Failed("no way of installing succeeded")
    venv = clone / ".venv"
    found["installed"] = _size(venv)
    found["second plan"] = _plan(lab, clone)
    found["compiled by then"] = sum(1 for _ in venv.rglob("*.pyc"))
    return found


def _environment(lab: Lab, way: str, uv: str | None) -> dict[str, str]:
    """Return the environment of an installation: uv is on the path or isn't, and its caches are its own."""
    environment = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "uv").exists()]
    if way == "uv" and uv:
        programs = lab.place()
        (programs / "uv").symlink_to(uv)
        folders.insert(0, str(programs))
    temporary, caches = lab.place(), lab.place()
    environment |= {"PATH": os.pathsep.join(folders), "TMPDIR": str(temporary)}
    return environment | {"PIP_CACHE_DIR": str(caches / "pip"), "UV_CACHE_DIR": str(caches / "uv")}


def _fresh_clone(lab: Lab, way: str, environment: dict[str, str]) -> tuple[Path, Json]:
    """Return a fresh clone that has been set up, and what that took. Failed when it was set up another way."""
    clone = lab.place() / "project"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    installing = run([getattr(sys, "_base_executable", sys.executable), "deploy.py", "status"], clone, environment)
    if way == "uv" and (refused := re.search(r"uv could not install .*", installing.stdout + installing.stderr)):
        raise Failed(refused[0])
    first = _plan(lab, clone)
    total = round(installing.wall + first["first_request"], 2)
    measured = {"install": round(installing.wall, 2), "cpu": round(installing.cpu, 2), "total": total}
    return clone, {**measured, "first plan": first, "mb": _size(clone / ".venv")["mb"]}


def _plan(lab: Lab, clone: Path) -> Json:
    """Return what a `plan` takes, and when its first request arrived."""
    with lab.tool() as tool:
        took = run([clone / ".venv/bin/python", clone / "deploy.py", "plan", *DEPLOY], tool.folder, tool.environment())
        asked = datetime.fromisoformat(tool.azure.requests()["log"][0]["started"]).timestamp() - took.begun
    return {**took.json(), "first_request": round(asked, 3)}


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

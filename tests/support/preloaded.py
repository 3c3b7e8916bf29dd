"""Loads what a run of deploy.py may need: what `forks` forks from."""

from __future__ import annotations

import ast
import gc
import importlib
import pkgutil
from pathlib import Path

import cli
import cloud
import engine
import state
import steps

LATER = (
    *("anyio._backends._asyncio", "azure.core.rest._aiohttp", "azure.identity.aio", "azure.identity", "jwt"),
    *(
        "azure.identity.aio._credentials.cloud_shell",
        "h11",
        "httpcore._async.http_proxy",
        "httpcore._async.connection_pool",
    ),
    *(f"msgraph.generated.models.{name}" for name in ("application", "service_principal", "user", "organization")),
)
"""What libraries import at their first use."""


def _imported_in_functions(file: str) -> list[str]:
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.col_offset]
    return [node.module for node in imports if node.module and node.module.partition(".")[0] != "matplotlib"]


names = list(LATER)
for package in (engine, cloud, state, steps, cli):
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__"):
            file = importlib.import_module(found.name).__file__
            names += _imported_in_functions(file) if file else []
for name in names:
    importlib.import_module(name)
assert steps.STEPS
gc.collect()
gc.freeze()

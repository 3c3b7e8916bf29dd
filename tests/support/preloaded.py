"""Loads what a run of deploy.py, and the embedded Azure, may need: what `forks` forks from."""

from __future__ import annotations

import gc
import importlib
import pkgutil
import re
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType

import cli
import cloud
import emulator
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
    *(f"msgraph.generated.models.{name}" for name in ("user", "organization", "o_auth2_permission_grant")),
    *(f"msgraph.generated.{name}_request_builder" for name in (
        "applications_with_unique_name.applications_with_unique_name",
        "directory.deleted_items.graph_application.graph_application",
        "service_principals_with_app_id.service_principals_with_app_id",
    )),
)  # fmt: skip
"""What libraries import at their first use."""
WHOLE = tuple(
    f"msgraph.generated.models.{name}"
    for name in ("application", "api_application", "web_application", "service_principal", "directory_object",
                 "required_resource_access", "o_data_errors.o_data_error", "o_data_errors.main_error")
)  # fmt: skip
"""Modules of libraries that import what they need only when they read or write an answer."""


def _imported_in_functions(module: ModuleType) -> list[str]:
    """Return the names of the modules that it imports later than itself: parsing all of them would take seconds."""
    text = Path(str(module.__file__)).read_text(encoding="utf-8")
    names = [resolve_name(name, module.__package__) for name in re.findall(r"^ +from (\.*[\w.]+) import ", text, re.M)]
    return [name for name in names if name.partition(".")[0] != "matplotlib"]


names = list(LATER)
for package in (engine, cloud, state, steps, cli, emulator):
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__"):
            names += _imported_in_functions(importlib.import_module(found.name))
for whole in WHOLE:
    names += _imported_in_functions(importlib.import_module(whole))
for name in names:
    importlib.import_module(name)
assert steps.STEPS
gc.collect()
gc.freeze()

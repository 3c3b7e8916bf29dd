"""The router of the data plane, in which the modules register their operations."""

from __future__ import annotations

from emulator.router import Router

ROUTER = Router()

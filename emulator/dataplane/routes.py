"""The one router of the data plane; the modules of the operations register themselves in it."""

from __future__ import annotations

from emulator.web import Router

ROUTER = Router()

"""The router of Resource Manager, in which the modules register their operations."""

from __future__ import annotations

from emulator.router import Router

ROUTER = Router()

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group:segment}"
INSTANCES = "/providers/Microsoft.DigitalTwins/digitalTwinsInstances"
INSTANCE = GROUP + INSTANCES + "/{name}"

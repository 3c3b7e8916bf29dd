"""The one router of Resource Manager; the modules of the operations register themselves in it."""

from __future__ import annotations

from emulator.web import Router

ROUTER = Router()

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group:segment}"
INSTANCES = "/providers/Microsoft.DigitalTwins/digitalTwinsInstances"
INSTANCE = GROUP + INSTANCES + "/{name}"

"""Entra ID: discovery and the token endpoint. Requests have no token: the form has the credentials."""

from __future__ import annotations

from emulator.entra import device_codes, discovery, grants
from emulator.entra.refusals import refusal, render_refusal
from emulator.messages import Reply, Request
from emulator.world import World

__all__ = ["handle", "render_refusal"]


def handle(world: World, request: Request) -> Reply:
    """Answer one request. Refusals have Entra ID's numbers."""
    for router in (grants.router, device_codes.router, discovery.router):
        reply = router.dispatch(world, request)
        if reply is not None:
            return reply
    raise refusal(404, "invalid_request", 900561, "The endpoint does not exist.")

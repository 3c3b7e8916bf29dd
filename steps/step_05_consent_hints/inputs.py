"""The input of consent, and the desired state. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.context import Target
from engine.input import Given, Input, flag_of, list_of
from steps.shared.applications import is_left_out, public_reply_urls

INPUTS = (
    Input(
        "grant_consent",
        "Consent for the tenant, where the signed-in person may.",
        "",
        kind="flag",
        group="App registration",
    ),
)


@dataclass(frozen=True)
class DesiredConsent:
    """Whether this tool is to consent for the tenant."""

    target: Target
    is_granted: bool = False
    reply_url: str = ""
    """Where an administrator ends up who consents in a browser."""
    left_out: bool = False
    """There is no app registration to consent to."""


def desired_consent(given: Mapping[str, Given], target: Target) -> DesiredConsent:
    """Return whether to consent; by default that is left to an administrator."""
    others = (list_of(given, "web_reply_url") or (), list_of(given, "spa_reply_url") or ())
    urls = (*public_reply_urls(given), *others[0], *others[1])
    return DesiredConsent(
        target=target,
        is_granted=bool(flag_of(given, "grant_consent")),
        reply_url=urls[0] if urls else "",
        left_out=is_left_out(given),
    )

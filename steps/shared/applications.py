"""What several steps know of the app registration. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from engine.input import Given, flag_of, list_of
from engine.record import Kind

APPLICATION, ADOPTED = Kind("application"), Kind("adopted")
"""The application is this tool's own, or it existed before and was adopted."""
CONSENT = Kind("consent")
"""The consent that this tool granted. It is deleted with the application's service principal."""

DEFAULT_REPLY_URL = "http://localhost"


@dataclass(frozen=True)
class ServicePrincipal:
    """A service principal that exists."""

    id: str
    """Its object id."""
    tags: tuple[str, ...] = ()


def unique_name(instance_id: str) -> str:
    """Return the `uniqueName` of an instance's application: a function of its lower-cased resource id alone."""
    return f"digital-twins-{digest(instance_id)}"


def digest(instance_id: str) -> str:
    """Return what stands for an instance in names of its application."""
    return hashlib.sha256(instance_id.lower().encode()).hexdigest()[:32]


def is_left_out(given: Mapping[str, Given]) -> bool:
    """Whether the app registration is not desired."""
    return bool(flag_of(given, "no_app"))


def public_reply_urls(given: Mapping[str, Given]) -> tuple[str, ...]:
    """Return the desired reply URLs of public clients."""
    urls = list_of(given, "reply_url")
    return (DEFAULT_REPLY_URL,) if urls is None else urls

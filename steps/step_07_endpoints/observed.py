"""What exists of the endpoints and their destinations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from steps.shared.event_routing import FoundEndpoint, Route


@dataclass(frozen=True)
class ObservedEndpoints:
    """The endpoints of the instance, and what is needed to set up the desired endpoints and to delete others."""

    endpoints: Mapping[str, FoundEndpoint] = field(default_factory=dict)
    """By lower-cased name."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """Why a destination doesn't exist or can't be reached, by the name of the desired endpoint."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """The authorization rules whose keys are used, by the names of desired endpoints; "" where none may send."""
    is_instance_marked: bool = False
    """The instance has this tool's tag; read only when an endpoint could be adopted."""
    routes: Mapping[str, Route] = field(default_factory=dict)
    """By name; read only when an endpoint is to be deleted. Where they can't be read, Azure refuses the deletion."""

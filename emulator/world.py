"""One embedded Azure: store, clock, keys and addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.lag import Lag
from emulator.store import Store

if TYPE_CHECKING:
    from emulator.limits import Limits
    from emulator.tokens import TokenAuthority


@dataclass
class World:
    """What handlers use. Handlers are plain functions; a request is one transaction of `store`."""

    store: Store
    lag: Lag
    tokens: TokenAuthority
    data: Path
    """The data folder."""
    arm_endpoint: str
    """The custom cloud's one origin, without a trailing slash."""
    limits: Limits | None = None
    """Resource Manager's limits on requests; None where it has none."""
    fronts: dict[str, int] = field(default_factory=dict)
    """Hosts that other programs play, by their name: the loopback port where each speaks TLS."""

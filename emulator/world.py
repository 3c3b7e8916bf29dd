"""One embedded Azure: its memory, its sense of time, its keys and the addresses it answers at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.lag import Lag
from emulator.store import Store

if TYPE_CHECKING:
    from emulator.tokens import TokenAuthority


@dataclass
class World:
    """What a handler may use. Handlers are plain functions: one request is one transaction of `store`."""

    store: Store
    lag: Lag
    tokens: TokenAuthority
    data: Path
    """The data folder."""
    arm_endpoint: str
    """The custom cloud's one origin, without a trailing slash."""

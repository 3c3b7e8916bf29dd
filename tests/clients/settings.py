"""Where the clients are installed, and what they meet."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.world import ROOT

HOME = Path(os.environ.get("ADT_CLIENTS") or ROOT / ".clients")
"""Where the clients are installed; git ignores it."""
REQUIREMENTS = Path(__file__).parent / "requirements"
LATENCY = "azure:0.001"
"""Azure's timing, a thousand times as fast: in its order, and over before a client asks again."""

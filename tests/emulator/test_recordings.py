"""The embedded Azure held against recorded answers of the real one: it is asked the same, and may not answer otherwise.

Where it does on purpose, or can't be asked, `recordings.toml` says so, with the reason.
"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.conftest import SHARED
from tests.support.recordings import differences, load
from tests.support.replay import GROUPS, Replay
from tests.support.world import ARM, Emulator

LISTED: dict[str, str] = tomllib.loads((Path(__file__).parent / "recordings.toml").read_text(encoding="utf-8"))[
    "differs"
]
"""The reason of each difference: `RECORDING: WHERE`, with `*` for any text."""

pytestmark = pytest.mark.skipif(not (SHARED / "real").is_dir(), reason="there are no recorded answers")


class _Asked(Emulator):
    """What was recorded was asked with older api-versions than the published contracts' are."""

    contracts = None

    def token(self, audience: str = ARM, name: str = "owner") -> str:
        self.known = getattr(self, "known", {})
        if (audience, name) not in self.known:
            self.known[audience, name] = super().token(audience, name)
        return str(self.known[audience, name])


def test_it_answers_as_recorded(tmp_path: Path) -> None:
    recordings = load(SHARED)
    with _Asked(tmp_path / "azure") as azure:
        replay = Replay(azure, recordings)
        for play in GROUPS.values():
            play(replay)
    asked = {name: differences(recordings[name], answer) for name, answer in replay.answers.items()}
    unasked = sorted(recordings.keys() - asked.keys())
    found = [f"{name}: {where}" for name, places in asked.items() for where in places]
    matched = {line: [pattern for pattern in LISTED if fnmatchcase(line, pattern)] for line in found}
    needless = [pattern for pattern in LISTED if not any(pattern in patterns for patterns in matched.values())]
    assert not unasked, unasked
    assert not [line for line, patterns in matched.items() if not patterns], "\n".join(
        line for line, patterns in matched.items() if not patterns
    )
    assert not needless, f"listed, and no longer different: {needless}"
    assert all(reason.strip() for reason in LISTED.values())

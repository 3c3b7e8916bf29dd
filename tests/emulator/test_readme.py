"""What emulator/README.md says is so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from emulator.lag import AZURE_TABLE, COUNTED
from tests.support.world import ROOT, Emulator

README = ROOT / "emulator/README.md"


def test_the_latency_table_is_the_one_in_force() -> None:
    text = README.read_text(encoding="utf-8").partition("<!-- latency: begin -->")[2]
    rows = re.findall(
        r"^\| `(\w+)` \| ([\d.]+) s \| (\d*) ?\|", text.partition("<!-- latency: end -->")[0], re.MULTILINE
    )
    assert {name: float(seconds) for name, seconds, _ in rows} == AZURE_TABLE
    assert {name: int(count) for name, _, count in rows if count} == COUNTED


def test_what_it_shows_works(azure: Emulator, tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    program = text.partition("```python\n")[2].partition("```")[0]
    promised = re.search(r"prints `(.+)`:", text)
    assert promised
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=azure.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == promised[1], done.stderr
    keys = re.findall(r"^\| (`.+?) \|", text.partition("Its keys:")[2].partition("**Under")[0], re.MULTILINE)
    assert {key for cell in keys for key in re.findall(r"`(\w+)`", cell)} == set(azure.ready)
    azure.faults(*json.loads(text.partition("```json\n")[2].partition("```")[0]))

"""What emulator/README.md says is so."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from emulator.lag import AZURE_TABLE, COUNTED
from tests.support.world import ROOT, Emulator

README = ROOT / "emulator/README.md"
IN_TESTS = ROOT / "docs/emulator-in-tests.md"


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


def block(language: str) -> str:
    """Return what the page on test suites has people copy."""
    return IN_TESTS.read_text(encoding="utf-8").partition(f"```{language}\n")[2].partition("```")[0]


def run_as_it_stands(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        env={**os.environ, "PATH": path, "DEPLOY_PY": str(ROOT / "deploy.py"), "TMPDIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_another_test_suite_starts_it_and_throws_it_away(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(block("python"), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        str(tmp_path / "temporary"),
    ]
    done = run_as_it_stands([*command, "test_mine.py"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_shell_starts_it_and_throws_it_away(tmp_path: Path) -> None:
    done = run_as_it_stands(["bash", "-euo", "pipefail", "-c", block("bash")], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []

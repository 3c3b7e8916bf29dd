"""The rules of the house that a machine can hold."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.lag import AZURE_TABLE, COUNTED
from steps import STEPS
from tests.world import Emulator

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("cli", "steps", "state", "cloud", "emulator", "bench", "tests")
MODULES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
KNOWS_THE_EMULATOR = {ROOT / "cli/local.py", ROOT / "cli/main.py"}


def test_modules_are_short() -> None:
    lengths = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in MODULES}
    assert not {file: length for file, length in lengths.items() if length > 300}


def test_steps_are_numbered_in_order_and_need_only_what_comes_before() -> None:
    seen: list[str] = []
    numbers = [step.number for step in STEPS]
    assert numbers[:4] == [1, 2, 3, 4]
    assert numbers[4:-1] == sorted(set(numbers) - {1, 2, 3, 4, 5})
    assert [step.number for step in STEPS if step.last] == numbers[-1:] == [5]
    for step in STEPS:
        assert step.observe.__module__ == f"steps.step_{step.number:02}_{step.key}"
        assert set(step.needs) <= set(seen)
        seen.append(step.key)


@pytest.mark.parametrize("file", sorted((ROOT / "steps").glob("step_*.py")), ids=lambda file: file.stem)
def test_a_step_keeps_to_itself(file: Path) -> None:
    names = {node.module for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)}
    assert not [name for name in names if name and re.match(r"steps\.step_|cli|state|emulator", name)]
    assert not re.search(r"\b(print|input|open)\(|os\.environ|sys\.argv|sleep\(", file.read_text())


def test_only_the_emulator_and_its_launcher_know_of_it() -> None:
    others = [file for file in MODULES if file.relative_to(ROOT).parts[0] in ("cli", "steps", "state", "cloud")]
    others = [file for file in [*others, ROOT / "deploy.py"] if file not in KNOWS_THE_EMULATOR]
    for file in others:
        text = file.read_text()
        assert "emulator" not in text, file
        # A reply URL on the loopback address is Entra's own rule for public clients.
        assert "127.0.0.1" not in text or file.name == "names.py", file
    for file in [*others, *KNOWS_THE_EMULATOR]:
        assert not re.search(r"verify\s*=\s*False|CERT_NONE|check_hostname|_create_unverified", file.read_text()), file


@pytest.mark.parametrize("command", [["--help"], ["plan", "--help"], ["status"], ["outputs"]])
def test_offline_commands_import_no_sdk(command: list[str], tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from cli.main import main; main(sys.argv[1:]);"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'azure', 'msgraph', 'aiohttp', 'httpx', 'msal'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), *command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout


def test_requirements_are_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
        assert all(re.match(r"[A-Za-z0-9._-]+==\d", line) for line in lines)


def test_the_latency_table_in_the_docs_is_the_one_in_force() -> None:
    text = (ROOT / "docs/emulator.md").read_text().partition("<!-- latency: begin -->")[2]
    rows = re.findall(
        r"^\| `(\w+)` \| ([\d.]+) s \| (\d*) ?\|", text.partition("<!-- latency: end -->")[0], re.MULTILINE
    )
    assert {name: float(seconds) for name, seconds, _ in rows} == AZURE_TABLE
    assert {name: int(count) for name, _, count in rows if count} == COUNTED


def test_what_the_docs_show_works(azure: Emulator, tmp_path: Path) -> None:
    text = (ROOT / "docs/emulator.md").read_text()
    program = text.partition("```python\n")[2].partition("```")[0]
    promised = re.search(r"prints `(.+)`:", text)
    assert promised
    done = subprocess.run(
        [sys.executable, "-c", program], env=azure.env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == promised[1], done.stderr
    keys = re.findall(r"^\| (`.+?) \|", text.partition("Its keys:")[2].partition("**Under")[0], re.MULTILINE)
    assert {key for cell in keys for key in re.findall(r"`(\w+)`", cell)} == set(azure.ready)
    azure.faults(*json.loads(text.partition("```json\n")[2].partition("```")[0]))

"""The rules of the house that a machine can hold."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from steps import STEPS

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("engine", "cli", "steps", "state", "cloud", "emulator", "bench", "tests")
MODULES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
KNOWS_THE_EMULATOR = {ROOT / "cli/local.py"}


def test_modules_are_short() -> None:
    lengths = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in MODULES}
    assert not {file: length for file, length in lengths.items() if length > 300}


def test_steps_are_numbered_in_order_and_need_only_what_comes_before() -> None:
    seen: list[str] = []
    numbers = [step.number for step in STEPS]
    assert numbers[:4] == [1, 2, 3, 4]
    assert sorted(numbers) == list(range(1, len(STEPS) + 1))
    assert [step.number for step in STEPS if step.last] == numbers[-1:] == [5]
    for step in STEPS:
        assert type(step).__module__ == f"steps.step_{step.number:02}_{step.key}.step"
        assert {*step.needs, *step.after} <= set(seen)
        seen.append(step.key)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "steps").rglob("*.py")), ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_a_step_keeps_to_itself(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    local = file.stem.startswith("secret_files")  # what reads and writes files is a module of its own
    assert not re.search(r"\b(print|input)\(|os\.environ|sys\.argv|sleep\(", text)
    assert local or not re.search(r"\bopen\(", text)


def test_only_the_emulator_and_its_launcher_know_of_it() -> None:
    others = [file for file in MODULES if file.relative_to(ROOT).parts[0] in ("cli", "steps", "state", "cloud")]
    others = [file for file in [*others, ROOT / "deploy.py"] if file not in KNOWS_THE_EMULATOR]
    for file in others:
        text = file.read_text()
        assert "emulator" not in text, file
        # A reply URL on the loopback address is Entra's own rule for public clients.
        assert "127.0.0.1" not in text or file.name == "validation.py", file
    for file in [*others, *KNOWS_THE_EMULATOR]:
        assert not re.search(r"verify\s*=\s*False|CERT_NONE|check_hostname|_create_unverified", file.read_text()), file


@pytest.mark.parametrize("command", [["--help"], ["plan", "--help"], ["status"], ["outputs"]])
def test_offline_commands_import_no_sdk(command: list[str], tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from cli.main import main; main(sys.argv[1:]);"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'azure', 'msgraph', 'aiohttp', 'httpx', 'msal'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout


def test_requirements_are_pinned() -> None:
    rooms = (file for room in ("bench", "tests") for file in (ROOT / room).rglob("requirements.txt"))
    for file in (ROOT / "requirements.txt", *rooms):
        lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
        assert all(re.match(r"[A-Za-z0-9._-]+==\d", line) for line in lines)

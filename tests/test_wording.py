"""Plain English: sentences and names that were replaced don't come back. Keys of files and of JSON are exempt."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

SENTENCES = (
    "as nothing may be asked here",
    "Nothing may be asked here",
    "nothing is deleted unasked",
    "is of the deployment in",
    "what may be this tool's",
    "recorded as made here",
    "Everything is as it was chosen",
    "differ from what was chosen",
    "differs from what was chosen",
    "consent is looked at once",
    "let the tenant know Digital Twins",
    "correct application",
    "mark it as ours",
    "Older client secrets go on working",
    "which nobody learned",
    "which is over",
    "somebody else's, and are kept",
    "needs somebody else",
    "Somebody who may",
    "by hand",
    "who is signed in",
    "Handed off, and done meanwhile",
    "Take every default and confirm",
    "Leave the app registration out",
    "Give endpoints with a key the present one",
    "Break what depends on an identity that is taken away",
    "To go on from here",
    "To set it right",
    "Events can't be sent there",
    "What a registration should say",
    "ours as it is wished for",
    "Where a wish is None",
    "A wish that is empty",
    "What the change that was cut short was to make",
    "Return what is told when a question comes up",
    "What an endpoint of an instance is made of",
    "What names stand for in this cloud",
)
"""What people read, and docstrings. Compared without regard to case and line breaks."""

MODULES = (
    "cloud/persistence.py", "cloud/names.py", "cloud/endpoints.py", "cloud/endpoint_operations.py",
    "cloud/event_endpoints.py", "cloud/directory.py", "cli/gather.py", "cli/settle.py", "cli/wishes.py",
    "cli/called.py", "cli/documents.py", "cli/imported.py", "cli/reference.py", "emulator/graph/answers.py",
    "emulator/graph/query.py",
    "emulator/graph/shapes.py", "emulator/graph/holders.py", "emulator/graph/rules.py", "emulator/arm/documents.py",
    "emulator/arm/entities.py", "steps/credentials.py",
)  # fmt: skip
NAMES = frozenset(
    ("Patience", "Persistence", "Sanity", "FreshToken", "found", "doing", "making", "begun", "Known", "Manner",
     "Memory", "Look", "Lack", "At", "Parts", "held", "makes", "unmakes", "undone", "unrecorded")
)  # fmt: skip
"""Names of modules' classes, functions, and classes' attributes."""


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file() and path != Path(__file__)]


READ = [*tracked("*.py"), *tracked("*.md"), *tracked("*.toml"), *tracked("*.json")]


@cache
def words(file: Path) -> str:
    """A file's text on one line, with the pieces of strings that continue on the next line joined."""
    text = re.sub(r'"\s*\n\s*f?"', "", file.read_text(encoding="utf-8"))
    return re.sub(r"[\s#]+", " ", text).lower()


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_that_was_replaced_occurs_nowhere(sentence: str) -> None:
    assert not [str(file.relative_to(ROOT)) for file in READ if sentence.lower() in words(file)]


def test_modules_that_were_renamed_are_gone() -> None:
    assert not [module for module in MODULES if (ROOT / module).exists()]


def defined(file: Path) -> set[str]:
    """The classes and functions of a module, and what classes define or declare."""
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    names.add(inner.name)
                elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                    names.add(inner.target.id)
    return names


def test_names_that_were_replaced_are_defined_nowhere() -> None:
    rooms = [file for room in ("engine", "steps", "cloud", "state", "cli") for file in tracked(f"{room}/*.py")]
    assert not {str(file.relative_to(ROOT)): wrong for file in rooms if (wrong := defined(file) & NAMES)}

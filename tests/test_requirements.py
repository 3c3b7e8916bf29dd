"""What is pinned is enough: for what the product imports, and for what that brings."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("cli", "cloud", "emulator", "engine", "state", "steps")


def pinned() -> dict[str, str]:
    """The pins of requirements.txt: versions by names."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)$", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    return {canonicalize_name(name): version for name, version in found}


def imports(file: Path) -> Iterator[str]:
    """The modules that a file names in its imports, relative ones aside."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)


def test_what_the_product_imports_is_pinned() -> None:
    named = {name for room in ROOMS for file in (ROOT / room).rglob("*.py") for name in imports(file)}
    foreign = {name for name in named if name.partition(".")[0] not in {*ROOMS, *sys.stdlib_module_names}}
    brought = {str(file) for name in pinned() for file in metadata.files(name) or ()}
    assert foreign
    places = {name: name.replace(".", "/") for name in foreign}
    assert not {name for name, place in places.items() if not {f"{place}.py", f"{place}/__init__.py"} & brought}


def test_what_is_pinned_brings_nothing_unpinned() -> None:
    """Else a later release of that would come with the next installation."""
    pins = pinned()
    unpinned = {
        f"{requirement.name}, for {name}"
        for name in pins
        for line in metadata.requires(name) or ()
        if (requirement := Requirement(line)).marker is None or requirement.marker.evaluate({"extra": ""})
        if canonicalize_name(requirement.name) not in pins
    }
    assert not unpinned

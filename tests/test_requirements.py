"""What is pinned is enough: for what the product imports, and for what that brings."""

from __future__ import annotations

import ast
import re
import sys
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.imports import imports
from tests.support.world import ROOT

ROOMS = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"bench", "tests"}


def pinned() -> set[str]:
    """The names that requirements.txt pins."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return {canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==\S+$", text, re.M)}


def test_what_the_product_imports_is_pinned() -> None:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    named = {name for file in files for name in imports(ast.parse(file.read_text(encoding="utf-8")))}
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

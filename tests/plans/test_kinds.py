"""The kinds of what steps can own, as they stand in state files."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from engine.record import Kind

STEPS = Path(__file__).resolve().parents[2] / "steps"
FILES = [*STEPS.glob("step_*/*.py"), *STEPS.glob("shared/*.py")]
PURE = [".".join(("steps", file.parent.name, file.stem)) for file in FILES if not file.stem.startswith("azure")]


def declared() -> list[Kind]:
    """Every kind that a step or a shared module declares, each once."""
    found = [
        value
        for name in sorted(PURE)
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, Kind)
    ]
    return list({id(kind): kind for kind in found}.values())


def test_each_kind_is_declared_once_under_a_name_of_its_own() -> None:
    names = [kind.name for kind in declared()]
    assert "role-assignment" in names
    assert len(names) == len(set(names)), sorted(names)


def test_names_can_be_told_from_parts() -> None:
    assert not [kind.name for kind in declared() if not re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.name)]


def test_what_is_in_the_instance_is_deleted_with_it() -> None:
    """`destroy` of the instance leaves nothing recorded of these, and deletes everything else by itself."""
    assert {kind.name for kind in declared() if kind.in_instance} == {"endpoint", "route", "sends", "model"}


def test_settings_are_not_counted_as_created() -> None:
    of_tags = {"group-tag", "tag", "app-tag"}
    of_instance = {"identity-link", "system-identity", "sends"}
    of_application = {"permission", "notes", "reply-url", "deleted-application", "recycled", "before"}
    assert {kind.name for kind in declared() if kind.is_setting} == of_tags | of_instance | of_application

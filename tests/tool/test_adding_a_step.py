"""The outside proof of docs/adding-a-step.md: its example, added to a copy of the project as it says, works."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clones import Clone
from tests.support.documents import changes, outcomes
from tests.support.tool import START, Tool
from tests.support.world import ARM, ROOT, Emulator

PAGE = ROOT / "docs/adding-a-step.md"


class Extended(Tool):
    """deploy.py of a copy that has one step more."""

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.folder.parent / "copy/deploy.py"), *arguments]


def example() -> Iterator[tuple[str, str]]:
    """The files of the example with their contents."""
    text = PAGE.read_text(encoding="utf-8").partition("<!-- example: begin -->")[2]
    yield from re.findall(r"^`(steps/step_12_label/\w+\.py)`\n\n```python\n(.*?)```", text, re.MULTILINE | re.DOTALL)


def line() -> str:
    """The one line of the example that goes into steps/__init__.py."""
    found = re.search(r"In `steps/__init__\.py`.*?```text\n(.*?\n)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def extended(azure: Emulator, tmp_path: Path) -> Extended:
    copy = Clone.of_project(tmp_path / "copy", without=("bench", "docs", "emulator", "tests")).folder
    for name, content in example():
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(content, encoding="utf-8")
    steps = copy / "steps/__init__.py"
    text = steps.read_text(encoding="utf-8")
    assert text.count('    "step_05_consent_hints"') == 1
    steps.write_text(text.replace('    "step_05_consent_hints"', line() + '    "step_05_consent_hints"'))
    return Extended(azure, tmp_path / "work")


def label(azure: Emulator) -> str | None:
    (instance,) = azure.inventory()["digitalTwinsInstances"]
    tags: dict[str, str] = instance.get("tags") or {}
    return tags.get("label")


def set_by_another(azure: Emulator, value: str | None) -> None:
    """Somebody else sets the label, or deletes it."""
    (instance,) = azure.inventory()["digitalTwinsInstances"]
    tags = {"label": value or label(azure)}
    operation = {"operation": "Merge" if value else "Delete", "properties": {"tags": tags}}
    url = f"{ARM}{instance['id']}/providers/Microsoft.Resources/tags/default?api-version=2025-04-01"
    assert azure.https("PATCH", url, token=azure.token(), json=operation).status == 200


def test_the_example_is_whole() -> None:
    assert {Path(name).stem for name, _ in example()} == {"__init__", "inputs", "azure", "changes", "step"}
    assert line().count("\n") == 1


@pytest.mark.long
def test_a_step_that_was_added_is_planned_deployed_verified_and_destroyed(azure: Emulator, extended: Extended) -> None:
    flags = ("--no-app", "--label", "pilot", "--output", "json")
    planned = extended.run("plan", *START, *flags)
    assert planned.code == 0, planned.text
    assert changes(planned.document)["label"] == ["set-label"]
    done = extended.deploy(*flags)
    assert done.code == 0, done.text
    assert label(azure) == "pilot"
    assert done.document["values"]["label"] == "pilot"

    again = extended.run("--yes", *flags)
    assert outcomes(again.document)["label"] == "already done"
    checked = extended.run("verify", "--output", "json")
    assert checked.code == 0, checked.text
    drifted = extended.run("verify", "--label", "other", "--output", "json")
    assert [check["change"] for check in drifted.document["checks"] if check.get("step") == "label"] == ["set-label"]
    assert drifted.code == 5

    none = extended.run("--yes", "--label", "none", "--output", "json")
    assert none.code == 0, none.text
    assert label(azure) is None
    set_by_another(azure, "theirs")
    refused = extended.run("--yes", "--label", "pilot")
    assert refused.code == 2, refused.text
    assert label(azure) == "theirs"
    set_by_another(azure, None)
    assert extended.run("--yes", "--label", "pilot").code == 0
    set_by_another(azure, "changed")
    differing = extended.run("verify", "--output", "json")
    assert [check["drift"] for check in differing.document["checks"] if check.get("step") == "label"] == ["differs"]
    removed = extended.run("destroy", "--yes", "--output", "json")
    assert removed.code == 0, removed.text
    assert not azure.inventory().get("digitalTwinsInstances")
    assert {key: step["made"] for key, step in extended.state["steps"].items() if step["made"]} == {}

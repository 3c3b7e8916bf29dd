"""What the documents of `--output json` say, by their keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.support.tool import Tool


def outcomes(document: Any) -> dict[str, str]:
    """The outcome of each step of a run."""
    return {step["step"]: step["outcome"] for step in document["steps"]}


def changes(document: Any) -> dict[str, list[str]]:
    """The keys of the changes of each step of a plan that has some."""
    return {step["step"]: [one["change"] for one in step["changes"]] for step in document["steps"] if step["changes"]}


def planned(tool: Tool, *arguments: str) -> dict[str, list[str]]:
    """The keys of the changes that a plan has, by step."""
    done = tool.run("plan", *arguments, "--output", "json")
    assert done.code == 0, done.text
    return changes(done.document)


def notes(document: Any, step: str) -> list[str]:
    """The notes on a step."""
    (found,) = [one["notes"] for one in document["steps"] if one["step"] == step]
    return list(found)


def titles(document: Any, step: str) -> list[list[str]]:
    """The words of the title of each change of a step, for what they name."""
    (found,) = [one["changes"] for one in document["steps"] if one["step"] == step]
    return [(one["title"] if isinstance(one, dict) else one).split() for one in found]


def names(texts: Iterable[str], *facts: str) -> bool:
    """Whether one of the texts names all of these facts: values that the tool has from elsewhere, not its words."""
    return any(all(fact in text for fact in facts) for text in texts)


def errors(document: Any) -> list[dict[str, Any]]:
    """The errors of a run or a plan, those of its steps too."""
    holders = [document, *document.get("steps", ()), *document.get("checks", ())]
    return [holder["error"] for holder in holders if holder.get("error")]

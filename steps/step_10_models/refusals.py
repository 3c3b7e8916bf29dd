"""What is refused about models, by their files and lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from engine.refusal import BadInput, Refusal, Unchangeable
from steps.step_10_models.models import FoundModel, Model

MOST_TOLD = 10
_ID = re.compile(r"dtmi:\w+(?::\w+)*(?:;\d+(?:\.\d+)?)?")


def refuse_changed(models: Iterable[Model], found: Mapping[str, FoundModel]) -> None:
    """Raise Unchangeable for models that are in the instance with another content: models never change."""
    changed = [model for model in models if model.id in found and found[model.id].digest != model.digest]
    if changed:
        raise Unchangeable(
            f"{_count(changed)} in the instance with another content, and a model never changes.",
            "Give each a new version in its @id, as ;2 for ;1, or take back what was changed in the file.",
            why=_told(f"{model.where}: {model.id}" for model in changed),
        )


def refuse_unknown(models: Iterable[Model], known: Iterable[str]) -> None:
    """Raise BadInput for models that need what is neither in the files nor in the instance."""
    every = frozenset(known)
    lacking = [(model, sorted(model.needs - every)) for model in models if not model.needs <= every]
    if lacking:
        raise BadInput(
            "Models need others that are neither in the files nor in the instance.",
            "Correct what they extend or contain, or name the files of the others with --models too.",
            why=_told(f"{model.where}: {model.id} needs {', '.join(others)}" for model, others in lacking),
        )


def about(refusal: Refusal, message: str, models: Sequence[Model]) -> Refusal:
    """Return the refusal of an upload with the files and lines of the models that the service's message is about.

    Elements within a model have ids that begin with the model's: `dtmi:a:b:_contents:__c;1`. Where a model can't be
    resolved, it is about those that need it.
    """
    named = {re.sub(r":_\w*(?::\w+)*", "", found) for found in _ID.findall(message)}
    places = [model for model in models if model.id in named] or [model for model in models if model.needs & named]
    if places:
        refusal.why += "\n" + _told(f"{model.where}: {model.id}" for model in places)
    refusal.next = "Correct the models and run the same command again. What was uploaded before is left as it is."
    refusal.exit_code = 2
    return refusal


def _count(models: Sequence[Model]) -> str:
    return "A model is" if len(models) == 1 else f"{len(models)} models are"


def _told(lines: Iterable[str]) -> str:
    every = list(lines)
    more = [f"and {len(every) - MOST_TOLD} more"] if len(every) > MOST_TOLD else []
    return "\n".join([*every[:MOST_TOLD], *more])

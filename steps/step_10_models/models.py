"""Models in the Digital Twins Definition Language: what they need, and the order that follows from it. Pure.

Sources: "Manage models" in the Digital Twins documentation (a model depends on those that it extends and on its
components, and can't be deleted before its dependents), and its page of service limits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from engine.record import Kind
from engine.refusal import BadInput

MODEL = Kind("model", 2, shown=False, in_instance=True)
"""A model that this tool uploaded: the digest of its content, and its id. Models carry no mark: it is ours while its
content is what was uploaded."""
MOST = 250
"""Models in a request. Source: "Number of models that can be imported in a single API call", service limits."""

Needs = Mapping[str, frozenset[str]]
"""What models need, by their ids."""


@dataclass(frozen=True)
class Model:
    """A model in a file."""

    id: str
    content: Mapping[str, object]
    file: str = ""
    line: int = 0
    """Where its id is; 0 where that isn't known."""
    digest: str = field(init=False)
    """What tells its content from others."""
    needs: frozenset[str] = field(init=False)
    """The ids of the models that it needs."""
    body: bytes = field(init=False)
    """Its content, as it is sent."""

    def __post_init__(self) -> None:
        """Read the content once: of thousands that takes long, and no request waits while files are read."""
        object.__setattr__(self, "body", json.dumps(self.content, ensure_ascii=False).encode())
        object.__setattr__(self, "digest", digest_of(self.content))
        object.__setattr__(self, "needs", needs_of(self.content))

    @property
    def where(self) -> str:
        """Its file and line, in words."""
        return f"{self.file}, line {self.line}" if self.line else self.file

    @property
    def item(self) -> str:
        """It as it is recorded."""
        return MODEL.item(self.digest, self.id)


@dataclass(frozen=True)
class FoundModel:
    """A model in the instance."""

    digest: str
    needs: frozenset[str] = frozenset()


def digest_of(content: object) -> str:
    """Return what tells one JSON value from another: 16 hexadecimal digits.

    The order of names doesn't count, nor does how a number is written.
    """
    text = json.dumps(_plain(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def needs_of(content: Mapping[str, object]) -> frozenset[str]:
    """Return the ids of the models that a definition extends, and of those that are its components.

    The target of a relationship need not be there.
    """
    parts = [part for part in _listed(content.get("contents")) if isinstance(part, Mapping)]
    components = [part.get("schema") for part in parts if "Component" in _listed(part.get("@type"))]
    return frozenset(other for other in (*_listed(content.get("extends")), *components) if isinstance(other, str))


def _listed(value: object) -> list[object]:
    """Return a value of JSON-LD as a list: a single one may stand without brackets."""
    return value if isinstance(value, list) else [] if value is None else [value]


def levels(needs: Needs) -> Iterator[tuple[str, ...]]:
    """Yield the ids, level by level: each needs only what is in the levels before, or not among them.

    BadInput for models that need each other in a circle, which the language excludes.
    """
    sorter = TopologicalSorter({name: others & needs.keys() for name, others in needs.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " needs ".join(reversed(error.args[1]))
        raise BadInput(f"Models need each other in a circle: {circle}.", "Correct what they extend.") from None
    while sorter.is_active():
        ready = tuple(sorted(sorter.get_ready()))
        sorter.done(*ready)
        yield ready


def requests(models: Collection[Model]) -> list[tuple[Model, ...]]:
    """Return the models as they are uploaded: all that a model needs is in the same request or in one before.

    BadInput as `levels` raises it.
    """
    by_id = {model.id: model for model in models}
    ordered = [by_id[name] for level in levels({model.id: model.needs for model in models}) for name in level]
    return [tuple(ordered[start : start + MOST]) for start in range(0, len(ordered), MOST)]


def needed(candidates: Collection[str], used: Collection[str], needs: Needs) -> frozenset[str]:
    """Return the candidates for deletion that have to stay: used by twins, or needed by models that stay."""
    staying: set[str] = set()
    ahead = [*used, *(other for name, others in needs.items() if name not in candidates for other in others)]
    while ahead:
        current = ahead.pop()
        if current in candidates and current not in staying:
            staying.add(current)
            ahead += needs.get(current, ())
    return frozenset(staying)

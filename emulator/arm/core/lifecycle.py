"""The life cycle of Resource Manager's documents: created, changed and deleted over time, alone or with a parent.

Each kind of document declares one `Lifecycle`. A document is the resource's body; its `properties.provisioningState`
says what is being done with it. Work ends at the first read after its time is over (see `emulator.lag`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from emulator.arm.core import operations
from emulator.arm.core.errors import resource_not_found
from emulator.messages import Json, Refused, Request
from emulator.world import World

DECLARED: list[Lifecycle] = []
"""Every life cycle, in the order of declaration."""

_VERBS = {"Updating": "Patch", "Deleting": "Delete"}
"""What an operation is called by the state that it brings about; else Create."""

Completion = Callable[[World, Json], Json | None]
Removal = Callable[[World, Json], None]


def _unbreakable(body: Json) -> str | None:  # noqa: ARG001 - the default of `breaks_by`
    return None


@dataclass(eq=False)
class Lifecycle:
    """How documents of one kind begin, change, end and go with their parent."""

    kind: str
    """Their kind in the store, where each is kept under its id."""
    rows: Mapping[str, str]
    """The states that pass, and the row of the latency table that each takes."""
    busy_message: str = "Another operation is in progress on '{name}', its state is '{state}'."
    """The refusal of anything else while work is under way."""
    busy_code: str = "Conflict"
    operation_kind: str = ""
    """The kind of their operations in the store; `kind` unless given."""
    parent: Lifecycle | None = None
    """What they lie in: they are removed with it."""
    breaks_by: Callable[[Json], str | None] = _unbreakable
    """Returns the lag key of a document that is about to fail without any work on it, or None."""
    children: list[Lifecycle] = field(default_factory=list, init=False)
    _completion: Completion | None = field(default=None, init=False)
    _removals: list[Removal] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.operation_kind = self.operation_kind or self.kind
        operations.observe_with(self.operation_kind, self._observe)
        DECLARED.append(self)
        if self.parent:
            self.parent.children.append(self)

    def when_done(self, complete: Completion) -> Completion:
        """Register what completes a document when its work is over and returns the error of a failure, or None."""
        self._completion = complete
        return complete

    def when_removed(self, remove: Removal) -> Removal:
        """Register a function to call after a document and its children were removed."""
        self._removals.append(remove)
        return remove

    def find(self, world: World, identifier: str, *, observe: bool = False) -> Json | None:
        """Return the document as it is now, or None; `observe` counts as one observation of work under way."""
        body = world.store.get(self.kind, identifier)
        return body and self._settled(world, body, observe=observe)

    def existing(self, world: World, group: Json, kind: str, name: str, *, observe: bool = True) -> Json:
        """Return the resource of a type in a group as it is now; refuse (404) an unknown one."""
        found = self.find(world, f"{group['id']}/providers/{kind}/{name}", observe=observe)
        if found is None:
            raise resource_not_found(kind, name, group["name"])
        return found

    def under(self, world: World, scope: str, *, observe: bool = False) -> list[Json]:
        """Return the documents below a scope as they are now; "" is the scope of all."""
        prefix = f"{scope}/" if scope else ""
        bodies = [body for _, body in world.store.list(self.kind, prefix)]
        return [settled for body in bodies if (settled := self._settled(world, body, observe=observe))]

    def put(self, world: World, body: Json) -> None:
        """Store the document as it is."""
        world.store.put(self.kind, body["id"], body)

    def begin(self, world: World, body: Json, state: str, *, location: str = "") -> None:
        """Begin the work that `state` stands for; store the document. `location`: for one that has none itself.

        Work that was under way is over with it.
        """
        operations.finish(world, body.get("_operation"))
        body["properties"]["provisioningState"] = state
        location = location or body.get("location", "")
        verb = _VERBS.get(state, "Create")
        body["_operation"] = operations.start(world, self.operation_kind, body["id"], location, verb)
        world.lag.begin(self.lag_key(body), self.rows[state])
        self.put(world, body)

    def poll(self, world: World, request: Request, body: Json) -> dict[str, str]:
        """Return the headers that name where to ask about the work under way, and where its result will be."""
        return operations.polled(world, request, body["_operation"])

    def locate(self, world: World, request: Request, body: Json) -> dict[str, str]:
        """Return the headers that name where the result of the work will be (`Location`)."""
        return operations.result_located(world, request, body["_operation"])

    def lag_key(self, body: Json) -> str:
        """Return the key under which work on the document is timed or counted."""
        return operations.lag_key(self.operation_kind, body["id"])

    def is_busy(self, body: Json) -> bool:
        """Whether work on the document is under way."""
        return state_of(body) in self.rows

    def refuse_busy(self, body: Json) -> None:
        """Refuse (409) anything else while work on the document is under way."""
        if self.is_busy(body):
            message = self.busy_message.format(name=body["name"], state=state_of(body))
            raise Refused(409, self.busy_code, message)

    def remove(self, world: World, body: Json) -> None:
        """Remove the document with all that lies in it, and end its work."""
        world.lag.end(self.lag_key(body))
        world.store.delete(self.kind, body["id"])
        for child in self.children:
            child.remove_under(world, body["id"])
        for remove in self._removals:
            remove(world, body)
        operations.finish(world, body.get("_operation"))

    def remove_under(self, world: World, scope: str) -> None:
        """Remove every document below a scope, whatever its state."""
        for _, body in world.store.list(self.kind, f"{scope}/"):
            self.remove(world, body)

    def _observe(self, world: World, target: str) -> Json | None:
        return self.find(world, target, observe=True)

    def _settled(self, world: World, body: Json, *, observe: bool) -> Json | None:
        """Return the document in the state that it has reached by now; None if its deletion is over."""
        key = self.lag_key(body) if self.is_busy(body) else self.breaks_by(body)
        if key is None or (world.lag.pending(key) if observe else world.lag.active(key)):
            return body
        if is_deleting(body):
            self.remove(world, body)
            return None
        world.lag.end(key)
        error = self._completion(world, body) if self._completion else None
        body["properties"]["provisioningState"] = "Failed" if error else "Succeeded"
        operations.finish(world, body.pop("_operation", None), error)
        self.put(world, body)
        return body


def state_of(body: Json) -> str:
    """Return the provisioning state; "" for what has none."""
    return str(body.get("properties", {}).get("provisioningState", ""))


def is_deleting(body: Json) -> bool:
    """Whether the document is being deleted."""
    return state_of(body) == "Deleting"


def provisioning_failed(message: str) -> Json:
    """Return the error with which an operation ends `Failed`."""
    return {"code": "ProvisioningFailed", "message": message}

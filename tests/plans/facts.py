"""What most plans start from."""

from __future__ import annotations

from cloud.identifiers import Principal
from engine.context import Target
from engine.input import FROM_STATE, Given, Value
from engine.record import Record
from engine.step import Plan
from steps.shared.event_routing import ENDPOINT, ROUTE, SENDS_TO
from steps.shared.names import Names

TARGET = Target(
    tenant="7a1f0000-0000-0000-0000-000000000000",
    subscription="5b000000-0000-0000-0000-000000000000",
    resource_group="twins",
    location="westus2",
    instance="factory",
    login="https://login.example",
    graph="https://graph.example",
    portal="https://portal.example",
)
ADA = Principal("ada00000-0000-0000-0000-000000000000", "User", "ada@contoso.com")
BOB = Principal("b0b00000-0000-0000-0000-000000000000", "User", "bob@contoso.com")
NAMES = Names(signed_in=ADA, principals={"bob@contoso.com": BOB})
NOTHING_RECORDED = Record()


def given(source: str = "--flag", /, **values: Value) -> dict[str, Given]:
    """Inputs by name, all from one source."""
    return {name: Given(value, source) for name, value in values.items()}


def remembered(**values: Value) -> dict[str, Given]:
    """Inputs that come from the state file."""
    return given(FROM_STATE, **values)


def record(
    *owned: str, pending: tuple[str, ...] = (), in_progress: str = "", by_others: tuple[str, ...] = ()
) -> Record:
    """A step's record; `by_others` is what other steps own."""
    every = frozenset((*owned, *by_others))
    inside = frozenset(item for kind in (ENDPOINT, SENDS_TO, ROUTE) for item in kind.among(every))
    return Record(frozenset(owned), every, frozenset(pending), in_progress, owned_in_instance=inside)


def keys(plan: Plan) -> list[str]:
    """The keys of the planned changes, in order."""
    return [change.key for change in plan.changes]

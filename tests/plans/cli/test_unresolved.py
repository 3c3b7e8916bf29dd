"""Names that stand for nothing are told all at once, each with the setting that it comes from."""

from __future__ import annotations

import pytest

from cli.unresolved import refuse, sources_of
from engine.input import Given, Lookup, told
from engine.refusal import BadInput, Refusal
from steps import STEPS
from tests.plans.facts import ADA, TARGET, given

BOB, ROLE = ("principal", "bob"), ("role", "Twin Ower")
SOURCES = {BOB: ["owner (from --owner)", "assignee (from ADT_ASSIGNEE)"], ROLE: ["role (from settings.toml)"]}


def nobody(name: str) -> BadInput:
    return BadInput(f"Nobody called {name}.", f"Look for {name}.", why="A name is needed.")


def test_all_of_them_at_once() -> None:
    with pytest.raises(Refusal) as caught:
        refuse([(BOB, nobody("bob")), (("principal", "ada"), ADA), (ROLE, nobody("Twin Ower"))], SOURCES)
    refusal = caught.value
    assert refusal.exit_code == 2
    for named in ("--owner", "ADT_ASSIGNEE", "settings.toml", "Nobody called bob", "Nobody called Twin Ower"):
        assert named in refusal.what
    assert (refusal.why, refusal.next) == ("A name is needed.", "Look for bob.\nLook for Twin Ower.")


def test_one_alone_and_none() -> None:
    refuse([(BOB, ADA)], SOURCES)
    with pytest.raises(Refusal) as caught:
        refuse([(BOB, nobody("bob"))], {})
    assert caught.value.what == "Nobody called bob."


def test_what_failed_otherwise_comes_first() -> None:
    for error in (Refusal("No answer."), ConnectionError("cut")):
        with pytest.raises(type(error)) as caught:
            refuse([(BOB, nobody("bob")), (ROLE, error)], SOURCES)
        assert caught.value is error


def test_every_lookup_says_where_it_comes_from() -> None:
    endpoint = {"name": "a", "type": "eventhub", "destination": "n/h", "role": "Mine"}
    inputs = given(assignee="bob", owner=["bob", "eve"], role="Mine", endpoint=[endpoint])
    inputs |= {"owner": Given(["bob", "eve"], "settings.toml")}
    found = sources_of(lookup for step in STEPS for lookup in step.lookups(inputs, TARGET))
    assert {key: len(sources) for key, sources in found.items() if all(sources)} == {
        ("principal", "bob"): 2,
        ("principal", "eve"): 1,
        ("role", "Mine"): 2,
    }
    assert found["principal", "eve"] == ["owner (from settings.toml)"]
    assert sources_of([Lookup("role", "x")]) == {("role", "x"): []}
    assert told({}, "role") == "role"

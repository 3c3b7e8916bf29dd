"""What of settling inputs needs no request: answers, and what the state file remembers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, cast

import pytest

from cli.asking import Questions
from cli.name_cache import NameCache
from cli.resolve import PromptPolicy, Resolved, remember
from cloud.signin import SignedIn
from engine.input import FROM_STATE, Given, Lookup, Value
from state.document import Belonging, KnownPrincipal, KnownRole, StateDocument
from steps import STEPS
from tests.plans.facts import ADA, BOB, NAMES, TARGET, given

if TYPE_CHECKING:
    from cloud.clients import Azure

NO_CLIENTS = cast("Azure", None)
"""Nothing may be asked of it."""
WHO = SignedIn(ADA.object_id, TARGET.tenant, "User", ADA.label, "a test")


def document(**inputs: Value) -> StateDocument:
    belongs = Belonging(cloud="https://management.azure.com", tenant=TARGET.tenant, subscription=TARGET.subscription)
    known = KnownPrincipal(given=BOB.label, object_id=BOB.object_id, kind=BOB.kind, label=BOB.label)
    role = KnownRole(given="Twin Reader", name="Twin Reader", id="a-guid")
    return StateDocument(belongs_to=belongs, inputs=inputs, principals=[known], roles=[role])


def test_nothing_is_asked_with_yes_or_without_a_terminal() -> None:
    questions = cast(Questions, object())
    assert PromptPolicy(questions, defaults=False).asks is questions
    assert PromptPolicy(questions, defaults=True).asks is None
    assert PromptPolicy(None, defaults=False).asks is None


def test_answers_are_the_inputs_that_answer_plans() -> None:
    values = given(yes_break=True, adopt_app=False, no_app=True, location="westus2")
    resolved = Resolved(TARGET, values, NameCache(None))
    assert resolved.answers == {"yes_break": True, "adopt_app": False}
    assert resolved.desired == {}


def test_the_signed_in_identity_and_remembered_names_are_not_looked_up() -> None:
    lookups = [
        Lookup("principal", ADA.object_id.upper()),
        Lookup("principal", BOB.label, remembered=True),
        Lookup("principal", BOB.label, remembered=True),
        Lookup("role", "Twin Reader", TARGET.subscription_id, remembered=True),
    ]
    names = asyncio.run(NameCache(document()).resolve(NO_CLIENTS, lookups, WHO))
    assert names.signed_in == ADA
    assert names.principals == {ADA.object_id.upper(): ADA, BOB.label: BOB}
    assert [(key, role.name, role.id) for key, role in names.roles.items()] == [
        (("Twin Reader", TARGET.subscription_id), "Twin Reader", "a-guid")
    ]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("kind", "name"), [("principal", BOB.label), ("role", "Twin Reader")])
def test_a_name_given_anew_is_looked_up_even_where_another_input_remembers_it(
    kind: Literal["principal", "role"], name: str, order: int
) -> None:
    lookups = [Lookup(kind, name), Lookup(kind, name, remembered=True)][::order]
    with pytest.raises(AttributeError):  # it asks, and there are no clients
        asyncio.run(NameCache(document()).resolve(NO_CLIENTS, lookups, WHO))


def settle(inputs: dict[str, Given], before: StateDocument, answers: dict[str, bool]) -> None:
    names = NameCache(before)
    asyncio.run(names.resolve(NO_CLIENTS, [Lookup("principal", BOB.label, remembered=True)], WHO))
    desired = {step.key: step.desired(inputs, TARGET, NAMES) for step in STEPS}
    remember(before, Resolved(TARGET, inputs, names, desired), answers)


def test_the_state_file_remembers_what_was_settled() -> None:
    before = document(later_versions="kept", location="before", renew_keys=True)
    inputs = {**given(no_app=True, renew_keys=True), "role": Given("Azure Digital Twins Data Reader", FROM_STATE)}
    settle(inputs, before, {"adopt_app": True})
    kept = before.inputs
    assert (kept["later_versions"], kept["no_app"], kept["adopt_app"]) == ("kept", True, True)
    assert "renew_keys" not in kept
    assert (kept["role"], kept["assignee"]) == ("Azure Digital Twins Data Reader", ADA.object_id)
    places = ("subscription", "tenant", "resource_group", "location", "instance")
    assert [kept[name] for name in places] == [
        TARGET.subscription,
        TARGET.tenant,
        TARGET.resource_group,
        TARGET.location,
        TARGET.instance,
    ]


def test_the_default_assignee_is_remembered_by_name_too() -> None:
    before = document()
    settle(given(no_app=True), before, {})
    assert [(known.given, known.label) for known in before.principals] == [
        (ADA.object_id, ADA.label),
        (BOB.label, BOB.label),
    ]
    assert [role.given for role in before.roles] == ["Twin Reader"]


def test_the_region_that_is_remembered_is_the_instances() -> None:
    before = document(location="westus2")
    assert before.remembered()["location"] == "westus2"
    before.step("instance").values = {"location": "northeurope"}
    assert before.remembered()["location"] == "northeurope"


def test_a_principal_that_is_no_longer_used_is_forgotten() -> None:
    before = document(assignee="somebody")
    names = NameCache(before)
    asyncio.run(names.resolve(NO_CLIENTS, [], WHO))
    names.remember(before)
    assert before.principals == []

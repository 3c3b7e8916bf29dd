"""The plans of consent for the tenant."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from cloud.role_names import CONSENT, DIRECTORY
from engine.change import Drift, Right
from engine.context import Removal
from engine.input import Given
from engine.script import posix
from engine.step import NeedsYou, Plan
from steps.shared.digital_twins_api import DIGITAL_TWINS
from steps.step_05_consent_hints.inputs import INPUTS, DesiredConsent
from steps.step_05_consent_hints.observed import ObservedConsent
from steps.step_05_consent_hints.step import STEP
from tests.plans.applications import CLIENT
from tests.plans.facts import NAMES, NOTHING_RECORDED, TARGET, given, keys, record

NOT_GRANTED, GRANTED = ObservedConsent(), ObservedConsent(is_granted=True)
DESIRED = DesiredConsent(TARGET, reply_url="http://localhost")
GRANTING = replace(DESIRED, is_granted=True)
VALUES = {"client_id": CLIENT, "host_name": "factory.api.wus2.digitaltwins.azure.net"}
RIGHTS = (Right(CONSENT, DIRECTORY),)
CONSENT_COMMAND = f"az ad app permission grant --id {CLIENT} --api {DIGITAL_TWINS} --scope Read.Write"


def planned(
    observed: ObservedConsent,
    desired: DesiredConsent = DESIRED,
    *owned: str,
    values: dict[str, str] | None = None,
) -> Plan:
    recorded = record(*owned) if owned else NOTHING_RECORDED
    return STEP.plan(observed, desired, recorded, VALUES if values is None else values, {})


def removed(observed: ObservedConsent, *owned: str, by_others: tuple[str, ...] = ()) -> Plan:
    return STEP.remove(observed, DESIRED, record(*owned, by_others=by_others), VALUES, Removal())


def test_the_step() -> None:
    assert (STEP.number, STEP.key, STEP.needs, STEP.last) == (5, "consent_hints", ("app_registration",), True)
    assert [kind.name for kind in STEP.kinds] == ["consent"]
    (row,) = INPUTS
    assert (row.name, row.kind, row.group, row.kept, row.answers) == (
        *("grant_consent", "flag", "App registration"),
        *(True, False),
    )


@pytest.mark.parametrize(
    ("inputs", "desired"),
    [
        ({}, DESIRED),
        (given(grant_consent=True), GRANTING),
        (given(no_app=True), replace(DESIRED, left_out=True)),
        (given(reply_url=["https://a.example/"], web_reply_url=["https://b.example/"]), "https://a.example/"),
        (given(reply_url=[], web_reply_url=["https://b.example/"], spa_reply_url=["https://c.example/"]),
         "https://b.example/"),
        (given(reply_url=[], spa_reply_url=["https://c.example/"]), "https://c.example/"),
        (given(reply_url=[]), ""),
    ],
)  # fmt: skip
def test_the_desired_state(inputs: dict[str, Given], desired: DesiredConsent | str) -> None:
    expected = replace(DESIRED, reply_url=desired) if isinstance(desired, str) else desired
    assert STEP.desired(inputs, TARGET, NAMES) == expected
    assert STEP.settled(expected) == {}
    assert STEP.lookups(inputs, TARGET) == ()


def test_consent_is_granted_where_that_is_desired() -> None:
    (change,) = planned(NOT_GRANTED, GRANTING).changes
    assert (change.key, change.drift, change.detail) == ("grant-consent", Drift.MISSING, "")
    assert (change.owns, change.releases, change.rights) == (("consent",), (), RIGHTS)
    assert change.az() == CONSENT_COMMAND
    assert planned(NOT_GRANTED, GRANTING, values={}).changes[0].az().endswith(CONSENT_COMMAND.replace(CLIENT, '"$app"'))
    assert keys(planned(ObservedConsent(is_readable=False), GRANTING)) == ["grant-consent"]
    assert keys(planned(NOT_GRANTED, GRANTING, "consent")) == ["grant-consent"]


@pytest.mark.parametrize("values", [VALUES, {}])
def test_a_script_repeats_the_consent_until_the_directory_knows_both_service_principals(values: dict[str, str]) -> None:
    (change,) = planned(NOT_GRANTED, GRANTING, values=values).changes
    assert posix(change.commands(), is_script=True)[-1].startswith("patiently ")


def test_a_tenant_that_does_not_know_the_api_gets_its_service_principal_first() -> None:
    plan = planned(ObservedConsent(has_api=False), GRANTING)
    assert keys(plan) == ["create-digital-twins-principal", "grant-consent"]
    principal = plan.changes[0]
    assert (principal.drift, principal.owns, principal.releases, principal.rights) == (Drift.MISSING, (), (), ())
    assert f"servicePrincipals(appId='\"'\"'{DIGITAL_TWINS}'\"'\"')" in principal.az()
    assert "create-if-missing" in principal.az()  # it may exist by the time that somebody else runs it


def test_consent_that_is_no_longer_desired_is_revoked_where_it_is_ours() -> None:
    (change,) = planned(GRANTED, DESIRED, "consent").changes
    assert (change.key, change.drift, change.az()) == ("withdraw-consent", Drift.LEFT_OVER, "")
    assert (change.owns, change.releases, change.rights) == ((), ("consent",), RIGHTS)


def test_consent_that_an_administrator_gave_stays() -> None:
    plans = [planned(GRANTED), planned(GRANTED, GRANTING), planned(GRANTED, GRANTING, "consent")]
    assert [(plan.changes, plan.needs_you, plan.reason != "") for plan in plans] == [((), None, True)] * 3


def test_before_there_is_an_application_it_is_foreseen_that_somebody_has_to_consent_to_it() -> None:
    plan = planned(NOT_GRANTED, values={})
    assert (plan.changes, plan.skipped, plan.reason != "") == ((), False, True)
    assert plan.needs_you is not None
    assert (plan.needs_you.what != "", plan.needs_you.how) == (True, ())


def hints(observed: ObservedConsent, desired: DesiredConsent = DESIRED, **values: str) -> NeedsYou:
    plan = planned(observed, desired, values={"client_id": CLIENT, **values})
    assert (plan.changes, plan.reason != "", plan.skipped) == ((), True, False)
    assert plan.needs_you is not None
    return plan.needs_you


def test_an_administrator_is_told_how_to_consent() -> None:
    links = [how for _label, how in hints(NOT_GRANTED, host_name="factory.api.weu.digitaltwins.azure.us").how]
    url = urlsplit(links[0])
    assert (url.netloc, url.path) == ("login.example", f"/{TARGET.tenant}/v2.0/adminconsent")
    assert parse_qs(url.query) == {
        "client_id": [CLIENT],
        "scope": ["https://digitaltwins.azure.net/Read.Write"],
        "redirect_uri": ["http://localhost"],
    }
    assert "+" not in url.query
    assert links[1:] == [
        f"https://portal.example/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/CallAnAPI/appId/{CLIENT}",
        CONSENT_COMMAND,
    ]


def test_the_hints_make_do_with_what_is_known() -> None:
    without = replace(DESIRED, target=replace(TARGET, portal=""))
    links = [how for _label, how in hints(NOT_GRANTED, without).how]
    assert len(links) == 2
    unreadable, readable = ObservedConsent(is_readable=False), NOT_GRANTED
    assert hints(unreadable).what != hints(readable).what
    assert planned(unreadable).reason != planned(readable).reason


def test_without_an_application_nothing_is_planned() -> None:
    plan = planned(GRANTED, replace(GRANTING, left_out=True), "consent")
    assert (plan.changes, plan.skipped) == ((), True)


def test_destroy_revokes_our_consent_to_an_adopted_application() -> None:
    assert keys(removed(GRANTED, "consent", by_others=("adopted",))) == ["withdraw-consent"]


@pytest.mark.parametrize(
    ("observed", "owned", "by_others"),
    [
        (GRANTED, ("consent",), ("application",)),
        (GRANTED, (), ("adopted",)),
        (NOT_GRANTED, ("consent",), ("adopted",)),
    ],
)
def test_destroy_leaves_other_consent(
    observed: ObservedConsent, owned: tuple[str, ...], by_others: tuple[str, ...]
) -> None:
    plan = removed(observed, *owned, by_others=by_others)
    assert (plan.changes, plan.skipped) == ((), True)
    assert plan.vanished == (() if observed.is_granted else owned)
    assert removed(NOT_GRANTED).vanished == ()
    assert removed(GRANTED).reason != removed(NOT_GRANTED).reason


def test_destroy_does_not_forget_consent_that_it_may_not_read() -> None:
    plan = removed(ObservedConsent(is_readable=False), "consent", by_others=("adopted",))
    assert (plan.changes, plan.vanished) == ((), ())

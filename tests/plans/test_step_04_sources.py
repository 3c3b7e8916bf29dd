"""Only what comes from the state file is remembered, whatever other sources are called."""

from __future__ import annotations

import pytest

from engine.refusal import BadInput
from steps.step_04_app_registration.desired import desired_application, lookups
from tests.plans.facts import NAMES, TARGET, given, remembered


@pytest.mark.parametrize("source", ["--owner", "zone.yaml"])
def test_an_owner_that_is_given_now_is_looked_up(source: str) -> None:
    (lookup,) = lookups(given(source, owner=["bob@contoso.com"]))
    assert not lookup.remembered
    assert source in lookup.source  # it is told where the owner isn't found


@pytest.mark.parametrize("source", ["--secret-days", "zone.yaml"])
def test_details_of_a_secret_need_its_name(source: str) -> None:
    for inputs in (given(source, secret_days="30"), {**given(source, secret_days="30"), **remembered(secret="none")}):
        with pytest.raises(BadInput):
            desired_application(inputs, TARGET, NAMES)
    both = given(source, secret_days="30", secret="none")
    assert desired_application(both, TARGET, NAMES).secret is None


@pytest.mark.parametrize("name", ["aa", "zz"])
def test_a_secret_has_the_name_that_is_given(name: str) -> None:
    secret = desired_application(given(secret=name), TARGET, NAMES).secret
    assert secret
    assert secret.name == name

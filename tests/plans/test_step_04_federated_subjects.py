"""Federated credentials of one issuer and subject: Entra ID allows each pair once in an application."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.refusal import BadInput
from steps.step_04_app_registration.federation import plan_federated
from steps.step_04_app_registration.observed import FederatedCredential

MAIN = FederatedCredential("main", "https://issuer.example", "repo:main", ("api://x",))
TWIN = replace(MAIN, name="twin")


def keys(*present: FederatedCredential, desired: tuple[FederatedCredential, ...] = (MAIN,)) -> list[str]:
    return [change.key for change in plan_federated(present, (), desired, is_adopted=False).changes]


@pytest.mark.parametrize("subject", ["repo:a", "repo:z"])
def test_a_twin_is_found_behind_credentials_of_other_subjects(subject: str) -> None:
    assert keys(replace(MAIN, name="other", subject=subject), TWIN) == []
    assert keys(replace(MAIN, name="other", subject=subject)) == ["write-federated:main"]


@pytest.mark.parametrize("name", ["a", "z"])
def test_a_twin_counts_whatever_its_name(name: str) -> None:
    assert keys(replace(MAIN, name=name)) == []


@pytest.mark.parametrize("audience", ["api://a", "api://z"])
def test_a_twin_with_another_audience_is_refused(audience: str) -> None:
    with pytest.raises(BadInput):
        keys(replace(TWIN, audiences=(audience,)))


def test_a_credential_is_no_twin_of_itself() -> None:
    assert keys(replace(MAIN, audiences=("api://y",))) == ["write-federated:main"]


def test_those_behind_one_that_is_as_desired_are_written_too() -> None:
    other = replace(MAIN, name="other", subject="repo:other")
    assert keys(MAIN, desired=(MAIN, other)) == ["write-federated:other"]

"""Which roles allow what is asked for, by name."""

from __future__ import annotations

import pytest

from cloud.role_names import CONSENT, CREATE_APPLICATION, CREATE_PRINCIPAL, UPDATE_APPLICATION, enough, role_names


@pytest.mark.parametrize(
    ("action", "among", "not_among"),
    [
        ("Microsoft.Authorization/roleAssignments/write", "Role Based Access Control Administrator", "Contributor"),
        ("Microsoft.Resources/subscriptions/resourceGroups/write", "Contributor", "Data Owner"),
        ("Microsoft.DigitalTwins/eventroutes/write", "Azure Digital Twins Data Owner", "Contributor"),
        (CONSENT, "Privileged Role Administrator", "Developer"),
        (CREATE_APPLICATION, "Application Developer", "Privileged"),
        (CREATE_PRINCIPAL, "Cloud Application Administrator", "Developer"),
        (UPDATE_APPLICATION, "an owner of the application", "Developer"),
    ],
)
def test_an_action_is_allowed_by(action: str, among: str, not_among: str) -> None:
    names = role_names(action)
    assert among in names
    assert not_among not in names
    assert role_names(action.lower() if "Authorization" in action else action) == names


def test_the_last_of_several_comes_after_an_or() -> None:
    assert role_names("Microsoft.DigitalTwins/digitalTwinsInstances/write") == "Owner, or Contributor"


def test_a_choice_that_another_covers_is_not_named() -> None:
    create, assign = (
        "Microsoft.DigitalTwins/digitalTwinsInstances/write",
        "Microsoft.Authorization/roleAssignments/write",
    )
    narrow = role_names(CREATE_PRINCIPAL)
    assert enough([CREATE_APPLICATION, CREATE_PRINCIPAL, CONSENT, CREATE_PRINCIPAL]) == [narrow]
    assert enough([create, assign, CONSENT]) == [role_names(create), role_names(assign), role_names(CONSENT)]
    assert enough([]) == []

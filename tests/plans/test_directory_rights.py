"""What the plan foresees of rights in the directory."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.permissions import may_register, not_told_of
from cloud.role_names import CONSENT, CREATE_APPLICATION, CREATE_PRINCIPAL, DIRECTORY, UPDATE_APPLICATION

RIGHTS = [(action, DIRECTORY) for action in (CONSENT, CREATE_APPLICATION, CREATE_PRINCIPAL, UPDATE_APPLICATION)]
GLOBAL, DEVELOPER, PRIVILEGED = (
    "62e90394-69f5-4237-9190-012177145e10",
    "cf1c38e5-3621-4004-a7cb-879624dced7c",
    "e8611ab8-c189-46e8-94e1-60213ab1f814",
)
MEMBER, GUEST = {"userType": "Member"}, {"userType": "Guest"}
OPEN, SHUT = ({"defaultUserRolePermissions": {"allowedToCreateApps": allowed}} for allowed in (True, False))
AS_MEMBERS = {"guestUserRoleId": "a0b1b346-4d3e-4e8b-98f8-753987be4970"}


@pytest.mark.parametrize(
    ("claims", "lacking"),
    [
        ({"wids": [GLOBAL]}, []),
        ({"wids": [DEVELOPER]}, [CONSENT, CREATE_PRINCIPAL]),
        ({"wids": [PRIVILEGED]}, [CREATE_APPLICATION, CREATE_PRINCIPAL]),
        ({"wids": []}, [CONSENT, CREATE_APPLICATION, CREATE_PRINCIPAL]),
        ({}, []),  # silent
        ({"idtyp": "app", "roles": ["Directory.ReadWrite.All"]}, []),
        ({"idtyp": "app", "roles": ["Application.ReadWrite.OwnedBy"]}, [CONSENT]),
        ({"idtyp": "app"}, [CONSENT, CREATE_APPLICATION, CREATE_PRINCIPAL]),
    ],
)
def test_what_a_token_does_not_give_and_never_what_owners_may(claims: dict[str, Any], lacking: list[str]) -> None:
    assert [action for action, _ in not_told_of(claims, RIGHTS)] == lacking


@pytest.mark.parametrize(
    ("policy", "me", "may"),
    [
        (OPEN, MEMBER, True),
        (SHUT, MEMBER, False),
        (OPEN, GUEST, False),
        ({}, GUEST, False),
        (OPEN | AS_MEMBERS, GUEST, True),
        (SHUT | AS_MEMBERS, GUEST, False),
        ({}, {}, True),
        ({"defaultUserRolePermissions": None}, MEMBER, True),
    ],
)
def test_who_may_register_without_a_role(policy: dict[str, Any], me: dict[str, Any], may: bool) -> None:
    assert may_register(policy, me) is may

"""Permissions, tags and notes of an adopted application: what others set stays, whatever it sorts before or after."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.refusal import Refusal
from steps.shared.digital_twins_api import DIGITAL_TWINS, READ_WRITE
from steps.shared.tags import MARK
from steps.step_04_app_registration.adoption import chosen, is_adoptable
from steps.step_04_app_registration.settings import (
    NOTES,
    PERMISSION,
    differences,
    kept_notes,
    ownership,
    released_settings,
    with_read_write,
)
from tests.plans.applications import AS_DESIRED, CLIENT, FOREIGN, TAG
from tests.plans.settings_facts import ADOPTED, A, owning

OTHERS = [(api, (("some-role", "Role"),)) for api in ("00000003", "ffffffff")]
OURS = (DIGITAL_TWINS, ((READ_WRITE, "Scope"),))


@pytest.mark.parametrize("other", OTHERS)
def test_the_permissions_for_other_apis_stay(other: tuple[str, tuple[tuple[str, str], ...]]) -> None:
    present = replace(FOREIGN.settings, permissions=(other, OURS))
    assert with_read_write((other,)) == (other, OURS)
    assert released_settings(present, owning(PERMISSION.item(), tag=TAG)).permissions == (other,)
    assert len(kept_notes(replace(AS_DESIRED, permissions=(other, OURS)), ADOPTED)) == 1


@pytest.mark.parametrize("permission", ["00000000", "ffffffff"])
def test_other_permissions_for_digital_twins_stay(permission: str) -> None:
    access = (DIGITAL_TWINS, ((permission, "Role"), (READ_WRITE, "Scope")))
    left = released_settings(
        replace(FOREIGN.settings, permissions=(access,)), owning(PERMISSION.item(), tag=TAG)
    ).permissions
    assert left == ((DIGITAL_TWINS, ((permission, "Role"),)),)


@pytest.mark.parametrize("tag", ["aaa", "zzz"])
def test_others_tags_stay_when_an_application_is_released(tag: str) -> None:
    present = replace(FOREIGN.settings, tags=(tag, TAG))
    assert released_settings(present, owning(tag=TAG)).tags == (tag,)


@pytest.mark.parametrize("notes", ["a", "z"])
def test_notes_that_were_changed_since_stay(notes: str) -> None:
    present = replace(FOREIGN.settings, notes=notes)
    assert released_settings(present, owning(NOTES.item(), tag=TAG, notes="m")).notes == notes
    assert released_settings(present, owning(NOTES.item(), tag=TAG, notes=notes)).notes == ""
    assert released_settings(present, owning(tag=TAG, notes=notes)).notes == notes
    assert len(kept_notes(present, owning(tag=TAG, notes="m"))) == 1 + len(
        kept_notes(present, owning(tag=TAG, notes=notes))
    )


def test_reply_urls_of_a_single_page_application_that_are_ours_go() -> None:
    present = replace(FOREIGN.settings, spa=(A,))
    assert released_settings(present, owning(f"reply-url:spa:{A}", tag=TAG, spa_reply_urls=(A,))).spa == ()


@pytest.mark.parametrize("url", ["http://a", "http://z"])
def test_only_the_default_reply_url_goes_without_saying(url: str) -> None:
    (difference,) = differences(replace(AS_DESIRED, public=()), replace(AS_DESIRED, public=(url,)))
    assert not difference.implied


def test_a_permission_that_is_removed_does_not_go_without_saying() -> None:
    for others in ((), (OTHERS[0],), (OTHERS[1],)):
        (difference,) = differences(AS_DESIRED, replace(AS_DESIRED, permissions=others))
        assert not difference.implied
        assert ownership(AS_DESIRED, replace(AS_DESIRED, permissions=others))[1] == (PERMISSION.item(),)


@pytest.mark.parametrize("digits", ["0", "z"])
def test_an_application_of_another_deployment_is_not_adopted(digits: str) -> None:
    foreign = replace(FOREIGN, settings=replace(FOREIGN.settings, tags=(f"{MARK}:{digits}",)))
    assert not is_adoptable(foreign, TAG)


@pytest.mark.parametrize("client_id", ["0", "z"])
def test_a_second_application_is_not_adopted(client_id: str) -> None:
    own = replace(FOREIGN, client_id=client_id)
    with pytest.raises(Refusal):
        chosen(CLIENT, FOREIGN, own, "")
    assert chosen(CLIENT, FOREIGN, FOREIGN, "") == FOREIGN

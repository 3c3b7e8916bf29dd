"""An adopted application that lost what it needs."""

from __future__ import annotations

from dataclasses import replace

from cloud.role_names import DIRECTORY, UPDATE_APPLICATION
from engine.change import Right
from tests.plans.app_registration_facts import ADOPTION, PATH, planned
from tests.plans.applications import ADOPTED_AS_DESIRED, OBJECT, observed


def test_it_is_changed_by_its_object_id() -> None:
    bare = replace(ADOPTED_AS_DESIRED, settings=replace(ADOPTED_AS_DESIRED.settings, public=()))
    (update,) = planned(observed(bare), recorded=ADOPTION).changes
    assert update.key == "update-application"
    assert f"{PATH}/{OBJECT} " in update.az()
    assert update.rights == (Right(UPDATE_APPLICATION, DIRECTORY),)
    assert [one.before for one in update.differences] == [""]

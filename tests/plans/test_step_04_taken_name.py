"""A deleted application still has the name of the one that is to be created."""

from __future__ import annotations

import pytest

from steps.step_04_app_registration.changes import CreateApplication
from steps.step_04_app_registration.observed import BinView
from tests.plans.app_registration_facts import planned
from tests.plans.applications import observed


@pytest.mark.parametrize(("view", "exit_code"), [("all", 1), ("owned", 3), ("nothing", 3)])
def test_another_run_restores_it_unless_only_an_administrator_may(view: BinView, exit_code: int) -> None:
    create = planned(observed(bin_view=view)).changes[0]
    assert isinstance(create, CreateApplication)
    refusal = create.name_taken("uniqueName is in use.", "request-1")
    assert (refusal.exit_code, refusal.request_id) == (exit_code, "request-1")
    assert "uniqueName is in use." in refusal.why

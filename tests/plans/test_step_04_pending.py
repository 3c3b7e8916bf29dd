"""A file of a secret that is both recorded and being changed counts once."""

from __future__ import annotations

from steps.step_04_app_registration.secrets import recorded_files
from tests.plans.facts import record
from tests.plans.secret_facts import FILE_ITEM


def test_a_file_counts_that_is_recorded_and_being_changed() -> None:
    assert recorded_files(record(FILE_ITEM, pending=(FILE_ITEM,))).keys() == {FILE_ITEM}

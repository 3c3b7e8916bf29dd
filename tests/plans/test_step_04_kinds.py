"""What the app registration records, and which of its inputs are kept as they were typed."""

from __future__ import annotations

from steps.shared.applications import ADOPTED, APPLICATION
from steps.step_04_app_registration.inputs import INPUTS
from steps.step_04_app_registration.recycle_bin import DELETED, PRINCIPAL, RECYCLED
from steps.step_04_app_registration.settings import APP_TAG, NOTES, PERMISSION, REPLY_URL


def test_what_is_added_to_an_application_and_what_was_deleted_are_not_counted_as_created() -> None:
    kinds = (APPLICATION, ADOPTED, PRINCIPAL, REPLY_URL, APP_TAG, NOTES, PERMISSION, DELETED, RECYCLED)
    assert [kind for kind in kinds if not kind.is_setting] == [APPLICATION, ADOPTED, PRINCIPAL]


def test_the_name_and_the_notes_are_taken_as_they_were_typed() -> None:
    assert {"app_name", "notes"} <= {row.name for row in INPUTS if row.verbatim}

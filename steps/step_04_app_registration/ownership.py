"""What marks say of whose an application and its service principal are. Pure."""

from __future__ import annotations

from engine.record import Record
from steps.shared.applications import ADOPTED, APPLICATION
from steps.shared.tags import MARK
from steps.step_04_app_registration.observed import Registration
from steps.step_04_app_registration.recycle_bin import PRINCIPAL


def has_marked_principal(found: Registration) -> bool:
    """Whether the service principal itself has our mark: the application's tags appear on it too, and prove nothing.

    Source: `tags` of the application resource type in the Microsoft Graph reference.
    """
    return found.principal is not None and MARK in {*found.principal.tags} - {*found.settings.tags}


def marked_only(found: Registration, tag: str, record: Record) -> tuple[str, ...]:
    """Return what our marks say that this tool created or adopted, and isn't recorded. `tag` is an adopted one's."""
    kind = ADOPTED if tag else APPLICATION
    marks = {
        kind.item(): (tag or MARK) in found.settings.tags,
        PRINCIPAL.item(): has_marked_principal(found),
    }
    return tuple(item for item, is_marked in marks.items() if is_marked and item not in record.owned)


def retained(found: Registration, record: Record, item: str, mark: str) -> tuple[str, ...]:
    """Say of an application that is recorded as ours, and no longer tagged as ours, why it is left as it is."""
    if item not in record.owned:
        return ()
    return (f"Application {found.settings.name} ({found.client_id}): its tag {mark} is gone.",)

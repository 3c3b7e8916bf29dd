"""Facts of the app registration: applications, secrets, and what is desired of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from engine.step import Plan
from steps.shared.applications import ServicePrincipal, unique_name
from steps.shared.digital_twins_api import DIGITAL_TWINS, READ_WRITE
from steps.shared.tags import MARK
from steps.step_04_app_registration.adoption import adoption_tag
from steps.step_04_app_registration.desired import SINGLE, DesiredApplication, Secret
from steps.step_04_app_registration.observed import (
    BinView,
    ObservedApplication,
    Password,
    Registration,
    SecretFiles,
    Settings,
)
from steps.step_04_app_registration.secret_changes import label
from tests.plans.facts import ADA, TARGET

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NAME = "factory-app"
CLIENT = "c11e0000-0000-0000-0000-000000000000"
OBJECT = "0b1ec700-0000-0000-0000-000000000000"
UNIQUE = unique_name(TARGET.instance_id)
TAG = adoption_tag(TARGET.instance_id)
READ_WRITE_ACCESS = ((DIGITAL_TWINS, ((READ_WRITE, "Scope"),)),)
OUR_PRINCIPAL = ServicePrincipal("5e7f1c00", (MARK,))

AS_DESIRED = Settings(
    name=NAME, audience=SINGLE, public=("http://localhost",), tags=(MARK,), permissions=READ_WRITE_ACCESS
)
DESIRED = DesiredApplication(TARGET, NAME, signed_in=ADA.object_id)
OURS = Registration(CLIENT, OBJECT, UNIQUE, AS_DESIRED, principal=OUR_PRINCIPAL)
FOREIGN = Registration(
    CLIENT,
    OBJECT,
    "",
    Settings(name="portal", audience="AzureADMultipleOrgs", web=("https://portal.example/",), tags=("theirs",)),
    principal=ServicePrincipal("5e7f1c00"),
)
ADOPTED_AS_DESIRED = replace(
    FOREIGN,
    settings=replace(
        FOREIGN.settings, public=("http://localhost",), tags=("theirs", TAG), permissions=READ_WRITE_ACCESS
    ),
)
FILE = "/state/ci.secret"
SECRET = Secret("ci", 180, FILE)


def observed(
    existing: Registration | None = None,
    *,
    passwords: tuple[Password, ...] = (),
    files: SecretFiles | None = None,
    deleted: Registration | None = None,
    bin_view: BinView = "all",
    namesakes: tuple[Registration, ...] = (),
) -> ObservedApplication:
    """What was observed; the passwords are those of the application."""
    if existing and passwords:
        existing = replace(existing, passwords=passwords)
    return ObservedApplication(
        NOW, files or SecretFiles(), existing, deleted=deleted, bin_view=bin_view, namesakes=namesakes
    )


def password(
    number: int = 1, *, name: str = "ci", key_id: str = "", days: int = 100, lasts: int = 180, hint: str = "abc"
) -> Password:
    """A secret of ours that ends in so many days."""
    ends = NOW + timedelta(days=days)
    return Password(key_id or f"key-{number}", label(name, number), ends, ends - timedelta(days=lasts), hint)


def everything(plan: Plan) -> tuple[object, ...]:
    """All of a plan but its words."""
    return (
        [(change.key, change.drift, change.owns, change.releases) for change in plan.changes],
        plan.values,
        plan.vanished,
        plan.adoptable,
        plan.skipped,
    )

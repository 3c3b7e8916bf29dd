"""Facts that the tests of the plans of client secrets and of the files that hold them share."""

from __future__ import annotations

from dataclasses import replace

from engine.record import Record
from steps.step_04_app_registration.desired import Secret
from steps.step_04_app_registration.observed import Password, SecretFiles
from steps.step_04_app_registration.partial_plan import PartialPlan
from steps.step_04_app_registration.secret_plan import plan_secrets
from steps.step_04_app_registration.secrets import secrets_of
from tests.plans.applications import CLIENT, FILE, OURS, SECRET, observed
from tests.plans.facts import record

ITEM, FILE_ITEM = "secret:ci:1", f"secret-file:ci:1:{FILE}"
VALUES = {"secret_key_id": "key-1", "secret_file": FILE}
AS_WRITTEN = SecretFiles(hint="abc", as_written={FILE: True})
NONE = SecretFiles(exists=False)
OWNED = record(ITEM, FILE_ITEM)
PRINTED = replace(SECRET, file="-")
ROTATE = replace(SECRET, rotate=True)


def planned(
    *passwords: Password,
    desired: Secret | None = SECRET,
    files: SecretFiles = AS_WRITTEN,
    recorded: Record = OWNED,
    values: dict[str, str] | None = None,
    client_id: str = CLIENT,
) -> PartialPlan:
    facts = observed(OURS, passwords=passwords, files=files)
    return plan_secrets(secrets_of(facts, recorded, VALUES if values is None else values, client_id), desired)


def keys(plan: PartialPlan) -> list[str]:
    return [change.key for change in (*plan.first, *plan.changes)]


CREATING = Record(pending=frozenset((ITEM, FILE_ITEM)), in_progress="create-secret:ci:1")

"""Facts that the tests of the plans of the app registration as a whole share."""

from __future__ import annotations

import json
from dataclasses import replace

from engine.change import AnyChange
from engine.context import Removal
from engine.record import Record
from engine.step import Plan
from steps.shared.applications import ServicePrincipal
from steps.shared.tags import MARK
from steps.step_04_app_registration.desired import DesiredApplication
from steps.step_04_app_registration.observed import (
    ObservedApplication,
)
from steps.step_04_app_registration.step import STEP
from tests.plans.applications import (
    ADOPTED_AS_DESIRED,
    CLIENT,
    DESIRED,
    FILE,
    NAME,
    OBJECT,
)
from tests.plans.facts import BOB, NOTHING_RECORDED, TARGET, record

URLS = "reply-url:public:http://localhost"
RECORDED = record("application", "service-principal", URLS, "permission")
ADOPTION = record("adopted", URLS, "permission")
PRINCIPAL_ID = "5e7f1c00"
VALUES = {
    "app_name": NAME,
    "client_id": CLIENT,
    "application_object_id": OBJECT,
    "service_principal_id": PRINCIPAL_ID,
}
CREATION = ["create-application", "create-service-principal"]
PATH = f"{TARGET.graph}/v1.0/applications"


def planned(
    facts: ObservedApplication | None,
    desired: DesiredApplication = DESIRED,
    recorded: Record = NOTHING_RECORDED,
    values: dict[str, str] | None = None,
    answers: dict[str, bool] | None = None,
) -> Plan:
    return STEP.plan(facts, desired, recorded, values or {}, answers or {})


def removed(
    facts: ObservedApplication | None,
    recorded: Record = RECORDED,
    *,
    purge: bool = False,
    desired: DesiredApplication = DESIRED,
) -> Plan:
    return STEP.remove(facts, desired, recorded, VALUES, Removal(purge=purge))


def body(change: AnyChange) -> object:
    (words,) = [command.words for command in change.commands() if "--body" in command.words]
    return json.loads(str(words[words.index("--body") + 1]))


PRINCIPAL = ServicePrincipal(PRINCIPAL_ID, (MARK,))
ADOPTED = replace(ADOPTED_AS_DESIRED, principal=PRINCIPAL)
ADOPTED_ALL = record(
    *("adopted", "service-principal", URLS, "permission", "secret:ci:1", f"secret-file:ci:1:{FILE}"),
    *("federated:gh", f"owner:{BOB.object_id}", 'before:audience:"AzureADMyOrg"'),
)

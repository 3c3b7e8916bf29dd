"""The numbered steps, in order. Each is three functions: observe (read-only), plan (pure), apply (one write)."""

from __future__ import annotations

from steps import (
    step_01_resource_group,
    step_02_instance,
    step_03_role,
    step_04_app_registration,
    step_05_consent_hints,
    step_06_destination_roles,
    step_07_endpoints,
    step_08_routes,
    step_09_app_role,
)
from steps.model import Step

STEPS: tuple[Step, ...] = (
    step_01_resource_group.STEP,
    step_02_instance.STEP,
    step_03_role.STEP,
    step_04_app_registration.STEP,
    step_06_destination_roles.STEP,
    step_07_endpoints.STEP,
    step_08_routes.STEP,
    step_09_app_role.STEP,
    step_05_consent_hints.STEP,
)

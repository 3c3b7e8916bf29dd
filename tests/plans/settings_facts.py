"""Facts that the tests of the settings of the app registration share."""

from __future__ import annotations

from dataclasses import replace

from steps.step_04_app_registration.observed import Settings
from steps.step_04_app_registration.settings import (
    Rules,
    differences,
)
from tests.plans.applications import DESIRED, TAG

A, B = "https://a.example/", "https://b.example/"
OWN, ADOPTED = Rules(DESIRED, frozenset()), Rules(DESIRED, frozenset(), TAG)


def owning(*owned: str, tag: str = "", **desired: object) -> Rules:
    return Rules(replace(DESIRED, **desired), frozenset(owned), tag)  # type: ignore[arg-type]


def words(before: Settings, after: Settings) -> int:
    return len(differences(before, after))

"""The fixtures of the test kit, a plugin of pytest."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest


class EnvironmentVariables:
    """The settings of the tests."""

    def sanitize_batch(self, values: Mapping[str, str]) -> None:
        """Nothing is recorded, so nothing is replaced."""

    def get(self, name: str) -> str:
        """Return a setting."""
        return os.environ[name]


@pytest.fixture(scope="session")
def test_proxy() -> None:
    """Record nothing."""


@pytest.fixture(scope="session")
def environment_variables() -> EnvironmentVariables:
    """Return the settings."""
    return EnvironmentVariables()


@pytest.fixture
def recorded_test() -> None:
    """Record nothing."""

"""What Microsoft's live tests use of `devtools_testutils`, which is not published: always live, nothing recorded.

Names and behaviour are those that the tests show. The environment says which identity signs in.
"""

from __future__ import annotations

import asyncio
import functools
import os
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from azure.identity import DefaultAzureCredential
from azure.identity.aio import DefaultAzureCredential as AsyncDefaultAzureCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from .fixtures import test_proxy
from .sanitizers import (
    add_body_key_sanitizer,
    add_general_regex_sanitizer,
    add_header_regex_sanitizer,
)

__all__ = [
    "AzureMgmtRecordedTestCase",
    "AzureRecordedTestCase",
    "RandomNameResourceGroupPreparer",
    "ResourceGroupPreparer",
    "add_body_key_sanitizer",
    "add_general_regex_sanitizer",
    "add_header_regex_sanitizer",
    "recorded_by_proxy",
    "test_proxy",
]


class AzureRecordedTestCase:
    """Base of the tests of a data plane."""

    is_live = True

    def get_credential(self, *_: Any, is_async: bool = False) -> Any:
        """Return a credential for the environment."""
        return AsyncDefaultAzureCredential() if is_async else DefaultAzureCredential()

    def create_client_from_credential(self, client_class: Any, credential: Any, **kwargs: Any) -> Any:
        """Return a client with `credential`."""
        return client_class(credential=credential, **kwargs)

    def create_random_name(self, name: str) -> str:
        """Return a name that begins with `name`."""
        return f"{name}{uuid.uuid4().hex[:12]}"


class AzureMgmtRecordedTestCase(AzureRecordedTestCase):
    """Base of the tests of Resource Manager."""

    def create_mgmt_client(self, client_class: Any, is_async: bool = False, **kwargs: Any) -> Any:
        """Return a client for the subscription."""
        credential = self.get_credential(is_async=is_async)
        return client_class(credential, os.environ["AZURE_SUBSCRIPTION_ID"], **kwargs)

    def get_settings_value(self, key: str) -> str:
        """Return a setting of the environment."""
        return os.environ[f"AZURE_{key}"]

    def get_resource_name(self, name: str) -> str:
        """Return a name for a resource."""
        return self.create_random_name(name)


def recorded_by_proxy(test: Callable[..., Any]) -> Callable[..., Any]:
    """Return the test as it is."""
    return test


class RandomNameResourceGroupPreparer:
    """Gives a test a new resource group, and deletes it afterwards."""

    def __init__(self, *, location: str) -> None:
        self._location = location

    def __call__(self, test: Callable[..., Any]) -> Callable[..., Any]:
        """Return the test without the parameter `resource_group`."""

        def run(case: AzureMgmtRecordedTestCase) -> None:
            groups = case.create_mgmt_client(ResourceManagementClient).resource_groups
            name = case.create_random_name("rg")
            groups.create_or_update(name, {"location": self._location})
            try:
                outcome = test(case, resource_group=SimpleNamespace(name=name))
                if asyncio.iscoroutine(outcome):
                    asyncio.run(outcome)
            finally:
                groups.begin_delete(name).result()

        functools.update_wrapper(run, test)
        del run.__wrapped__  # type: ignore[attr-defined]  # pytest would ask it for parameters
        return run


ResourceGroupPreparer = RandomNameResourceGroupPreparer

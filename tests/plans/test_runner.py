"""The sign-in that a CI's runner gives to a job, by its environment. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.runner import EXCHANGE, GITHUB, PIPELINES, find_runner, lacking, ran_out

IDS = {"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t"}
ACTIONS = {
    "GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://g/idtoken?api-version=2.0",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s",
}  # fmt: skip
TASK = {
    "TF_BUILD": "True", "SYSTEM_OIDCREQUESTURI": "https://p/oidctoken/", "SYSTEM_ACCESSTOKEN": "s",
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "id", "AZURESUBSCRIPTION_CLIENT_ID": "c",
    "AZURESUBSCRIPTION_TENANT_ID": "t",
}  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "kind", "url"),
    [
        ({**IDS, **ACTIONS}, GITHUB, f"https://g/idtoken?api-version=2.0&audience={EXCHANGE}"),
        ({**IDS, **ACTIONS, "ACTIONS_ID_TOKEN_REQUEST_URL": "https://g"}, GITHUB, f"https://g?audience={EXCHANGE}"),
        ({**IDS, **ACTIONS, "AZURE_TENANT_ID": ' "t"\r'}, GITHUB, f"https://g/idtoken?api-version=2.0&audience={EXCHANGE}"),
        ({**IDS, **ACTIONS, "AZURE_TOKEN_CREDENTIALS": "Prod", "AZURE_CLIENT_SECRET": ""}, GITHUB,
         f"https://g/idtoken?api-version=2.0&audience={EXCHANGE}"),
        (TASK, PIPELINES, "https://p/oidctoken?api-version=7.1&serviceConnectionId=id"),
        ({**TASK, "AZURE_CLIENT_ID": "c", "AZURESUBSCRIPTION_CLIENT_ID": "other"}, PIPELINES,
         "https://p/oidctoken?api-version=7.1&serviceConnectionId=id"),
    ],
)  # fmt: skip
def test_the_runner_is_asked_where_all_of_it_is_there(environment: dict[str, str], kind: str, url: str) -> None:
    found = find_runner(environment, EXCHANGE)
    assert found is not None
    assert (found.kind, found.url, found.client, found.tenant, found.token) == (kind, url, "c", "t", "s")
    assert "'s'" not in repr(found)
    assert lacking(environment) == ""


@pytest.mark.parametrize("complete", [{**IDS, **ACTIONS}, TASK])
def test_each_part_is_needed_and_its_absence_told(complete: dict[str, str]) -> None:
    told: dict[str, Any] = {}
    for name in complete.keys() - {"GITHUB_ACTIONS", "TF_BUILD", "SYSTEM_OIDCREQUESTURI"}:
        without = complete | {name: " "}
        assert find_runner(without, EXCHANGE) is None
        told[name] = lacking(without)
    assert all(told.values())
    assert "id-token: write" in told.get("ACTIONS_ID_TOKEN_REQUEST_URL", "id-token: write")
    assert "SYSTEM_ACCESSTOKEN" in told.get("SYSTEM_ACCESSTOKEN", "SYSTEM_ACCESSTOKEN")
    assert (
        lacking({name: value for name, value in complete.items() if name not in ("GITHUB_ACTIONS", "TF_BUILD")}) == ""
    )


@pytest.mark.parametrize(
    "other",
    [
        {"AZURE_CLIENT_SECRET": "x"}, {"AZURE_CLIENT_CERTIFICATE_PATH": "x"}, {"AZURE_FEDERATED_TOKEN_FILE": "x"},
        {"AZURE_TOKEN_CREDENTIALS": "AzureCliCredential"}, {"AZURE_TOKEN_CREDENTIALS": "dev"},
        {"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"},
    ],
)  # fmt: skip
def test_another_sign_in_that_was_chosen_is_taken(other: dict[str, str]) -> None:
    assert find_runner({**IDS, **ACTIONS, **other}, EXCHANGE) is None
    assert find_runner({**TASK, **other}, EXCHANGE) is None


def test_the_assertion_that_az_keeps_runs_out() -> None:
    assert "id-token: write" in ran_out({**IDS, "GITHUB_ACTIONS": "true"})
    assert "SYSTEM_ACCESSTOKEN" in ran_out({**TASK, "SYSTEM_ACCESSTOKEN": ""})
    assert "AZURE_TOKEN_CREDENTIALS" in ran_out({**IDS, **ACTIONS, "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential"})

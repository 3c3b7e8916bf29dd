"""Half a service principal in the environment."""

from __future__ import annotations

import pytest

from cloud.service_principal import refuse_half
from engine.refusal import BadInput

ID, TENANT, SECRET = "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"
CERTIFICATE, TOKEN, CHOICE = "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_TOKEN_CREDENTIALS"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {TENANT: "t"},
        {ID: "i"},
        {ID: "i", TENANT: "t"},
        {ID: "i", TENANT: "t", SECRET: "s"},
        {ID: "i", TENANT: "t", SECRET: "s", CERTIFICATE: ""},
        {ID: "i", TENANT: "t", TOKEN: "/token"},
        {ID: "", TENANT: "", SECRET: ""},
        {SECRET: "s", CHOICE: "AzureCliCredential"},
        {SECRET: "s", CHOICE: "dev"},
        {ID: "i", TENANT: "", SECRET: "", CHOICE: "ManagedIdentityCredential"},
    ],
)
def test_a_whole_one_or_none(environment: dict[str, str]) -> None:
    refuse_half(environment)


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({SECRET: "s"}, [ID, TENANT]),
        ({SECRET: "s", ID: " "}, [ID, TENANT]),
        ({ID: "i", SECRET: "s"}, [TENANT]),
        ({TENANT: "t", CERTIFICATE: "c"}, [ID]),
        ({ID: "i", TENANT: "t", SECRET: ""}, [SECRET]),
        ({ID: "i", SECRET: "", CHOICE: "prod"}, [TENANT, SECRET]),
        ({ID: "i", SECRET: "s", CHOICE: "ManagedIdentityCredential"}, [TENANT]),
    ],
)
def test_half_of_one_is_told_at_once(environment: dict[str, str], missing: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        refuse_half(environment)
    there, _, lacks = caught.value.why.partition("set;")
    assert [name for name in (ID, TENANT, SECRET, CERTIFICATE) if name in lacks] == missing
    assert [name for name in environment if name in there] == [
        name for name in environment if name not in missing and name != CHOICE
    ]

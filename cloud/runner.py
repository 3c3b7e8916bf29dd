"""What a CI's runner gives to a job that has no secret: where it can ask for a signed statement of who it is. Pure.

Sources: "OpenID Connect reference" in the GitHub documentation; "Oidctoken - Create" in the REST reference of Azure
DevOps, and AzurePipelinesCredential in the documentation of azure-identity, for what the Azure tasks set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud.identifiers import pasted
from cloud.service_principal import PROOFS

GITHUB, PIPELINES = "GitHubActionsCredential", "AzurePipelinesCredential"
"""The sign-ins of the two CIs, named as azure-identity names its credentials."""

EXCHANGES = {
    # Source: "Workload identity federation" in the Microsoft Entra documentation, by the clouds' names for themselves.
    "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
    "AzureChinaCloud": "api://AzureADTokenExchangeChina",
}
"""The audience of a federated token, where it isn't EXCHANGE."""
EXCHANGE = "api://AzureADTokenExchange"

_CHOSEN = ("", "prod", "workloadidentitycredential")
"""Values of AZURE_TOKEN_CREDENTIALS with which a workload identity may sign in."""
PERMISSION = (
    "Give the job the permission to ask GitHub for a token, in the workflow:\n"
    "permissions:\n  id-token: write\n  contents: read\n"
    "A pull request from a fork gets no token, whatever the workflow says."
)
MAPPED = "env:\n  SYSTEM_ACCESSTOKEN: $(System.AccessToken)"
"""Azure Pipelines gives a script its token only where the step says so."""


@dataclass(frozen=True)
class Runner:
    """How to ask this runner for an assertion, and as whom it signs in."""

    kind: str
    """GITHUB or PIPELINES."""
    tenant: str
    client: str
    """The client id of the application that trusts the runner's issuer."""
    method: str
    url: str
    answer: str
    """The key of the answer that the assertion is at."""
    token: str = field(repr=False)
    """The bearer token of the request. A secret."""


def find_runner(environment: Mapping[str, str], audience: str) -> Runner | None:
    """Return the runner's own sign-in, where all of it is there and no other proof of a service principal is.

    `audience` is what Entra ID expects; Azure Pipelines knows it by itself.
    """
    found = {name: value.strip() for name, value in environment.items()}
    if found.get("AZURE_TOKEN_CREDENTIALS", "").lower() not in _CHOSEN or any(found.get(name) for name in PROOFS):
        return None
    client, tenant = (_id(found, name) for name in ("CLIENT_ID", "TENANT_ID"))
    url, token = (found.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}") for name in ("URL", "TOKEN"))
    if client and tenant and url and token:
        glue = "&" if "?" in url else "?"
        return Runner(GITHUB, tenant, client, "GET", f"{url}{glue}audience={audience}", "value", token)
    url, token, connection = (found.get(name) for name in _PIPELINES)
    if client and tenant and url and token and connection:
        asked = f"{url.rstrip('/')}?api-version=7.1&serviceConnectionId={connection}"
        return Runner(PIPELINES, tenant, client, "POST", asked, "oidcToken", token)
    return None


_PIPELINES = ("SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID")


def lacking(environment: Mapping[str, str]) -> str:
    """Return what this job needs to sign in by its runner; "" outside of the two CIs, or when nothing is missing."""
    found = {name: value.strip() for name, value in environment.items()}
    if any(found.get(name) for name in PROOFS):
        return ""
    ids = [f"AZURE_{name}" for name in ("CLIENT_ID", "TENANT_ID") if not _id(found, name)]
    missing = f"Set {' and '.join(ids)} for this step: the application's, which are no secrets." if ids else ""
    if found.get("GITHUB_ACTIONS") == "true":
        asks = found.get("ACTIONS_ID_TOKEN_REQUEST_URL") and found.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
        return "\n".join(filter(None, (missing, "" if asks else PERMISSION)))
    if found.get("TF_BUILD", "").lower() == "true":
        access = "" if found.get("SYSTEM_ACCESSTOKEN") else f"Hand the job's token to the step:\n{MAPPED}"
        connection = (
            ""
            if found.get("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID")
            else "Run deploy.py in the task AzureCLI@2, which names the service connection, or set "
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID to its id."
        )
        return "\n".join(filter(None, (missing, access, connection)))
    return ""


def ran_out(environment: Mapping[str, str]) -> str:
    """Return what to do where az, signed in by a CI's assertion, can get no more tokens with it (AADSTS700024)."""
    why = (
        "az was signed in with an assertion of the CI, which lasts minutes, keeps it, and can't ask for another: it "
        "ran out. deploy.py asks the runner for a fresh one for each token where it can"
    )
    if lack := lacking(environment):
        return f"{why}. For that:\n{lack}\nOr sign az in again right before this step."
    return f"{why}: leave AZURE_TOKEN_CREDENTIALS away. Or sign az in again right before this step."


def _id(environment: Mapping[str, str], name: str) -> str:
    """Return an id that the user has given, else the service connection's, which the Azure tasks set."""
    given = environment.get(f"AZURE_{name}") or environment.get(f"AZURESUBSCRIPTION_{name}") or ""
    return pasted(given)

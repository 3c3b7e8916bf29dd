"""The environment variables with which a program is signed in to this embedded Azure and to no other Azure.

They override the caller's. azure-identity does not treat an empty `AZURE_CLIENT_ID`, `AZURE_TENANT_ID` and
`AZURE_CLIENT_SECRET` as unset: it would refuse to start. So `AZURE_TOKEN_CREDENTIALS` names the credential to use. For
the same reason `AZURE_AUTHORITY_HOST` has its usual value and not an empty one. MSAL, which asks a machine's metadata
service, takes empty ones as set too: of each pair that would lead it elsewhere one is left out then.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emulator import seed

_OTHER_CREDENTIALS = (
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",
    "AZURE_USERNAME",
    "AZURE_PASSWORD",
    "AZURE_FEDERATED_TOKEN_FILE",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "SYSTEM_OIDCREQUESTURI",
    "SYSTEM_ACCESSTOKEN",
    "AZURESUBSCRIPTION_CLIENT_ID",
    "AZURESUBSCRIPTION_TENANT_ID",
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
)
_NOT_ON_A_MACHINE = ("IDENTITY_HEADER", "IMDS_ENDPOINT", "MSI_SECRET")
_LOOPBACK = "127.0.0.1,localhost"


@dataclass(frozen=True)
class Secret:
    """A service principal's client id and secret."""

    client_id: str
    client_secret: str


@dataclass(frozen=True)
class Machine:
    """The origin of a virtual machine's metadata service, and the client id of the identity to ask for, or ""."""

    origin: str
    client_id: str


def environment(proxy: str, bundle: Path, identity: str | Secret | Machine) -> dict[str, str]:
    """Return the variables; `identity` is a Cloud Shell endpoint's URL, a service principal's secret or a machine."""
    trust = str(bundle)
    variables = dict.fromkeys(_OTHER_CREDENTIALS, "")
    for name, value in {
        "HTTPS_PROXY": proxy,
        "HTTP_PROXY": proxy,  # plain http goes to the proxy too, which refuses it
        "ALL_PROXY": "",
        "NO_PROXY": _LOOPBACK,
    }.items():
        variables |= {name: value, name.lower(): value}
    variables |= {
        "REQUESTS_CA_BUNDLE": trust,
        "CURL_CA_BUNDLE": trust,
        "SSL_CERT_FILE": trust,
        "NODE_EXTRA_CA_CERTS": trust,
        "NODE_USE_ENV_PROXY": "1",  # node's own fetch, with which the Graph client asks, reads no proxy without it
        "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/",
    }
    if isinstance(identity, Secret):
        return variables | {
            "AZURE_CLIENT_ID": identity.client_id,
            "AZURE_CLIENT_SECRET": identity.client_secret,
            "AZURE_TENANT_ID": seed.TENANT,
            "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
        }
    if isinstance(identity, Machine):
        on_machine = {name: value for name, value in variables.items() if name not in _NOT_ON_A_MACHINE}
        return on_machine | {
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": identity.origin,
            "AZURE_CLIENT_ID": identity.client_id,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        }
    return variables | {"MSI_ENDPOINT": identity, "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"}
